"""The operators' page that tries an activity: what it would earn, why, and what it would count for a tier."""

from collections import Counter
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from activities.admin.activity_panels import trace_panel
from activities.admin.simulation_form import SimulationForm
from activities.models import CreditBasis
from activities.selectors.tier_progress import tier_progress
from activities.selectors.tier_words import credits_in_words
from activities.services.simulating import Simulated, simulate_activity
from common import clock
from common.admin import Panel
from common.errors import DomainError
from members.models import Member
from points.admin.acts import sent
from points.selectors.explaining.words import rule_told


def simulation_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """The form and, once it was sent, what would come of it. Nothing is stored."""
    if not request.user.has_perm("activities.view_activity"):
        raise PermissionDenied
    form = SimulationForm(sent(request))
    headline, panels = "", []
    if form.is_bound and form.is_valid():
        try:
            simulated = simulate_activity(
                unit=form.cleaned_data["unit"],
                report=form.report(),
                member=form.member,
                as_if=form.person(),
                at=clock.now(),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            headline, panels = _headline(simulated), _panels(simulated, form.member)
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": _("Try an activity"),
        "form": form,
        "headline": headline,
        "panels": panels,
    }
    return TemplateResponse(request, "admin/activities/simulation.html", context)


def _headline(simulated: Simulated) -> str:
    totals: Counter[str] = Counter()
    for parcel in simulated.outcome.parcels:
        totals[parcel.label.partition(";")[0]] += parcel.points
    if not totals:
        return gettext("It would earn no points.")
    told = [
        gettext("%(points)s in %(program)s") % {"points": f"{points:,}", "program": program}
        for program, points in sorted(totals.items())
    ]
    return gettext("It would earn: %(points)s.") % {"points": ", ".join(told)}


def _panels(simulated: Simulated, member: Member | None) -> list[Panel]:
    return [
        Panel(
            title=_("Points"),
            headers=[_("program"), _("points"), _("can be spent"), _("expires"), _("rule and version")],
            rows=[
                (
                    parcel.label.partition(";")[0],
                    f"{parcel.points:,}",
                    gettext("after %(days)s days") % {"days": parcel.pending_days}
                    if parcel.pending_days
                    else gettext("at once"),
                    gettext("after %(days)s days") % {"days": parcel.expires_after_days}
                    if parcel.expires_after_days
                    else gettext("as the program says"),
                    rule_told(parcel.rule),
                )
                for parcel in simulated.outcome.parcels
            ],
            right=frozenset({1}),
        ),
        trace_panel(
            gettext("Each rule that was looked at"),
            simulated.trace,
            note=gettext("Before rounding. The sum rounds down once; caps cut last."),
        ),
        _credits_panel(simulated, member),
    ]


def _credits_panel(simulated: Simulated, member: Member | None) -> Panel:
    total = sum(milli for _line, milli in simulated.credits)
    return Panel(
        title=_("Tier credits"),
        headers=[_("scheme"), _("for"), _("credits each"), _("credits")],
        rows=[
            (
                gettext("version %(version)s") % {"version": line.scheme},
                CreditBasis(line.basis).label,
                credits_in_words(line.milli),
                credits_in_words(milli),
            )
            for line, milli in simulated.credits
        ],
        note=_what_it_moves(total, member),
        right=frozenset({2, 3}),
    )


def _what_it_moves(milli: int, member: Member | None) -> str:
    """How far the next level would then be."""
    progress = tier_progress(member_id=member.pk, at=clock.now()) if member else None
    if progress is None or progress.next is None or not milli:
        return ""
    missing = max(0, progress.next.missing_milli - milli)
    if not missing:
        return gettext("Enough for %(tier)s, if it counts today.") % {"tier": progress.next.tier}
    return gettext("%(missing)s more would then be missing for %(tier)s.") % {
        "missing": credits_in_words(missing),
        "tier": progress.next.tier,
    }
