"""The messages of the partner surface about points."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from common.input import FlagField, InstantField, PointsField, RefField
from points.api.serializers import ShareShape
from points.api.till import MemberRef
from points.selectors.redemptions import RedemptionStatus
from units.api.auth import PartnerRequest

# A quote names every wallet's share; a member has a few wallets, and 64 shares fit many times over.
QUOTE_CHARACTERS_MAX = 4_096


@extend_schema_serializer(component_name="RedemptionQuote")
class QuoteRequest(PartnerRequest):
    """A price in points of `program`, to be paid by a member at this unit."""

    member = MemberRef()
    program = RefField(max_length=24)
    points = PointsField()


class QuoteShape(serializers.Serializer[Any]):
    """What each wallet would pay. `quote` goes into the redemption, which then does exactly this."""

    quote = serializers.CharField()
    expires_at = InstantField()
    unit = serializers.CharField()
    program = serializers.CharField()
    points = PointsField()
    shares = ShareShape(many=True)


@extend_schema_serializer(component_name="Redemption")
class RedemptionRequest(QuoteRequest):
    """Pay or hold `points` of `program` now: own wallet first, or exactly as `quote` showed."""

    source_ref = RefField(
        help_text=_("The receipt or order, unique in the unit: the same one never pays twice.")
    )
    quote = RefField(max_length=QUOTE_CHARACTERS_MAX, required=False)
    capture = FlagField(
        help_text=_("True: the points are spent at once. False: they are held for 15 minutes.")
    )


@extend_schema_serializer(component_name="Capture")
class CaptureRequest(PartnerRequest):
    """Spend what is held, or a part of it; the rest is let go."""

    points = PointsField(required=False, help_text=_("Left out: all that is held."))


@extend_schema_serializer(component_name="Void")
class VoidRequest(PartnerRequest):
    """Let go of what is held."""


@extend_schema_serializer(component_name="Reversal")
class ReversalRequest(PartnerRequest):
    """Give back what was paid, or a part of it."""

    source_ref = RefField(
        help_text=_("The refund's own receipt, unique in the unit: the same one never gives back twice.")
    )
    points = PointsField(
        required=False, help_text=_("Of the price's program. Left out: all that was not given back yet.")
    )


class PayerShape(serializers.Serializer[Any]):
    """The member who pays."""

    id = serializers.UUIDField()
    number = serializers.CharField()


class Receipt(serializers.Serializer[Any]):
    """A price in points: held, and what became of it, or paid at once."""

    id = serializers.UUIDField(help_text=_("Names it from now on: captured, it keeps the id of its hold."))
    status = serializers.ChoiceField(RedemptionStatus.choices)
    unit = serializers.CharField()
    source_ref = serializers.CharField()
    member = PayerShape()
    program = serializers.CharField()
    points = PointsField(help_text=_("What was paid, or what is (or was) held."))
    shares = ShareShape(many=True)
    held_points = PointsField(allow_null=True, help_text=_("Null: paid at once."))
    held_at = InstantField(allow_null=True)
    expires_at = InstantField(allow_null=True, help_text=_("When the hold times out by itself."))
    occurred_at = InstantField(allow_null=True, help_text=_("When it was paid. Null: it was not."))
    posting = serializers.UUIDField(
        source="posting_id", allow_null=True, help_text=_("The payment's place in the ledger.")
    )
    reversed_points = PointsField(min_value=0, help_text=_("Given back so far."))


class ReversalReceipt(serializers.Serializer[Any]):
    """Points that a reversal gave back. `shares` say to which wallets."""

    id = serializers.UUIDField(help_text=_("The reversal's place in the ledger."))
    redemption = serializers.UUIDField(help_text=_("The receipt's `id`."))
    unit = serializers.CharField()
    source_ref = serializers.CharField()
    member = PayerShape()
    program = serializers.CharField()
    points = PointsField()
    shares = ShareShape(many=True)
    occurred_at = InstantField()
