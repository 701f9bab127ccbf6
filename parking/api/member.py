"""The member surface's doors to parking: my cars, my stays, what is due, paying it."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from members.api.auth import MemberView
from members.models import Identity
from parking.api.serializers import (
    ParkingOrderShape,
    ParkingPayRequest,
    ParkingQuoteShape,
    ParkingSessionShape,
    VehicleRequest,
    VehicleShape,
)
from parking.api.told import told_order, told_quote
from parking.models import AutoPay, ParkingSession
from parking.selectors.plans import decided
from parking.selectors.plates import vehicles_of
from parking.selectors.sessions import order_of, session_of, sessions_of
from parking.services.ordering import pay_session
from parking.services.vehicles import bind_vehicle, unbind_vehicle


class MyVehicles(MemberView, ListAPIView[Identity]):
    """My cars."""

    ordering = ("-proven_at", "-id")
    serializer_class = VehicleShape
    filter_backends = ()
    queryset = Identity.objects.none()

    @extend_schema(operation_id="my_vehicles", tags=["parking"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """My cars, newest first, their plates masked."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="bind_vehicle", tags=["parking"], request=VehicleRequest, responses={201: VehicleShape}
    )
    def post(self, _request: Request) -> Response:
        """Bind a plate on my word, or change what may be used at the barrier without asking.

        `nothing`; `free`: passes, free hours and receipts of the day; `all`: vouchers and points, too. Money
        is never taken without asking. Refusals: `bad_plate`; `plate_of_another`; `too_many_identities`;
        `member_suspended`.
        """
        asked = self.read(VehicleRequest)
        chosen = asked.get("auto_pay")
        bound = bind_vehicle(
            member=self.member,
            plate=asked["plate"],
            auto_pay=None if chosen is None else AutoPay(chosen),
            by=self.actor,
            at=clock.now(),
        )
        return Response(VehicleShape(bound).data, status=201)

    def get_queryset(self) -> QuerySet[Identity]:
        return vehicles_of(member_id=self.member.pk)


class MyVehicle(MemberView):
    """One of my cars."""

    @extend_schema(operation_id="unbind_vehicle", tags=["parking"], responses={204: None})
    def delete(self, _request: Request, vehicle: UUID) -> Response:
        """Unbind its plate. 404: not mine. Refusal: `member_suspended`."""
        unbind_vehicle(member=self.member, key=vehicle, by=self.actor, at=clock.now())
        return Response(status=204)


class MyParkingSessions(MemberView, ListAPIView[ParkingSession]):
    """My stays."""

    ordering = ("-began_at", "-id")
    serializer_class = ParkingSessionShape
    filter_backends = ()
    queryset = ParkingSession.objects.none()

    @extend_schema(operation_id="my_parking_sessions", tags=["parking"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Where my cars stand and stood, newest first."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[ParkingSession]:
        return sessions_of(member_id=self.member.pk)


class ParkingQuote(MemberView):
    """What is due for a stay."""

    @extend_schema(operation_id="parking_quote", tags=["parking"], request=None, responses=ParkingQuoteShape)
    def post(self, _request: Request, session: UUID) -> Response:
        """What would be due now, why, and how it is best paid: the least money, then the fewest points.

        Stores nothing. 404: no stay of mine.
        """
        found = session_of(member_id=self.member.pk, session_id=session)
        at = clock.now()
        return Response(
            ParkingQuoteShape(
                told_quote(decided(found, member=self.member, at=at, until=found.exited_at))
            ).data
        )


class ParkingPay(MemberView):
    """Paying for a stay."""

    idempotent = True

    @extend_schema(
        operation_id="parking_pay",
        tags=["parking"],
        request=ParkingPayRequest,
        responses={201: ParkingOrderShape, 200: ParkingOrderShape},
    )
    def post(self, _request: Request, session: UUID) -> Response:
        """Pay what is due, in one order. Needs an Idempotency-Key header.

        Without money left it is `paid` at once. Else it is `placed`: rights, vouchers and points stand ready
        until `expires_at`, and `payment.checkout` opens the provider's sheet; look at the order until it is
        paid. 200 instead of 201: an order waits already, and here it is. Refusals: `nothing_due`;
        `parking_quote_changed`; `payment_not_available`; 404: no stay of mine.
        """
        asked = self.read(ParkingPayRequest)
        found = session_of(member_id=self.member.pk, session_id=session)
        at = clock.now()
        placed = pay_session(
            session_id=found.pk, member=self.member, quote=asked.get("quote"), by=self.actor, at=at
        )
        order = order_of(member_id=self.member.pk, order_id=placed.order.pk)
        return Response(
            ParkingOrderShape(told_order(order, at=at)).data, status=200 if placed.is_replay else 201
        )


class MyParkingOrder(MemberView):
    """One of my orders."""

    @extend_schema(operation_id="my_parking_order", tags=["parking"], responses=ParkingOrderShape)
    def get(self, _request: Request, order: UUID) -> Response:
        """How it stands. 404: not mine."""
        found = order_of(member_id=self.member.pk, order_id=order)
        return Response(ParkingOrderShape(told_order(found, at=clock.now())).data)
