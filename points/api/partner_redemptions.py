"""The partner surface's doors to a price once it is held or paid: look it up, capture, void, give back."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from points.api import examples
from points.api.partner_messages import (
    CaptureRequest,
    Receipt,
    ReversalReceipt,
    ReversalRequest,
    VoidRequest,
)
from points.api.receipts import receipt_of, reversal_receipt_of
from points.api.till import TillView
from points.selectors.redemptions import redemption_at_units
from points.services.holds import capture_hold, void_hold
from points.services.reversal import reverse_payment


class RedemptionDetail(TillView):
    """One price, held or paid."""

    required_scope = "points:redeem"

    @extend_schema(
        operation_id="redemption_by_id",
        tags=["points"],
        responses=Receipt,
        examples=[examples.RECEIPT, examples.HELD],
    )
    def get(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """How a price at one of this key's units stands, by the id of its receipt or posting; else 404."""
        units = [unit.pk for unit in self.partner.units]
        return Response(receipt_of(redemption_at_units(record_id=id, unit_ids=units, at=clock.now())))


class RedemptionCapture(TillView):
    """Taking what was held."""

    required_scope = "points:redeem"
    idempotent = True

    @extend_schema(
        operation_id="redemption_capture",
        tags=["points"],
        request=CaptureRequest,
        responses={201: Receipt, 200: Receipt},
        examples=[examples.CAPTURE_ASKED, examples.CAPTURED],
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """Spend what a hold reserved, or `points` of it; the rest is let go. Needs an Idempotency-Key header.

        200 instead of 201: the same points were captured before. Refusals: `hold_not_open` (voided or timed
        out); `capture_exceeds_hold` with what is `held`; `reference_reused` (captured before, for another
        price); 404 `hold_not_found`.
        """
        asked = self.read(CaptureRequest)
        units, at = self.places(), clock.now()
        redemption = capture_hold(hold_id=id, units=units, points=asked.get("points"), by=self.till(), at=at)
        record = redemption_at_units(record_id=id, unit_ids=[unit.pk for unit in units], at=at)
        return Response(receipt_of(record), status=200 if redemption.is_replay else 201)


class RedemptionVoid(TillView):
    """Letting go of what was held."""

    required_scope = "points:redeem"
    idempotent = True

    @extend_schema(
        operation_id="redemption_void",
        tags=["points"],
        request=VoidRequest,
        responses=Receipt,
        examples=[examples.VOID_ASKED, examples.VOIDED],
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """Let go of what a hold reserved. Twice is as once. Needs an Idempotency-Key header.

        Refusals: `hold_not_open` (captured: reverse it instead); 404 `hold_not_found`.
        """
        self.read(VoidRequest)
        self.till()  # an unknown outlet is refused here as on every route
        units, at = self.places(), clock.now()
        void_hold(hold_id=id, units=units, at=at)
        record = redemption_at_units(record_id=id, unit_ids=[unit.pk for unit in units], at=at)
        return Response(receipt_of(record))


class RedemptionReverse(TillView):
    """Giving back what was paid."""

    required_scope = "points:redeem"
    idempotent = True

    @extend_schema(
        operation_id="redemption_reverse",
        tags=["points"],
        request=ReversalRequest,
        responses={201: ReversalReceipt, 200: ReversalReceipt},
        examples=[examples.REVERSAL_ASKED, examples.REVERSAL],
    )
    def post(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """Put what was paid, or `points` of it, back where it came from. Needs an Idempotency-Key header.

        200 instead of 201: this `source_ref` gave back the same before. Refusals:
        `reversal_exceeds_original` (all reversals together would give back more than was paid);
        `reference_reused`; `hold_not_captured` (void it instead); 404 `not_reversible`.
        """
        asked = self.read(ReversalRequest)
        back = reverse_payment(
            payment_id=id,
            units=self.places(),
            points=asked.get("points"),
            source_ref=asked["source_ref"],
            by=self.till(),
            at=clock.now(),
        )
        return Response(reversal_receipt_of(back), status=200 if back.is_replay else 201)
