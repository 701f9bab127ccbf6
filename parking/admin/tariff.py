"""Tariffs and relief terms: new versions are published, those in force are ended; what a stay would cost."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminSplitDateTimeVerticalWidget,
    UnfoldAdminTextareaWidget,
)

from common import clock
from common.admin import Panel, actor_of
from parking.models import ReliefTerms, Tariff
from parking.rules.fees import curve_of, money, whole_minutes
from parking.rules.rate_lines import BadTariff, from_kept, rates_of, text_of
from parking.selectors.fees import MINUTES_MAX, terms_of
from parking.selectors.words import told_fee_line, told_minutes
from parking.services.tariffs import end_version, publish_relief_terms, publish_tariff
from points.admin.acts import ActsAdmin, sent
from points.admin.periods import InForceFilter, PeriodAdmin, PeriodForm

_FIGURES = (
    *("free_minutes", "free_is_deducted", "daily_cap", "cap_period"),
    *("missing_entry_fee", "grace_minutes"),
)
_RELIEFS = (
    *("receipt_spend", "receipt_minutes", "receipt_minutes_max", "receipts_max", "vouchers_max"),
    *("free_minutes_entry_max", "free_minutes_plate_max", "free_minutes_member_max"),
    *("program", "points_per_unit", "points_max"),
)


class _VersionForm(PeriodForm):
    """A version succeeds the one in force: there is no gap and nothing to choose."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["is_successor"]
        if self.instance.pk is not None:
            for name in self.fields:
                self.fields[name].disabled = name != "ends_at"
            self.has_begun = True

    def clean(self) -> dict[str, Any]:
        """The predecessor gives way."""
        self.cleaned_data["is_successor"] = self.instance.pk is None
        return super().clean()

    def rivals(self, said: dict[str, Any]) -> QuerySet[Any]:
        """The versions of the same car park."""
        model: Any = self._meta.model
        rows: QuerySet[Any] = model.objects.filter(car_park=said["car_park"])
        return rows


class TariffForm(_VersionForm):
    """Rates as people write them."""

    rate_lines = forms.CharField(
        label=_("Rates"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "spellcheck": "false", "class": "font-mono"}),
        help_text=_(
            "A line a rate: days (every, workday, weekend), times of the day, from which charged minute of"
            ' the stay on, the block and its price. For example "every 08:00-22:00: 60 min 10.00" and'
            ' "every 08:00-22:00 after 60: 30 min 4.00". Every minute of the week has one rate.'
        ),
    )

    class Meta:
        model = Tariff
        fields = ("car_park", *_FIGURES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial["rate_lines"] = text_of(from_kept(self.instance.rates))

    def clean_rate_lines(self) -> str:
        """Refuse, beside the field, what cannot be read."""
        lines: str = self.cleaned_data["rate_lines"]
        try:
            rates_of(lines)
        except BadTariff as refusal:
            raise ValidationError(str(refusal)) from refusal
        return lines


class PreviewForm(forms.Form):
    """A stay."""

    entered_at = forms.SplitDateTimeField(label=_("Entered"), widget=UnfoldAdminSplitDateTimeVerticalWidget)
    exited_at = forms.SplitDateTimeField(label=_("Departed"), widget=UnfoldAdminSplitDateTimeVerticalWidget)

    def clean(self) -> dict[str, Any]:
        """In this order, and within a year."""
        said = super().clean() or {}
        start, end = said.get("entered_at"), said.get("exited_at")
        if start and end and not 0 <= whole_minutes(start, end) <= MINUTES_MAX:
            self.add_error("exited_at", _("A stay is a year at most."))
        if start and end and end < start:
            self.add_error("exited_at", _("The end must come after the start."))
        return said


@admin.register(Tariff)
class TariffAdmin(PeriodAdmin, ActsAdmin):
    """What a stay costs."""

    form = TariffForm
    list_display = ("version_told", "car_park", "state", "starts", "ends", "published_by")
    list_filter = (InForceFilter, "car_park")
    list_select_related = ("car_park",)
    ordering = ("car_park__code", "-version")
    actions_detail = ("preview",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "car_park",
                    "rate_lines",
                    ("free_minutes", "free_is_deducted"),
                    ("daily_cap", "cap_period"),
                    ("missing_entry_fee", "grace_minutes"),
                ),
                "description": _(
                    "The tariff in force when a car comes in holds for its whole stay. A new version ends the"
                    " one in force. A block that has begun is charged whole; seconds are not charged."
                ),
            },
        ),
        (_("in force"), {"fields": (("starts_at", "ends_at"),)}),
    )

    @display(description=_("version"))
    def version_told(self, row: Tariff) -> str:
        """v3."""
        return f"v{row.version}"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 -- Django's signature
        """Nobody: what was published may have been shown to drivers."""
        return False

    def has_preview_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may look at tariffs."""
        return bool(self.has_view_permission(request))

    def save_model(self, request: HttpRequest, obj: Tariff, form: Any, change: bool) -> None:  # noqa: FBT001 -- same
        """Publish a version, or end one."""
        said, by = form.cleaned_data, actor_of(request.user)
        if change:
            end_version(row=obj, ends_at=said["ends_at"], by=by, at=form.at)
            return
        made = publish_tariff(
            car_park=said["car_park"],
            rates=said["rate_lines"],
            starts_at=said["starts_at"],
            ends_at=said["ends_at"],
            by=by,
            at=form.at,
            **{name: said[name] for name in _FIGURES},
        )
        obj.pk, obj.during, obj.version, obj.rates = made.pk, made.during, made.version, made.rates

    @action(
        description=_("What a stay would cost"), url_path="preview", permissions=["preview"], icon="calculate"
    )
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The fee of a stay by this tariff, line by line. Writes nothing."""
        tariff = Tariff.objects.select_related("car_park__venue", "car_park__unit").get(pk=object_id)
        form = PreviewForm(sent(request), initial={"entered_at": clock.now(), "exited_at": clock.now()})
        panels = []
        if request.method == "POST" and form.is_valid():
            panels = [cost_panel(tariff, form.cleaned_data["entered_at"], form.cleaned_data["exited_at"])]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": text("What a stay would cost by %(tariff)s") % {"tariff": tariff},
            "form": form,
            "button": _("Show"),
            "panels": panels,
        }
        return TemplateResponse(request, "admin/points/act.html", context)


def cost_panel(tariff: Tariff, start: datetime, end: datetime) -> Panel:
    """The lines of a fee and their sum."""
    car_park = tariff.car_park
    minutes = whole_minutes(start, end)
    curve = curve_of(terms_of(tariff, car_park.venue.time_zone), start=start, minutes=minutes)
    rows: list[tuple[object, object]] = [
        (told_fee_line(line), f"{money(line.cents):,}") for line in curve.lines(minutes)
    ]
    rows.append((text("Total"), f"{money(curve.cents(minutes)):,} {car_park.unit.currency}"))
    return Panel(
        title=text("Fee for %(time)s") % {"time": told_minutes(minutes)},
        headers=[_("line"), _("amount")],
        rows=rows,
        note=text("Days and times of %(venue)s (%(zone)s).")
        % {"venue": car_park.venue.name, "zone": car_park.venue.time_zone},
        right=frozenset({1}),
    )


class ReliefTermsForm(_VersionForm):
    """What may pay besides money."""

    class Meta:
        model = ReliefTerms
        fields = ("car_park", *_RELIEFS)


@admin.register(ReliefTerms)
class ReliefTermsAdmin(PeriodAdmin):
    """What receipts free, how much may be free, what a yuan costs in points."""

    form = ReliefTermsForm
    list_display = ("version_told", "car_park", "state", "starts", "ends", "published_by")
    list_filter = (InForceFilter, "car_park")
    list_select_related = ("car_park",)
    ordering = ("car_park__code", "-version")
    fieldsets = (
        (
            None,
            {
                "fields": ("car_park",),
                "description": _(
                    "The terms in force when a stay is paid hold. Free hours of benefits and vouchers pay by"
                    " what they say themselves, within the limits here."
                ),
            },
        ),
        (
            _("Receipts of the day"),
            {"fields": (("receipt_spend", "receipt_minutes"), ("receipt_minutes_max", "receipts_max"))},
        ),
        (
            _("Limits"),
            {
                "fields": (
                    ("free_minutes_entry_max", "free_minutes_plate_max"),
                    ("free_minutes_member_max", "vouchers_max"),
                )
            },
        ),
        (_("Points"), {"fields": (("program", "points_per_unit"), "points_max")}),
        (_("in force"), {"fields": (("starts_at", "ends_at"),)}),
    )

    @display(description=_("version"))
    def version_told(self, row: ReliefTerms) -> str:
        """v3."""
        return f"v{row.version}"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 -- Django's signature
        """Nobody."""
        return False

    def save_model(self, request: HttpRequest, obj: ReliefTerms, form: Any, change: bool) -> None:  # noqa: FBT001 -- same
        """Publish a version, or end one."""
        said, by = form.cleaned_data, actor_of(request.user)
        if change:
            end_version(row=obj, ends_at=said["ends_at"], by=by, at=form.at)
            return
        made = publish_relief_terms(
            car_park=said["car_park"],
            starts_at=said["starts_at"],
            ends_at=said["ends_at"],
            by=by,
            at=form.at,
            **{name: said[name] for name in _RELIEFS},
        )
        obj.pk, obj.during, obj.version = made.pk, made.during, made.version
