"""Rows and decisions as the messages of both surfaces tell them."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from common import Money
from members.models import Identity
from members.rules.masking import masked_plate
from members.rules.plate import is_new_energy
from parking.models import AutoPay, ParkingOrder, ParkingSession, Payment, PaymentState
from parking.rules.fees import money
from parking.selectors.plans import Decided
from parking.selectors.words import fee_lines, order_lines, plan_lines, why_open
from parking.services.gate import Exit
from parking.services.payments import charge_of
from parking.services.providers import provider_named


def told_session(session: ParkingSession) -> dict[str, Any]:
    """A stay, its plate masked."""
    car_park = session.car_park
    return {
        "id": session.pk,
        "car_park": {"code": car_park.code, "name": car_park.name, "unit": car_park.unit.code},
        "plate": masked_plate(session.plate),
        "state": session.state,
        "entered_at": session.entered_at,
        "exited_at": session.exited_at,
        "fee": None if session.fee is None else Money(session.fee, car_park.unit.currency),
    }


def told_quote(now: Decided) -> dict[str, Any]:
    """What is due and how it is best paid."""
    due, currency = now.due, now.due.session.car_park.unit.currency
    return {
        "fee": Money(money(due.fee_cents), currency),
        "paid": Money(money(due.paid_cents), currency),
        "due": Money(money(due.cents), currency),
        "minutes": due.minutes,
        "fee_lines": fee_lines(due),
        "parts": plan_lines(now),
        "money": Money(money(now.plan.money), currency),
        "points": now.plan.points,
        "leave_before": due.leave_before,
        "quote": now.token,
        "valid_until": now.valid_until,
    }


def told_order(order: ParkingOrder, *, at: datetime) -> dict[str, Any]:
    """An order with the payment that counts: the one that is awaited, else the one that came."""
    payments = sorted(order.payments.all(), key=lambda one: (one.state != PaymentState.FAILED, one.asked_at))
    return {
        "id": order.pk,
        "session": order.session_id,
        "state": order.state,
        "fee": Money(order.fee, order.currency),
        "parts": order_lines(order),
        "payment": _told_payment(payments[-1], at=at) if payments else None,
        "placed_at": order.placed_at,
        "expires_at": order.expires_at,
        "leave_before": order.leave_before,
    }


def told_exit(answer: Exit, *, at: datetime) -> dict[str, Any]:
    """What the gate is told."""
    now, currency = answer.decision, answer.session.car_park.unit.currency
    to_pay = 0 if answer.opens else now.plan.money
    reason = why_open(now, has_order=answer.order is not None) if answer.opens else _("To be paid first.")
    return {
        "decision": "open" if answer.opens else "pay",
        "reason": reason,
        "amount": Money(money(to_pay), currency),
        "due": Money(money(now.due.cents), currency),
        "fee_lines": fee_lines(now.due),
        "parts": plan_lines(now),
        "order": None if answer.order is None else answer.order.pk,
        "session": told_session(answer.session),
        "server_time": at,
    }


def told_vehicle(identity: Identity) -> dict[str, Any]:
    """A car, its plate masked."""
    chosen = getattr(identity, "vehicle", None)
    return {
        "id": identity.key,
        "plate": masked_plate(identity.value),
        "is_new_energy": is_new_energy(identity.value),
        "auto_pay": AutoPay.FREE if chosen is None else chosen.auto_pay,
        "bound_at": identity.proven_at,
    }


def _told_payment(payment: Payment, *, at: datetime) -> dict[str, Any]:
    is_open = payment.state == PaymentState.ASKED
    return {
        "id": payment.pk,
        "provider": payment.provider,
        "amount": Money(payment.amount, payment.currency),
        "state": payment.state,
        "checkout": provider_named(payment.provider).checkout(charge_of(payment), at=at) if is_open else None,
    }
