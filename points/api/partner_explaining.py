"""The partner surface's door to why: a payment at the caller's unit, and what it is owed for it."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from points.api import examples_explaining as examples
from points.api.explaining_shapes import PaymentExplanationShape
from points.api.explaining_told import payment_told
from points.api.till import TillView
from points.selectors.explaining import explain_redemption


class RedemptionExplained(TillView):
    """One payment, taken apart."""

    required_scope = "points:redeem"

    @extend_schema(
        operation_id="redemption_explained",
        tags=["points"],
        responses=PaymentExplanationShape,
        examples=[examples.PAYMENT],
    )
    def get(self, request: Request, id: UUID) -> Response:  # noqa: ARG002, A002 -- DRF's signature
        """Which lots paid a price at one of this key's units, at which rates, and which unit owes for them.

        By the id of its receipt or posting. 404 for another unit's, and for one that was held and not paid.
        """
        units = [unit.pk for unit in self.partner.units]
        return Response(payment_told(explain_redemption(record_id=id, unit_ids=units, at=clock.now())))
