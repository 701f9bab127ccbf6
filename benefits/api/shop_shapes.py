"""The messages of both surfaces about rewards, orders and vouchers: shapes only."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from benefits.models import OrderState, RewardKind, VoucherKind, VoucherState
from benefits.rules.offering import WhyNot
from benefits.rules.voucher_worth import NoWorth
from common.input import InstantField, MoneyField, PointsField
from points.api.serializers import ShareShape

WHY_NOT = [(str(why), why.name) for why in WhyNot]
NO_WORTH = [(str(why), why.name) for why in NoWorth]


class ShelfShape(serializers.Serializer[Any]):
    """Where a reward is handed over, and how many pieces are left there."""

    outlet = serializers.CharField(allow_null=True, help_text=_("Its code; null: at no place in particular."))
    name = serializers.CharField(allow_null=True)
    venue = serializers.CharField(allow_null=True)
    unit = serializers.CharField()
    left = serializers.IntegerField(min_value=0)


class RewardShape(serializers.Serializer[Any]):
    """Something in the catalogue."""

    code = serializers.CharField()
    kind = serializers.ChoiceField(RewardKind.choices)
    name = serializers.CharField()
    terms = serializers.CharField()
    picture = serializers.CharField(allow_null=True, help_text=_("A path of this site; it never changes."))
    provider = serializers.CharField(help_text=_("The unit whose goods these are."))
    program = serializers.CharField()
    points = PointsField(help_text=_("The price of one piece, in points of `program`."))
    money = MoneyField(help_text=_("And in money, paid when it is picked up."))
    pieces_an_order = serializers.IntegerField()
    ends_at = InstantField(allow_null=True)
    stock = ShelfShape(many=True)
    is_for_me = serializers.BooleanField()
    why_not = serializers.ChoiceField(WHY_NOT, allow_null=True)


class OrderQuoteShape(serializers.Serializer[Any]):
    """What each of my wallets would pay. `quote` goes into the order, which then does exactly this."""

    quote = serializers.CharField()
    expires_at = InstantField()
    program = serializers.CharField()
    points = PointsField()
    shares = ShareShape(many=True)


class OrderShape(serializers.Serializer[Any]):
    """An order of a reward. The counter scans its `id`."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(OrderState.choices, source="state")
    reward = serializers.CharField(source="reward.code")
    name = serializers.CharField(source="reward.name")
    pieces = serializers.IntegerField(source="quantity")
    program = serializers.CharField(source="program.code")
    points = PointsField(help_text=_("Held until it is handed over; then spent."))
    money = MoneyField(source="price_money")
    unit = serializers.CharField(source="unit.code")
    outlet = serializers.CharField(source="outlet.code", allow_null=True, default=None)
    placed_at = InstantField()
    pick_up_before = InstantField(source="expires_at")
    closed_at = InstantField(allow_null=True)


class GivesShape(serializers.Serializer[Any]):
    """What a voucher gives; what its kind has not is null."""

    amount = MoneyField(allow_null=True)
    min_spend = MoneyField()
    percent_off = serializers.IntegerField(allow_null=True)
    at_most = MoneyField(allow_null=True)
    parking_minutes = serializers.IntegerField(allow_null=True)


class VoucherShape(serializers.Serializer[Any]):
    """A voucher of mine. Its code shows only where it is asked for by itself."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(VoucherKind.choices)
    status = serializers.ChoiceField(VoucherState.choices)
    name = serializers.CharField()
    terms = serializers.CharField()
    code_ends_in = serializers.CharField()
    gives = GivesShape()
    valid_from = InstantField()
    expires_at = InstantField()


class VoucherWithCode(VoucherShape):
    """A voucher of mine with its code, to be shown at a counter."""

    code = serializers.CharField()
    honoured_by = serializers.ListField(child=serializers.CharField(), help_text=_("Codes of units."))


class VerifiedVoucher(serializers.Serializer[Any]):
    """A voucher as a till sees it. `id` names it from here on: its code goes into no address."""

    id = serializers.UUIDField()
    batch = serializers.CharField()
    issuer = serializers.CharField()
    kind = serializers.ChoiceField(VoucherKind.choices)
    status = serializers.ChoiceField(VoucherState.choices)
    name = serializers.CharField()
    terms = serializers.CharField()
    gives = GivesShape()
    valid_from = InstantField()
    expires_at = InstantField()
    locked_until = InstantField(allow_null=True)
    value = MoneyField(allow_null=True, help_text=_("What it takes off the sale that was told."))
    why_nothing = serializers.ChoiceField(NO_WORTH, allow_null=True)


class VoucherUseShape(serializers.Serializer[Any]):
    """A voucher used for a sale, or given back."""

    id = serializers.UUIDField(help_text=_("Of the voucher."))
    status = serializers.ChoiceField(VoucherState.choices)
    unit = serializers.CharField()
    source_ref = serializers.CharField()
    value = MoneyField(help_text=_("What its issuer owes the unit for it."))
    at = InstantField()
