"""The catalogue: kinds, benefits, and their versions, which are published and then only ended."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTimeWidget,
)

from benefits.admin.names import with_names
from benefits.models import Benefit, BenefitKind, BenefitVersion, Payer
from benefits.models.benefit import in_reader_language
from benefits.models.version import every_day
from benefits.rules.quota import Days
from benefits.selectors.places import Spot
from benefits.services.catalogue import VersionTerms, end_version, publish_version
from common.admin import BaseAdmin, actor_of, list_link
from points.admin.periods import InForceFilter, PeriodAdmin, PeriodForm
from units.models import BusinessUnit, Outlet, Venue

_WEEKDAYS = (
    ("1", _("Monday")), ("2", _("Tuesday")), ("3", _("Wednesday")), ("4", _("Thursday")), ("5", _("Friday")),
    ("6", _("Saturday")), ("7", _("Sunday")),
)  # fmt: skip


@admin.register(BenefitKind)
class BenefitKindAdmin(BaseAdmin):
    """What kinds there are, and what each is counted in."""

    list_display = ("code", "name", "measure")
    search_fields = ("code",)
    ordering = ("code",)
    fields = (("code", "measure"), ("name_zh", "name_en"))

    @display(description=_("name"))
    def name(self, kind: BenefitKind) -> str:
        """In the reader's language."""
        return str(kind)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's signature
        """What was counted in minutes stays counted in minutes."""
        return ("code", "measure") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Nobody: benefits are of a kind."""
        return False


@admin.register(Benefit)
class BenefitAdmin(BaseAdmin):
    """What is offered, and by whom. What it says is in its versions."""

    list_display = ("code", "told_name", "kind", "provider", "its_versions", "its_rules")
    list_select_related = ("kind", "provider")
    list_filter = ("kind", "provider")
    search_fields = ("code",)
    ordering = ("code",)
    fields = ("code", ("kind", "provider"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Benefit]:
        """With the names of their latest versions."""
        return with_names(super().get_queryset(request))

    @display(description=_("name"))
    def told_name(self, benefit: Any) -> str:
        """Of its latest version, in the reader's language; — before the first."""
        return in_reader_language(benefit.told_zh or "—", benefit.told_en or "—")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's signature
        """Its code, kind and provider are what others rely on."""
        return ("code", "kind", "provider") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Nobody: it ends by its versions."""
        return False

    @display(description=_("versions"))
    def its_versions(self, benefit: Benefit) -> object:
        """Leads to them."""
        return list_link(BenefitVersion, _("versions"), benefit__id__exact=benefit.pk)

    @display(description=_("rules"))
    def its_rules(self, benefit: Benefit) -> object:
        """Leads to them."""
        return list_link(benefit.rules.model, _("rules"), benefit__id__exact=benefit.pk)


class VersionForm(PeriodForm):
    """A version: its words, its worth, where and when it is honoured."""

    weekday_names = forms.MultipleChoiceField(
        label=_("weekdays"), choices=_WEEKDAYS, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    units = forms.ModelMultipleChoiceField(
        label=_("Honoured by all of"),
        required=False,
        queryset=BusinessUnit.objects.order_by("code"),
        widget=UnfoldAdminSelectMultipleWidget,
    )
    venues = forms.ModelMultipleChoiceField(
        label=_("Honoured at the venues"),
        required=False,
        queryset=Venue.objects.select_related("unit").order_by("code"),
        widget=UnfoldAdminSelectMultipleWidget,
    )
    outlets = forms.ModelMultipleChoiceField(
        label=_("Honoured at the outlets"),
        required=False,
        queryset=Outlet.objects.select_related("unit", "venue").order_by("code"),
        widget=UnfoldAdminSelectMultipleWidget,
    )
    blackout_lines = forms.CharField(
        label=_("Blackouts"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=_("A line each: a day, or first and last day, such as 2026-02-15 2026-02-23."),
    )

    class Meta:
        model = BenefitVersion
        fields = (
            "benefit", "name_zh", "name_en", "terms_zh", "terms_en", "payer", "unit_value", "currency",
            "opens_at", "closes_at",
        )  # fmt: skip
        widgets = {"opens_at": UnfoldAdminTimeWidget, "closes_at": UnfoldAdminTimeWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.initial.setdefault("weekday_names", [str(day) for day in every_day()])
            return
        version: BenefitVersion = self.instance
        places = list(version.places.all())
        self.initial.update(
            weekday_names=[str(day) for day in version.weekdays],
            units=[place.unit_id for place in places if not (place.venue_id or place.outlet_id)],
            venues=[place.venue_id for place in places if place.venue_id],
            outlets=[place.outlet_id for place in places if place.outlet_id],
            blackout_lines="\n".join(str(blackout) for blackout in version.blackouts.order_by("starts_on")),
        )
        for name in self.fields:
            # Published is published, begun or not: another version takes its place.
            self.fields[name].disabled = name != "ends_at"

    def rivals(self, said: dict[str, Any]) -> QuerySet[BenefitVersion]:
        """The versions of the same benefit."""
        return BenefitVersion.objects.filter(benefit=said["benefit"])

    def clean_blackout_lines(self) -> list[Days]:
        """A day or two a line."""
        return (
            []
            if self.instance.pk
            else [_days_in(line) for line in self.cleaned_data["blackout_lines"].splitlines() if line.strip()]
        )

    def clean(self) -> dict[str, Any]:
        """At least one place; both hours or neither."""
        said = super().clean() or {}
        if self.instance.pk is None and not self.errors:
            if not any(said.get(name) for name in ("units", "venues", "outlets")):
                self.add_error("units", _("Say where it is honoured."))
            if (said.get("opens_at") is None) != (said.get("closes_at") is None):
                self.add_error("closes_at", _("Both times of day, or neither."))
        return said


def _days_in(line: str) -> Days:
    words = line.replace("…", " ").replace("~", " ").split()
    try:
        first, last = date.fromisoformat(words[0]), date.fromisoformat(words[-1])
    except ValueError as malformed:
        raise forms.ValidationError(_("This is no day: %(line)s"), params={"line": line[:40]}) from malformed
    if last < first or len(words) > 2:
        raise forms.ValidationError(_("This is no day: %(line)s"), params={"line": line[:40]})
    return Days(first, date.fromordinal(last.toordinal() + 1))


@admin.register(BenefitVersion)
class BenefitVersionAdmin(PeriodAdmin):
    """What a benefit says, from when to when."""

    form = VersionForm
    list_display = ("told_name", "benefit", "payer", "worth", "state", "starts", "ends")
    list_filter = (
        InForceFilter,
        "payer",
        "benefit__kind",
        "benefit__provider",
        ("benefit", admin.RelatedOnlyFieldListFilter),
    )
    list_select_related = ("benefit__kind", "benefit__provider")
    search_fields = ("benefit__code",)
    ordering = ("benefit__code", "-version")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "benefit", ("name_zh", "name_en"), ("terms_zh", "terms_en"),
                    ("unit_value", "currency"), "payer",
                ),
                "description": _(
                    "Published, a version is only ended: what was used under it names it. To change anything,"
                    " publish the next one, which takes its place."
                ),
            },
        ),
        (
            _("Where and when"),
            {
                "fields": (
                    "units", "venues", "outlets", "weekday_names", ("opens_at", "closes_at"),
                    "blackout_lines",
                )
            },
        ),
        (_("in force"), {"fields": (("starts_at", "ends_at"), "is_successor")}),
    )  # fmt: skip

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 -- Django's signature
        """Nobody: it is ended."""
        return False

    @display(description=_("version"))
    def told_name(self, version: BenefitVersion) -> str:
        """Free parking, version 2."""
        return text("%(name)s, version %(version)s") % {"name": version.name, "version": version.version}

    @display(description=_("worth of one"))
    def worth(self, version: BenefitVersion) -> str:
        """0.10 CNY / minutes."""
        worth = number_format(version.unit_value.normalize())
        return f"{worth} {version.currency} / {version.benefit.kind.get_measure_display()}"

    def save_model(self, request: HttpRequest, obj: BenefitVersion, form: Any, change: bool) -> None:  # noqa: FBT001 -- same
        """Publish, or end."""
        said, by = form.cleaned_data, actor_of(request.user)
        if change:
            end_version(version=obj, ends_at=said["ends_at"], by=by, at=form.at)
            return
        made = publish_version(
            benefit=said["benefit"],
            terms=VersionTerms(
                **{
                    name: said[name]
                    for name in ("name_zh", "name_en", "terms_zh", "terms_en", "unit_value", "currency")
                },
                payer=Payer(said["payer"]),
                weekdays=[int(day) for day in said["weekday_names"]],
                opens_at=said["opens_at"],
                closes_at=said["closes_at"],
            ),
            places=[
                *(Spot(unit) for unit in said["units"]),
                *(Spot(venue.unit, venue) for venue in said["venues"]),
                *(Spot(outlet.unit, outlet=outlet) for outlet in said["outlets"]),
            ],
            blackouts=said["blackout_lines"],
            starts_at=said["starts_at"],
            ends_at=said["ends_at"],
            is_successor=said["is_successor"],
            by=by,
        )
        obj.pk, obj.during, obj.version = made.pk, made.during, made.version
