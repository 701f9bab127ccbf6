"""The partner surface's doors to points: what a price would take, and paying it or holding it."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from points.api import examples
from points.api.partner_messages import QuoteRequest, QuoteShape, Receipt, RedemptionRequest
from points.api.receipts import receipt_of
from points.api.serializers import shares_told
from points.api.till import TillView
from points.selectors.programs import program_among, programs_by_code
from points.selectors.redemptions import (
    RedemptionRecord,
    held_record,
    paid_record,
    redemption_at_units,
)
from points.services.holds import hold_points
from points.services.redemption import quote_redemption, redeem_points


class RedemptionQuotes(TillView):
    """What a price would take from each wallet."""

    required_scope = "points:quote"

    @extend_schema(
        operation_id="redemption_quote",
        tags=["points"],
        request=QuoteRequest,
        responses={201: QuoteShape},
        examples=[examples.QUOTE_ASKED, examples.QUOTE],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Show every wallet's share of a price before anything is posted. Stores nothing; lives five minutes.

        Refusals: `insufficient_points`, `member_not_active`, `unit_not_active`, `program_not_active`; 404 for
        an unknown member, program, unit or outlet.
        """
        asked = self.read(QuoteRequest)
        self.till()  # an unknown outlet is refused here, not only when the customer pays
        programs = programs_by_code()
        quote = quote_redemption(
            member=self.payer(asked["member"]),
            program=program_among(programs, asked["program"]),
            unit=self.unit,
            price=asked["points"],
            at=clock.now(),
        )
        told = {
            "quote": quote.token,
            "expires_at": quote.expires_at,
            "unit": self.unit.code,
            "program": quote.program.code,
            "points": quote.price,
            "shares": shares_told(quote.shares, {program.pk: code for code, program in programs.items()}),
        }
        return Response(QuoteShape(told).data, status=201)


class Redemptions(TillView):
    """Paying with points, at once or in two steps."""

    required_scope = "points:redeem"
    idempotent = True

    @extend_schema(
        operation_id="redemption",
        tags=["points"],
        request=RedemptionRequest,
        responses={201: Receipt, 200: Receipt},
        examples=[
            examples.REDEMPTION_ASKED,
            examples.HOLD_ASKED,
            examples.RECEIPT,
            examples.HELD,
        ],
    )
    def post(self, request: Request) -> Response:  # noqa: ARG002 -- DRF's signature
        """Pay a price with a member's points at this unit, or hold it. Needs an Idempotency-Key header.

        `capture: true` spends the points at once. `capture: false` holds them for 15 minutes, to be captured
        or voided. 200 instead of 201: this `source_ref` was paid or held before, and here is what became of
        it: look at `status`. Refusals: `insufficient_points`; `quote_changed` with the new `quote`, its
        `expires_at` and `shares`; `quote_expired`; `reference_reused`; `member_not_active`;
        `unit_not_active`; `program_not_active`; 404 for an unknown member, program, unit or outlet.
        """
        order = self.read(RedemptionRequest)
        programs = programs_by_code()
        price = {
            "member": self.payer(order["member"]),
            "program": program_among(programs, order["program"]),
            "unit": self.unit,
            "price": order["points"],
            "source_ref": order["source_ref"],
            "by": self.till(),
            "at": clock.now(),
            "quote_token": order.get("quote"),
        }
        record, is_replay = _paid(price) if order["capture"] else _held(price)
        codes = {program.pk: code for code, program in programs.items()}
        return Response(receipt_of(record, codes), status=200 if is_replay else 201)


def _paid(price: dict[str, Any]) -> tuple[RedemptionRecord, bool]:
    done = redeem_points(**price)
    if done.is_replay:
        return _as_it_stands(done.posting.pk, price), True
    return paid_record(done.posting), False


def _held(price: dict[str, Any]) -> tuple[RedemptionRecord, bool]:
    done = hold_points(**price)
    if done.is_replay:
        return _as_it_stands(done.hold.pk, price), True
    return held_record(done.hold, at=price["at"]), False


def _as_it_stands(record_id: UUID, price: dict[str, Any]) -> RedemptionRecord:
    """What became since of a price that was paid or held before."""
    return redemption_at_units(record_id=record_id, unit_ids=[price["unit"].pk], at=price["at"])
