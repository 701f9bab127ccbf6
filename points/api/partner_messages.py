"""The messages of the partner surface about points."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from common.input import InstantField, PointsField, RefField, StrictSerializer
from points.api.serializers import ShareShape
from units.api.auth import PartnerRequest

# A quote names every wallet's share; a member has a few wallets, and 64 shares fit many times over.
QUOTE_CHARACTERS_MAX = 4_096


class MemberRef(StrictSerializer):
    """Who pays: exactly one of these."""

    id = RefField(max_length=36, required=False, help_text=_("As an earlier answer gave it."))
    number = RefField(max_length=16, required=False, help_text=_("The member number."))
    phone = RefField(max_length=32, required=False, help_text=_("In any usual form."))
    card = RefField(max_length=40, required=False, help_text=_("The unit's own card."))

    default_error_messages = {"not_one": _("Name the member by exactly one of id, number, phone and card.")}

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        """Two names could mean two people."""
        if len(attrs) != 1:
            self.fail("not_one")
        return attrs


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
    """Pay `points` of `program` now: own wallet first, or exactly as `quote` showed."""

    source_ref = RefField(
        help_text=_("The receipt or order, unique in the unit: the same one never pays twice.")
    )
    quote = RefField(max_length=QUOTE_CHARACTERS_MAX, required=False)
    capture = serializers.BooleanField(help_text=_("Must be true: the points are spent at once."))

    def validate_capture(self, capture: object) -> object:
        """A JSON boolean: DRF would take "yes" and 1."""
        if self.initial_data["capture"] is not capture:
            raise serializers.ValidationError(_("This is true or false."), code="invalid")
        return capture


class PayerShape(serializers.Serializer[Any]):
    """The member who paid."""

    id = serializers.UUIDField()
    number = serializers.CharField()


class Receipt(serializers.Serializer[Any]):
    """A redemption. `posting` is its place in the ledger."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField([("captured", _("Captured"))])
    unit = serializers.CharField()
    source_ref = serializers.CharField()
    member = PayerShape()
    program = serializers.CharField()
    points = PointsField()
    shares = ShareShape(many=True)
    occurred_at = InstantField()
    posting = serializers.UUIDField()
