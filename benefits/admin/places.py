"""What the shop's forms share: pick a reward's shelf, a number of pieces, a reason."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from benefits.services.stock import PIECES_MAX
from points.services.approvals import TEXT_MAX
from units.models import Outlet


def reason_field(**told: Any) -> forms.CharField:
    """Why: a sentence or two."""
    usual = {
        "label": _("Reason"),
        "max_length": TEXT_MAX,
        "widget": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        "help_text": _("So that the next person understands. No names, phones or card numbers."),
    }
    return forms.CharField(**usual | told)


class ReasonForm(forms.Form):
    """Why."""

    reason = reason_field()


class ReceiveForm(forms.Form):
    """Pieces that arrived at an outlet."""

    outlet = forms.ModelChoiceField(
        label=_("Outlet"),
        queryset=Outlet.objects.filter(is_active=True).select_related("unit").order_by("unit__code", "code"),
        widget=UnfoldAdminSelectWidget,
        required=False,
        help_text=_("Where it is handed over. None for a voucher."),
    )
    pieces = forms.IntegerField(
        label=_("Pieces"), min_value=1, max_value=PIECES_MAX, widget=UnfoldAdminIntegerFieldWidget
    )
    reason = reason_field(label=_("Note"), required=False, help_text="")


class CountForm(forms.Form):
    """What somebody counted."""

    counted = forms.IntegerField(
        label=_("Pieces counted"), min_value=0, max_value=PIECES_MAX, widget=UnfoldAdminIntegerFieldWidget
    )
    reason = reason_field()


class FulfilForm(forms.Form):
    """The till's receipt, where a part is paid in money."""

    receipt_ref = forms.CharField(
        label=_("Receipt of the till"),
        max_length=128,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Where a part of the price is money."),
    )


class RefundForm(forms.Form):
    """Why, and what came back."""

    is_returned = forms.BooleanField(
        label=_("The pieces came back and are in stock again"), required=False, initial=True
    )
    receipt_ref = forms.CharField(
        label=_("Receipt of the money paid back"),
        max_length=128,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    reason = reason_field()
