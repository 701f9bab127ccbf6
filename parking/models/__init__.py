"""Car parks and what stands in them, what a stay costs, and how it is paid."""

from parking.models.car_park import AutoPay, CarPark, Vehicle
from parking.models.order import (
    LIVE_STATES,
    OrderPart,
    OrderState,
    ParkingOrder,
    PartKind,
    PointsPaid,
    ReceiptUse,
)
from parking.models.parking_pass import ParkingPass
from parking.models.payment import Payment, PaymentState, SandboxCharge
from parking.models.session import ParkingSession, Passage, SessionState
from parking.models.tariff import CapPeriod, ReliefTerms, Tariff

__all__ = [
    "LIVE_STATES",
    "AutoPay",
    "CapPeriod",
    "CarPark",
    "OrderPart",
    "OrderState",
    "ParkingOrder",
    "ParkingPass",
    "ParkingSession",
    "PartKind",
    "Passage",
    "Payment",
    "PaymentState",
    "PointsPaid",
    "ReceiptUse",
    "ReliefTerms",
    "SandboxCharge",
    "SessionState",
    "Tariff",
    "Vehicle",
]
