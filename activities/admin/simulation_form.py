"""What operators fill in to see what an activity would earn: any basket, member and date."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeVerticalWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from activities.models import ActivityKind
from activities.rules.earn_facts import Person
from activities.rules.lines import LINES_MAX, LineReport
from activities.rules.reading import CHANNEL, CHANNEL_CHARACTERS_MAX, KINDS, ActivityReport
from common import clock
from common.errors import NotFound
from members.models import Member, MemberStatus, ResidencyRole, Tier
from members.selectors.aliases import survivor_of
from units.models import BusinessUnit
from units.selectors.units import outlet_by_code

_NOTHING = Decimal("0.00")


def _text(label: Any, *, length: int = 80, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=length,
        widget=UnfoldAdminTextInputWidget,
        help_text=help_text,
    )


def _money(label: Any, *, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=_NOTHING,
        max_digits=12,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text=help_text,
    )


class SimulationForm(forms.Form):
    """Something that nobody did."""

    unit = forms.ModelChoiceField(
        BusinessUnit.objects.none(), label=_("Business unit"), widget=UnfoldAdminSelectWidget
    )
    outlet = _text(_("Outlet"), length=40, help_text=_("Its code. Empty: the unit itself."))
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[(kind.value, kind.label) for kind in ActivityKind if kind.value in KINDS],
        widget=UnfoldAdminSelectWidget,
    )
    occurred_at = forms.SplitDateTimeField(
        label=_("When"), widget=UnfoldAdminSplitDateTimeVerticalWidget, help_text=_("In your time zone.")
    )
    number = _text(
        _("Member"),
        length=40,
        help_text=_("Member number, whole. Their tier, groups and caps are looked at as they were then."),
    )
    tier = forms.ModelChoiceField(
        Tier.objects.none(),
        label=_("Or somebody of the tier"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Without a member number: an active member who has done nothing yet."),
    )
    segments = _text(_("and of the groups"), length=400)
    amount = _money(_("Amount"), help_text=_("After discounts. Empty: the sum of the lines."))
    paid_with_points = _money(_("of it paid with points"))
    quantity = forms.DecimalField(
        label=_("Quantity"),
        required=False,
        min_value=_NOTHING,
        max_digits=9,
        decimal_places=3,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text=_("Of a stay its nights: tier credits may count them."),
    )
    category = _text(_("Category"))
    channel = _text(_("Channel"), length=CHANNEL_CHARACTERS_MAX)
    lines = forms.CharField(
        label=_("Lines"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "placeholder": "30.00; food/tea; TEA-01"}),
        help_text=_("One a line: amount; category; article. The last two may be left out."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"occurred_at": clock.now()}} | kwargs)
        fields: Any = self.fields
        fields["unit"].queryset = BusinessUnit.objects.filter(is_active=True).order_by("code")
        fields["tier"].queryset = Tier.objects.order_by("level")
        fields["tier"].empty_label = gettext("no tier")
        fields["segments"].help_text = gettext("With commas between: %(roles)s, or a tag.") % {
            "roles": ", ".join(ResidencyRole.values)
        }
        self.member: Member | None = None
        self.outlet_id: int | None = None
        self.lines_read: tuple[LineReport, ...] = ()

    def clean_number(self) -> str:
        """By number."""
        number: str = self.cleaned_data["number"].strip()
        if number:
            found = Member.objects.filter(number=number).first()
            if found is None:
                raise forms.ValidationError(_("There is no member with this number."))
            self.member = Member.objects.get(pk=survivor_of(found.pk))
        return number

    def clean_lines(self) -> str:
        """Read into lines of a report."""
        text: str = self.cleaned_data["lines"]
        rows = [row for row in text.splitlines() if row.strip()]
        if len(rows) > LINES_MAX:
            raise forms.ValidationError(_("At most %(max)s lines.") % {"max": LINES_MAX})
        self.lines_read = tuple(_line(number, row) for number, row in enumerate(rows, 1))
        return text

    def clean(self) -> dict[str, Any]:
        """What only the fields together say."""
        said: dict[str, Any] = super().clean() or {}
        if said.get("unit") and said.get("outlet"):
            try:
                self.outlet_id = outlet_by_code(said["outlet"].strip(), unit=said["unit"]).pk
            except NotFound:
                self.add_error("outlet", gettext("The unit has no outlet of this code."))
        if said.get("amount") is None and not self.lines_read and "amount" not in self.errors:
            self.add_error("amount", gettext("Give an amount, or lines."))
        return said

    def person(self) -> Person | None:
        """Who it is as if; None where a member is named."""
        if self.member is not None:
            return None
        said = self.cleaned_data
        segments = (one.strip() for one in said["segments"].replace("，", ",").split(","))
        return Person(
            status=MemberStatus.ACTIVE.value,
            tier=said["tier"].code if said["tier"] else "",
            segments=frozenset(one for one in segments if one),
        )

    def report(self) -> ActivityReport:
        """It as a report."""
        said = self.cleaned_data
        amount = said["amount"]
        if amount is None:
            amount = sum((line.amount or _NOTHING for line in self.lines_read), _NOTHING)
        return ActivityReport(
            source_ref="",
            kind=said["kind"],
            member_ref=None,
            outlet_id=self.outlet_id,
            occurred_at=said["occurred_at"],
            amount=amount,
            currency=said["unit"].currency,
            category=said["category"].strip(),
            quantity=said["quantity"],
            paid_with_points=said["paid_with_points"] or _NOTHING,
            attributes={CHANNEL: said["channel"].strip()} if said["channel"].strip() else {},
            lines=self.lines_read,
        )


def _line(number: int, row: str) -> LineReport:
    """`30.00; food/tea; TEA-01`.

    :raises ValidationError: its amount is none, or it has more than three parts
    """
    told, *rest = (part.strip() for part in row.replace("；", ";").split(";"))
    try:
        amount = Decimal(told)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and amount >= 0 and amount == round(amount, 2)) or len(rest) > 2:
        words = _("Line %(number)s is not such as 30.00; food/tea; TEA-01.")
        raise forms.ValidationError(words % {"number": number})
    category, item = (*rest, "", "")[:2]
    return LineReport(number, amount.quantize(_NOTHING), category, item)
