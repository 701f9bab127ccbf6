"""The partner surface's doors to parking: what gates see, what they ask, and what payment providers tell."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.api import ApiView
from common.errors import InvalidRequest
from parking.api import examples
from parking.api.serializers import (
    ParkingEntryShape,
    ParkingExitRequest,
    ParkingExitShape,
    ParkingPassageRequest,
    PartnerParkingSessionShape,
    PaymentNoticeShape,
)
from parking.api.told import told_exit, told_order, told_session
from parking.models import CarPark
from parking.selectors.car_parks import car_park_by_code
from parking.selectors.sessions import orders_of, session_at
from parking.services.gate import Collected, Seen, record_entry, record_exit
from parking.services.payments import hear_notice
from units.api.auth import PartnerView

_NOTICE = {
    "payment": "01977168-1f01-7d41-9a52-6f0b1e2d3c05",
    "word": "succeeded",
    "ref": "SB0197716",
    "amount": "5.00",
    "currency": "CNY",
    "failure": "",
}


class ParkingEntries(PartnerView):
    """Cars that come in."""

    required_scope = "parking:gate"
    idempotent = True

    @extend_schema(
        operation_id="parking_entry",
        tags=["parking"],
        request=ParkingPassageRequest,
        responses={201: ParkingEntryShape, 200: ParkingEntryShape},
        examples=[examples.ENTRY_ASKED, examples.ENTRY],
    )
    def post(self, _request: Request) -> Response:
        """Tell that a car came in, now or earlier. Needs an Idempotency-Key header.

        Late, in any order, more than once: the stays come out the same. 200 instead of 201: this
        `source_ref` was told before. Refusals: `bad_plate`; `gate_clock_ahead` with our `server_time`;
        `reference_reused`; 404 for an unknown car park.
        """
        told = self.read(ParkingPassageRequest)
        at = clock.now()
        session, is_replay = record_entry(seen=_seen(told, self._car_park(told)), by=self.actor, at=at)
        said = {"session": told_session(session), "server_time": at}
        return Response(ParkingEntryShape(said).data, status=200 if is_replay else 201)

    def _car_park(self, told: Mapping[str, Any]) -> CarPark:
        return car_park_by_code(told["car_park"], unit=self.unit)


class ParkingExits(PartnerView):
    """Cars that go out."""

    required_scope = "parking:gate"
    idempotent = True

    @extend_schema(
        operation_id="parking_exit",
        tags=["parking"],
        request=ParkingExitRequest,
        responses=ParkingExitShape,
        examples=[
            examples.EXIT_ASKED,
            examples.EXIT_COLLECTED,
            examples.EXIT_OPEN,
            examples.EXIT_PAY,
        ],
    )
    def post(self, _request: Request) -> Response:
        """Ask whether a car may leave, or tell that it has. Needs an Idempotency-Key header, a new one each
        time.

        `open`: it has left, by our books too. `pay`: nothing was kept; ask again once it is paid, or with
        what the booth has `collected`. With `has_passed` the car is gone whatever is due. Refusals:
        `bad_plate`; `gate_clock_ahead`; `reference_reused`; `invalid_request` for money of another currency;
        404.
        """
        told = self.read(ParkingExitRequest)
        at = clock.now()
        car_park = car_park_by_code(told["car_park"], unit=self.unit)
        answer = record_exit(
            seen=_seen(told, car_park),
            has_passed=told["has_passed"],
            collected=_collected(told.get("collected"), car_park),
            by=self.actor,
            at=at,
        )
        return Response(ParkingExitShape(told_exit(answer, at=at)).data)


class ParkingSessionDetail(PartnerView):
    """One stay."""

    required_scope = "parking:gate"

    @extend_schema(operation_id="parking_session", tags=["parking"], responses=PartnerParkingSessionShape)
    def get(self, _request: Request, id: UUID) -> Response:  # noqa: A002 -- DRF's signature
        """How a stay in one of this key's car parks stands, with its orders; else 404."""
        session = session_at(unit_ids=[unit.pk for unit in self.partner.units], session_id=id)
        at = clock.now()
        orders = [told_order(order, at=at) for order in orders_of(session)]
        return Response(PartnerParkingSessionShape({**told_session(session), "orders": orders}).data)


class PaymentNotices(ApiView):
    """What payment providers tell: no key of ours, but a signature of theirs."""

    authentication_classes = ()
    permission_classes = ()
    calls_per_minute = 6_000
    limit_name = "payment_notices"

    @extend_schema(
        operation_id="payment_notice",
        tags=["parking"],
        request=OpenApiTypes.OBJECT,
        responses=PaymentNoticeShape,
        examples=[OpenApiExample("The sandbox's", value=_NOTICE, request_only=True), examples.NOTICE],
    )
    def post(self, request: Request, provider: str) -> Response:
        """A provider's signed notice about a payment. Twice is as once.

        The sandbox signs as Standard Webhooks do. Refusals: 401 `notice_not_signed`; 409
        `payment_amount_differs`; 404 for an unknown provider or payment.
        """
        body = request._request.body  # noqa: SLF001 -- the very bytes that were signed
        payment = hear_notice(provider=provider, headers=dict(request.headers), body=body, at=clock.now())
        return Response(PaymentNoticeShape({"payment": payment.pk, "state": payment.state}).data)


def _seen(told: Mapping[str, Any], car_park: CarPark) -> Seen:
    return Seen(car_park, told["plate"], told["source_ref"], told["happened_at"], told.get("lane", ""))


def _collected(told: Mapping[str, Any] | None, car_park: CarPark) -> Collected | None:
    if told is None:
        return None
    if told["amount"].currency != car_park.unit.currency:
        raise InvalidRequest(field="collected.amount")
    return Collected(told["amount"].amount, told["ref"])
