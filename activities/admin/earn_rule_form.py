"""The form of an earn rule: every condition is a field, nothing is code."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from activities.models import ActivityKind, EarnRule, EarnRuleProposal
from activities.rules.earn_terms import BadRuleTerms, terms_from
from activities.rules.reading import KINDS
from activities.services.earn_rules import RuleDraft, check_draft
from members.models import ResidencyRole, Tier
from points.admin.periods import PeriodForm
from units.models import BusinessUnit, Outlet, Sector, Venue

_WEEKDAYS: Final = (
    (1, _("Monday")),
    (2, _("Tuesday")),
    (3, _("Wednesday")),
    (4, _("Thursday")),
    (5, _("Friday")),
    (6, _("Saturday")),
    (7, _("Sunday")),
)
_BIRTHDAYS: Final = (("", _("any day")), ("month", _("in the month")), ("day", _("on the day")))
_LISTS: Final = ("channels", "categories", "not_categories", "items", "not_items", "dates")
_CHOICES: Final = ("sectors", "units", "venues", "outlets", "not_outlets", "kinds", "tiers")
_CAPS: Final = ("per_activity", "per_day", "per_month", "per_member", "budget")


def _list(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=help_text or _("One a line. Empty: any."),
    )


def _choices(label: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, required=False, widget=UnfoldAdminSelectMultipleWidget(attrs={"size": 5})
    )


def _points(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, widget=UnfoldAdminIntegerFieldWidget)


def _money(label: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, max_digits=12, decimal_places=2, widget=UnfoldAdminDecimalFieldWidget
    )


class EarnRuleForm(PeriodForm):
    """A rule, or the next version of one, to be proposed."""

    # A unit's history is imported under the rules that held then.
    start_may_be_past = True

    sectors = _choices(_("Sectors"))
    units = _choices(_("Business units"))
    venues = _choices(_("Venues"))
    outlets = _choices(_("Outlets"))
    not_outlets = _choices(_("Not at these outlets"))
    kinds = _choices(_("Kinds of activities"))
    channels = _list(_("Channels"))
    categories = _list(_("Categories"), _("One a line; food/* is all that begins with food/. Empty: any."))
    not_categories = _list(_("Not these categories"), _("One a line."))
    items = _list(_("Articles"))
    not_items = _list(_("Not these articles"), _("One a line."))
    tiers = _choices(_("Tiers"))
    segments = _list(_("Groups of members"))
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Days of the week"),
        required=False,
        coerce=int,
        choices=_WEEKDAYS,
        widget=UnfoldAdminSelectMultipleWidget(attrs={"size": 7}),
    )
    hours_from = forms.TimeField(
        label=_("From"), required=False, input_formats=["%H:%M"], widget=UnfoldAdminTextInputWidget
    )
    hours_to = forms.TimeField(
        label=_("To"),
        required=False,
        input_formats=["%H:%M"],
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Such as 18:00 to 02:00, by the venue's clock. Empty: all day."),
    )
    dates = _list(_("Dates"), _("One a line, such as 2026-05-01. Empty: any."))
    birthday = forms.ChoiceField(
        label=_("Birthday"), required=False, choices=_BIRTHDAYS, widget=UnfoldAdminSelectWidget
    )
    first_visit = forms.BooleanField(
        label=_("First visit to the sector"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    minimum_spend = _money(_("Minimum spend"))
    per_activity = _points(_("Points of one activity, at most"))
    per_day = _points(_("Points of a member and day, at most"))
    per_month = _points(_("Points of a member and month, at most"))
    per_member = _points(_("Points of a member in all, at most"))
    budget = _points(_("Points of all members together, at most"))
    alone = forms.BooleanField(
        label=_("Silences base rules of lower priority"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    full_steps_of = _money(_("Money counts in full steps of"))
    pending_days = forms.IntegerField(
        label=_("Days until they can be spent"),
        required=False,
        min_value=0,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    expires_after_days = forms.IntegerField(
        label=_("Days that they live"),
        required=False,
        min_value=1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Empty: as the program says."),
    )

    class Meta:
        model = EarnRuleProposal
        fields: tuple[str, ...] = (
            *("code", "name_zh", "name_en", "program", "unit", "effect", "priority"),
            *("points_per_currency_unit", "fixed_points", "factor", "tax_percent"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.starts_on_approval = False
        self.draft: RuleDraft | None = None
        self.fields["starts_at"].help_text = _("Empty: from the approval on.")
        units = [(unit.code, str(unit)) for unit in BusinessUnit.objects.order_by("code")]
        outlets = Outlet.objects.order_by("code").values_list("code", "name").distinct()[:500]
        for name, choices in (
            ("sectors", Sector.choices),
            ("units", units),
            ("venues", [(venue.code, str(venue)) for venue in Venue.objects.order_by("code")]),
            ("outlets", [(code, f"{name} ({code})") for code, name in outlets]),
            ("not_outlets", [(code, f"{name} ({code})") for code, name in outlets]),
            ("kinds", [(kind.value, kind.label) for kind in ActivityKind if kind.value in KINDS]),
            ("tiers", [(tier.code, str(tier)) for tier in Tier.objects.order_by("level")]),
        ):
            field: Any = self.fields[name]
            field.choices = choices
        self.fields["segments"].help_text = _("One a line: %(roles)s, or a tag.") % {
            "roles": ", ".join(ResidencyRole.values)
        }

    def clean_starts_at(self) -> Any:
        """Remember whether a start was given at all."""
        start = self.cleaned_data["starts_at"]
        self.starts_on_approval = start is None
        return start

    def clean(self) -> dict[str, Any]:
        """What the service would refuse, told beside the field."""
        said = super().clean()
        if self.errors:
            return said
        try:
            self.draft = self._draft(said)
            check_draft(self.draft)
        except BadRuleTerms as refusal:
            name = (refusal.field or "").split(".")[-1]
            name = {"hours": "hours_to", "rate": "points_per_currency_unit"}.get(name, name)
            self.add_error(name if name in self.fields else None, ValidationError(str(refusal)))
        return said

    def rivals(self, said: dict[str, Any]) -> QuerySet[EarnRule]:
        """The versions of the same code."""
        return EarnRule.objects.filter(code=said["code"])

    def _draft(self, said: dict[str, Any]) -> RuleDraft:
        return RuleDraft(
            code=said["code"],
            program=said["program"],
            unit=said["unit"],
            effect=said["effect"],
            name_zh=said["name_zh"],
            name_en=said["name_en"],
            priority=said["priority"],
            rate=said["points_per_currency_unit"],
            fixed=said["fixed_points"],
            factor=said["factor"],
            percent=said["tax_percent"],
            terms=terms_from(_document(said)),
            starts_at=None if self.starts_on_approval else said["starts_at"],
            ends_at=said["ends_at"],
        )


def _document(said: dict[str, Any]) -> dict[str, Any]:
    """The terms as `terms_from` reads them, without what was left empty."""
    conditions: dict[str, Any] = {name: list(said[name]) for name in _CHOICES if said[name]}
    for name in (*_LISTS, "segments"):
        lines = [line.strip() for line in said[name].splitlines() if line.strip()]
        if lines:
            conditions[name] = lines
    hours = [edge.strftime("%H:%M") if edge else "" for edge in (said["hours_from"], said["hours_to"])]
    conditions |= _filled(
        {
            "weekdays": [int(day) for day in said["weekdays"]],
            "hours": hours if any(hours) else None,
            "birthday": said["birthday"],
            "first_visit": said["first_visit"],
            "minimum_spend": _text(said["minimum_spend"]),
        }
    )
    return _filled(
        {
            "conditions": conditions,
            "caps": {name: said[name] for name in _CAPS if said[name] is not None},
            "alone": said["alone"],
            "full_steps_of": _text(said["full_steps_of"]),
            "pending_days": said["pending_days"],
            "expires_after_days": said["expires_after_days"],
        }
    )


def _filled(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value}


def _text(amount: Any) -> str | None:
    return None if amount is None else str(amount)
