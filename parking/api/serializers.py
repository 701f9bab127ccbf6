"""The messages about parking: what gates tell, what members ask, what both are told."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from common.input import FlagField, InstantField, MoneyField, RefField, StrictSerializer
from parking.api import examples
from parking.api.told import told_session, told_vehicle
from parking.models import AutoPay, OrderState, PartKind, PaymentState, SessionState
from units.api.auth import PartnerRequest

DECISIONS = ("open", "pay")


class ParkingPassageRequest(PartnerRequest):
    """A car at a gate."""

    car_park = RefField(max_length=24, help_text=_("The car park's code in the unit."))
    source_ref = RefField(help_text=_("The gate's own number of this passage, unique in the car park."))
    plate = RefField(max_length=40, help_text=_("As the camera read it."))
    happened_at = InstantField(help_text=_("By the gate's clock; up to five minutes ahead of ours."))
    lane = RefField(max_length=40, required=False)


class CollectedRequest(StrictSerializer):
    """Money that the gate or its desk has taken itself."""

    amount = MoneyField(allow_zero=False)
    ref = RefField(max_length=100, help_text=_("The receipt of whoever took it."))


class ParkingExitRequest(ParkingPassageRequest):
    """A car at the exit, or one that has passed it."""

    has_passed = FlagField(
        default=False, help_text=_("It is gone already: an offline gate, or one opened by hand.")
    )
    collected = CollectedRequest(required=False)


class ParkingLineShape(serializers.Serializer[Any]):
    """A line of an explanation."""

    words = serializers.CharField(help_text=_("In the reader's language."))
    amount = MoneyField(source="money")


class ParkingPartShape(ParkingLineShape):
    """What pays a part, and what of it is used."""

    kind = serializers.ChoiceField(PartKind.choices)
    minutes = serializers.IntegerField()
    points = serializers.IntegerField()


@extend_schema_serializer(examples=[examples.QUOTE])
class ParkingQuoteShape(serializers.Serializer[Any]):
    """What is due now, why, and how it is best paid. The parts add up to `due`, to the cent.

    `due` is `fee` less `paid`, and nothing until `leave_before`. `money` is what is left to pay in money.
    """

    fee = MoneyField(help_text=_("Of the whole stay so far."))
    paid = MoneyField()
    due = MoneyField()
    minutes = serializers.IntegerField()
    fee_lines = ParkingLineShape(many=True, help_text=_("They add up to the fee."))
    parts = ParkingPartShape(many=True, help_text=_("They add up to what is due."))
    money = MoneyField(help_text=_("Left to pay in money."))
    points = serializers.IntegerField()
    leave_before = InstantField(allow_null=True)
    quote = serializers.CharField(help_text=_("Agrees to exactly this, for five minutes."))
    valid_until = InstantField()


class ParkingPaymentShape(serializers.Serializer[Any]):
    """Money asked for. `checkout` opens the provider's sheet."""

    id = serializers.UUIDField()
    provider = serializers.CharField()
    amount = MoneyField()
    state = serializers.ChoiceField(PaymentState.choices)
    checkout = serializers.CharField(allow_null=True)


@extend_schema_serializer(examples=[examples.ORDER])
class ParkingOrderShape(serializers.Serializer[Any]):
    """An order. `placed`: its parts stand ready until `expires_at`, money is awaited. The parts add up to
    `fee`.
    """

    id = serializers.UUIDField()
    session = serializers.UUIDField()
    state = serializers.ChoiceField(OrderState.choices)
    fee = MoneyField()
    parts = ParkingPartShape(many=True)
    payment = ParkingPaymentShape(allow_null=True)
    placed_at = InstantField()
    expires_at = InstantField()
    leave_before = InstantField(allow_null=True)


class CarParkShape(serializers.Serializer[Any]):
    """A car park."""

    code = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.CharField()


class ParkingSessionFields(serializers.Serializer[Any]):
    """A stay."""

    id = serializers.UUIDField()
    car_park = CarParkShape()
    plate = serializers.CharField(help_text=_("Masked."))
    state = serializers.ChoiceField(SessionState.choices)
    entered_at = InstantField(allow_null=True)
    exited_at = InstantField(allow_null=True)
    fee = MoneyField(allow_null=True, help_text=_("As of the exit."))


@extend_schema_serializer(examples=[examples.SESSION])
class ParkingSessionShape(ParkingSessionFields):
    """A stay of mine."""

    def to_representation(self, session: Any) -> Any:
        """As both surfaces tell it."""
        return super().to_representation(told_session(session))


class ParkingEntryShape(serializers.Serializer[Any]):
    """What became of an entry."""

    session = ParkingSessionFields()
    server_time = InstantField(help_text=_("To set the gate's clock by."))


class ParkingExitShape(serializers.Serializer[Any]):
    """Whether to open. `pay`: `amount` is left to pay in money with all that the driver has; `parts` say
    what pays.
    """

    decision = serializers.ChoiceField(DECISIONS)
    reason = serializers.CharField(help_text=_("In the reader's language."))
    amount = MoneyField(help_text=_("To be paid in money; zero where the gate opens."))
    due = MoneyField(help_text=_("Before what pays it."))
    fee_lines = ParkingLineShape(many=True)
    parts = ParkingPartShape(many=True)
    order = serializers.UUIDField(allow_null=True)
    session = ParkingSessionFields()
    server_time = InstantField()


@extend_schema_serializer(examples=[examples.PARTNER_SESSION])
class PartnerParkingSessionShape(ParkingSessionFields):
    """A stay with its orders."""

    orders = ParkingOrderShape(many=True)


@extend_schema_serializer(examples=[examples.VEHICLE_ASKED])
class VehicleRequest(StrictSerializer):
    """A plate of mine, and what may be used at the barrier without asking."""

    plate = RefField(max_length=40, help_text=_("In any usual form."))
    auto_pay = serializers.ChoiceField(AutoPay.choices, required=False)


@extend_schema_serializer(examples=[examples.VEHICLE])
class VehicleShape(serializers.Serializer[Any]):
    """A car of mine."""

    id = serializers.UUIDField()
    plate = serializers.CharField(help_text=_("Masked."))
    is_new_energy = serializers.BooleanField()
    auto_pay = serializers.ChoiceField(AutoPay.choices)
    bound_at = InstantField()

    def to_representation(self, identity: Any) -> Any:
        """As it is told."""
        return super().to_representation(told_vehicle(identity))


@extend_schema_serializer(examples=[examples.PAY_ASKED])
class ParkingPayRequest(StrictSerializer):
    """Pay what is due."""

    quote = RefField(
        max_length=1000,
        required=False,
        help_text=_("Exactly what it showed, or refused. Without: what is best now."),
    )


class PaymentNoticeShape(serializers.Serializer[Any]):
    """The notice was taken in."""

    payment = serializers.UUIDField()
    state = serializers.ChoiceField(PaymentState.choices)
