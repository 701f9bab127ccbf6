"""What operators fill in to refund a sale or to claim one for a member."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from activities.models import Activity, ActivityLine
from activities.rules.lines import LineReport
from activities.rules.reading import ActivityReport
from common.clock import uuid7
from members.models import Member

_NOTHING = Decimal("0.00")


class ReasonForm(forms.Form):
    """Why, in a sentence."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("So that the next person understands. No names, phones or card numbers."),
    )

    field_order: Sequence[str] | None = None

    def clean_reason(self) -> str:
        """On one line."""
        return " ".join(self.cleaned_data["reason"].split())


class RefundForm(ReasonForm):
    """All that stands, an amount, or an amount for each line."""

    # Made with the page: a form that is sent twice is one refund.
    refund_id = forms.UUIDField(widget=forms.HiddenInput)
    what = forms.ChoiceField(label=_("What is given back"), widget=UnfoldAdminRadioSelectWidget)
    amount = forms.DecimalField(
        label=_("Amount"),
        required=False,
        min_value=Decimal("0.01"),
        max_digits=17,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
    )

    def __init__(self, *args: Any, sale: Activity, lines: Sequence[ActivityLine], **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"refund_id": uuid7(), "what": "whole"}} | kwargs)
        self.sale, self.lines = sale, lines
        choices = [
            ("whole", gettext("All that still stands: %(left)s") % {"left": sale.amount - sale.refunded})
        ]
        choices.append(("amount", gettext("An amount")))
        if lines:
            choices.append(("lines", gettext("By line")))
        self.fields["what"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField's
        for line in lines:
            left = line.amount - line.refunded
            self.fields[f"line_{line.number}"] = forms.DecimalField(
                label=f"{line}",
                required=False,
                min_value=_NOTHING,
                max_value=left,
                max_digits=17,
                decimal_places=2,
                widget=UnfoldAdminDecimalFieldWidget,
                help_text=gettext("At most %(left)s.") % {"left": left},
            )
        self.order_fields(
            ["refund_id", "what", "amount", *(f"line_{line.number}" for line in lines), "reason"]
        )

    def clean(self) -> dict[str, Any]:
        """What was chosen must be filled in."""
        said: dict[str, Any] = super().clean() or {}
        if said.get("what") == "amount" and not said.get("amount"):
            self.add_error("amount", gettext("How much is given back?"))
        if said.get("what") == "lines" and not any(said.get(f"line_{line.number}") for line in self.lines):
            self.add_error("what", gettext("Give an amount for one line at least."))
        return said

    def report(self, said: Mapping[str, Any], at: datetime) -> ActivityReport:
        """The refund as it is recorded."""
        what = said["what"]
        told = (
            {line.number: said.get(f"line_{line.number}") for line in self.lines} if what == "lines" else {}
        )
        lines = tuple(LineReport(number, amount) for number, amount in told.items() if amount)
        amount = (
            said["amount"] if what == "amount" else sum((line.amount or _NOTHING for line in lines), _NOTHING)
        )
        return ActivityReport(
            source_ref=f"admin/{said['refund_id']}",
            kind="refund",
            member_ref=None,
            outlet_id=self.sale.outlet_id,
            occurred_at=max(at, self.sale.occurred_at),
            amount=amount,
            currency=self.sale.currency,
            refund_of=self.sale.source_ref,
            is_whole=what == "whole",
            lines=lines,
            reason=said["reason"],
        )


class ClaimForm(ReasonForm):
    """Whose the receipt is."""

    member = forms.CharField(
        label=_("Member"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Member number, whole."),
    )
    field_order = ("member", "reason")

    def clean_member(self) -> Member:
        """By number."""
        member = Member.objects.filter(number=self.cleaned_data["member"].strip()).first()
        if member is None:
            raise forms.ValidationError(_("There is no member with this number."))
        return member
