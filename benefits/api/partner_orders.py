"""The partner surface's doors to reward orders and to vouchers without a connection."""

import base64
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from benefits.api import shop_examples as examples
from benefits.api.shop_shapes import GivesShape, OrderShape
from benefits.api.shop_told import gives_told, order_told
from benefits.models import OfflineEntry, OfflineList, OfflineOutcome
from benefits.selectors.rewards import order_at
from benefits.selectors.vouchers import entries_of
from benefits.services.reward_orders import fulfil_order
from benefits.services.voucher_guessing import Guesser
from benefits.services.voucher_offline import (
    USES_AT_ONCE_MAX,
    ToldUse,
    make_offline_list,
    tell_offline_uses,
)
from common import clock
from common.input import InstantField, MoneyField, RefField, StrictSerializer
from points.api.till import TillView
from units.api.auth import PartnerRequest


class FulfilRequest(PartnerRequest):
    """The order is handed over; where the price has money, the receipt it was paid under."""

    receipt_ref = RefField(required=False, help_text=_("The till's receipt for the money."))


@extend_schema_field(OpenApiTypes.STR)
class DigestField(serializers.Field[bytes, Any, str, Any]):
    """32 bytes in base64."""

    default_error_messages = {"not_a_digest": _("A digest is 32 bytes in base64.")}

    def to_internal_value(self, data: Any) -> bytes:
        try:
            raw = base64.b64decode(data, validate=True) if isinstance(data, str) else b""
        except ValueError:
            raw = b""
        if len(raw) != 32:
            self.fail("not_a_digest")
        return raw

    def to_representation(self, value: bytes) -> str:
        return base64.b64encode(bytes(value)).decode()


class OfflineListRequest(PartnerRequest):
    """How long the till may be alone."""

    hours = serializers.IntegerField(min_value=1, max_value=72, default=12)


class OfflineLine(serializers.Serializer[Any]):
    """A voucher: SHA-256 of the salt and its 16 letters, and what it gives."""

    digest = DigestField()
    batch = serializers.CharField()
    kind = serializers.CharField()
    name = serializers.CharField()
    gives = GivesShape()
    valid_from = InstantField()
    expires_at = InstantField()


class OfflineListShape(serializers.Serializer[Any]):
    """What a till takes along. Read a typed code as docs/vouchers.md says, then look for its digest."""

    id = serializers.UUIDField()
    unit = serializers.CharField()
    salt = serializers.CharField(help_text=_("16 bytes in base64."))
    made_at = InstantField()
    valid_until = InstantField()
    vouchers = OfflineLine(many=True)


class OfflineUseRequest(StrictSerializer):
    """A voucher that was used while the till was alone."""

    digest = DigestField()
    source_ref = RefField()
    used_at = InstantField()
    sale = MoneyField(required=False)


class OfflineUsesRequest(PartnerRequest):
    """Everything the till used by one list, at most 500 at once, in any order."""

    uses = serializers.ListField(child=OfflineUseRequest(), min_length=1, max_length=USES_AT_ONCE_MAX)


class OfflineUseShape(serializers.Serializer[Any]):
    """What became of it."""

    source_ref = serializers.CharField()
    used_at = InstantField()
    outcome = serializers.ChoiceField(OfflineOutcome.choices)
    voucher = serializers.UUIDField(source="voucher_id", allow_null=True)


class OfflineUsesShape(serializers.Serializer[Any]):
    """One outcome for each use, in the order they were told."""

    results = OfflineUseShape(many=True)


class RewardOrderDetail(TillView):
    """An order at a counter."""

    required_scope = "rewards:fulfil"

    @extend_schema(
        operation_id="reward_order_by_id", tags=["rewards"], responses=OrderShape, examples=[examples.ORDER]
    )
    def get(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """An order that one of this key's units hands over, by the id that the member shows; else 404."""
        return Response(order_told(order_at(units=self.partner.units, order_id=id)))


class RewardOrderFulfil(TillView):
    """Handing an order over."""

    required_scope = "rewards:fulfil"
    idempotent = True

    @extend_schema(
        operation_id="reward_order_fulfil",
        tags=["rewards"],
        request=FulfilRequest,
        responses={201: OrderShape, 200: OrderShape},
        examples=[examples.FULFIL_ASKED, examples.FULFILLED],
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """Hand an order over: what it holds is spent. Needs an Idempotency-Key header.

        200 instead of 201: it was handed over before. Refusals: `order_ended` with its `state`;
        `money_receipt_needed` with the `money`; `receipt_taken`; 404 `order_not_found`.
        """
        asked = self.read(FulfilRequest)
        done = fulfil_order(
            order_id=id,
            units=self.places(),
            receipt_ref=asked.get("receipt_ref", ""),
            by=self.till(),
            at=clock.now(),
        )
        return Response(order_told(done.order), status=200 if done.is_replay else 201)


class OfflineLists(TillView):
    """A list for a till that will be alone."""

    required_scope = "vouchers:offline"
    idempotent = True

    @extend_schema(
        operation_id="voucher_offline_list",
        tags=["vouchers"],
        request=OfflineListRequest,
        responses={201: OfflineListShape},
        examples=[examples.LIST_ASKED, examples.LIST],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Take along what this unit honours and may be used offline. Needs an Idempotency-Key header.

        Codes are not in it: a till that reads one computes SHA-256(salt + code). Refusal:
        `offline_list_too_long`.
        """
        asked = self.read(OfflineListRequest)
        made = make_offline_list(
            unit=self.unit,
            outlet=self.outlet,
            life=timedelta(hours=asked["hours"]),
            by=self.till(),
            at=clock.now(),
        )
        return Response(_list_told(made), status=201)


class OfflineUses(TillView):
    """What a till used while it was alone."""

    required_scope = "vouchers:offline"
    idempotent = True
    batch = True

    @extend_schema(
        operation_id="voucher_offline_uses",
        tags=["vouchers"],
        request=OfflineUsesRequest,
        responses=OfflineUsesShape,
        examples=[examples.USES_TOLD, examples.USES_HEARD],
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """Tell what was used by a list. Needs an Idempotency-Key header; telling twice changes nothing.

        `used`: it stands. `took_over`: another till used it later and told sooner; this use stands now.
        `already_used`: an earlier use stands. `not_usable`, `not_listed`, `out_of_time`: it does not count.
        Refusal: `too_many_guesses` (429; digests that are on no list).
        """
        asked = self.read(OfflineUsesRequest)
        heard = tell_offline_uses(
            list_id=id,
            units=self.places(),
            uses=[_told_use(use) for use in asked["uses"]],
            guesser=Guesser(self.actor),
            by=self.till(),
            at=clock.now(),
        )
        return Response(OfflineUsesShape({"results": heard}).data)


def _told_use(use: dict[str, Any]) -> ToldUse:
    return ToldUse(use["digest"], use["source_ref"], use["used_at"], use.get("sale"))


def _list_told(made: OfflineList) -> Any:
    told = {
        "id": made.pk,
        "unit": made.unit.code,
        "salt": base64.b64encode(bytes(made.salt)).decode(),
        "made_at": made.made_at,
        "valid_until": made.valid_until,
        "vouchers": [_line_told(entry) for entry in entries_of(made)],
    }
    return OfflineListShape(told).data


def _line_told(entry: OfflineEntry) -> dict[str, Any]:
    voucher = entry.voucher
    batch = voucher.batch
    return {
        "digest": entry.digest,
        "batch": batch.code,
        "kind": batch.kind,
        "name": batch.name,
        "gives": gives_told(batch),
        "valid_from": voucher.valid_from,
        "expires_at": voucher.expires_at,
    }
