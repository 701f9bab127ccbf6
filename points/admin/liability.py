"""Finance's page: what outstanding points would cost at the end of any day, by program and issuing unit."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSingleDateWidget

from common.admin import Panel
from common.errors import DomainError
from points.admin.moments import moment
from points.selectors.as_of import LiabilityLine, liability_as_of
from points.selectors.seals import InstantYetToCome, database_now


class LiabilityForm(forms.Form):
    """A day; empty: now."""

    on = forms.DateField(
        label=_("At the end of"),
        required=False,
        widget=UnfoldAdminSingleDateWidget,
        help_text=_("As the books stood when that day ended. Empty: now."),
    )


def liability_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The form and, below it, a line a program and unit, then the totals."""
    if not request.user.has_perm("points.view_lot"):
        raise PermissionDenied
    # Bound also where nothing was asked: a refusal has its place beside a bound form only.
    form = LiabilityForm(request.GET)
    day = form.cleaned_data["on"] if form.is_valid() else None
    panels: list[Panel] = []
    if not form.errors:
        try:
            at = _instant(day)
            panels = _panels(at, liability_as_of(at=at))
        except DomainError as refusal:
            form.add_error(None, str(refusal))
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": _("Points liability"),
        "form": form,
        "panels": panels,
    }
    return TemplateResponse(request, "admin/points/liability.html", context)


def _instant(day: date | None) -> datetime:
    """The first instant after the local `day`, and no later than now: today is not over.

    :raises InstantYetToCome: a day to come; the last day of the calendar has no day after it
    """
    now = database_now()
    today = timezone.localdate(now)
    if day is None or day == today:
        return now
    if day > today:
        raise InstantYetToCome(now=now.isoformat())
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def _panels(at: datetime, lines: Sequence[LiabilityLine]) -> list[Panel]:
    totals: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0), Decimal(0), Decimal(0)])
    for line in lines:
        total = totals[line.program.currency]
        total[0] += line.points
        total[1] += line.cost
        total[2] += line.expired_points
        total[3] += line.expired_cost
    rows: list[Sequence[object]] = [
        (
            str(line.program),
            str(line.issuer),
            _count(line.points),
            _money(line.cost, line.program.currency),
            _count(line.expired_points),
            _money(line.expired_cost, line.program.currency),
        )
        for line in lines
    ]
    rows += [
        (gettext("total"), "", _count(points), _money(cost, currency), _count(dead), _money(lost, currency))
        for currency, (points, cost, dead, lost) in sorted(totals.items())
    ]
    return [
        Panel(
            title=gettext("As of %(time)s") % {"time": moment(at)},
            headers=[
                _("program"),
                _("issuing unit"),
                _("points"),
                _("cost"),
                _("expired, not yet swept"),
                _("their cost"),
            ],
            rows=rows,
            note=gettext(
                "Sum of what remained in each lot × the cost it was given with, as posted before that"
                " instant. Totals are rounded on this page only."
            ),
            right=frozenset({2, 3, 4, 5}),
        )
    ]


def _count(points: int | Decimal) -> str:
    return number_format(points, 0, force_grouping=True)


def _money(amount: Decimal, currency: str) -> str:
    return f"{number_format(amount, 2, force_grouping=True)} {currency}"
