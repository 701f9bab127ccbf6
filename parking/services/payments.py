"""Money comes, fails, comes late, goes back: what a provider says becomes the state of a payment and its
order.

A payment is settled by the first who hears of it: a notice, a look-up by the schedule, a member who asks. All
come to `settle_payment`, which locks stay, order and payment in this order and does everything once. If the
process dies between the provider's success and our commit, nothing of it was written, and the next who hears
does it. Money that comes after its order ended goes back by itself: what stood ready was freed long ago, and
another order may have paid the stay.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common import Money
from common.errors import DomainError, NotFound
from common.sql import retrying
from parking.models import OrderState, ParkingOrder, Payment, PaymentState
from parking.services import means
from parking.services.locks import locked_session
from parking.services.ordering import GATE, close_unpaid, finish
from parking.services.providers import Answer, Charge, ProviderAway, Word, provider_named

logger = logging.getLogger(__name__)

AT_ONCE_MAX: Final = 500
_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=1)
# A payment that its provider never heard of is given up a day after it was asked.
GIVEN_UP_AFTER: Final = timedelta(days=1)


class OrderNotPaid(DomainError):
    """Only what was paid is refunded. Facts: `state`."""

    code = "order_not_paid"
    title = _("This order is not paid, or refunded already.")


class AmountDiffers(DomainError):
    """The provider tells another amount than was asked for: a person looks at it."""

    code = "payment_amount_differs"
    title = _("The provider tells another amount than was asked for.")


@dataclass(frozen=True, slots=True)
class Settled:
    """What one run of the schedule did."""

    looked_up: int
    expired: int
    refunded: int


def hear_notice(*, provider: str, headers: Mapping[str, str], body: bytes, at: datetime) -> Payment:
    """Take in a provider's signed notice. Twice is as once.

    :raises NotFound: there is no such provider, or it is not a payment of its
    :raises NoticeForged: it is not the provider's
    :raises AmountDiffers: it tells another amount
    """
    payment_id, answer = provider_named(provider).notice(headers, body, at=at)
    if not Payment.objects.filter(pk=payment_id, provider=provider).exists():
        raise NotFound
    return settle_payment(payment_id=payment_id, answer=answer, by=f"provider:{provider}", at=at)


def settle_payment(*, payment_id: UUID, answer: Answer, by: str, at: datetime) -> Payment:
    """Let a provider's answer have its effect, once: the order is paid, or the money is to go back.

    :raises AmountDiffers: it tells another amount than was asked for
    """

    @transaction.atomic
    def settle() -> Payment:
        session_id = ParkingOrder.objects.values_list("session_id", flat=True).get(payments=payment_id)
        locked_session(session_id)
        order = _locked_order(Payment.objects.values_list("order_id", flat=True).get(pk=payment_id))
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
        if payment.state not in (PaymentState.ASKED, PaymentState.FAILED) or answer.word is Word.PENDING:
            return payment
        if answer.word is Word.FAILED:
            return _failed(payment, answer)
        if answer.money != Money(payment.amount, payment.currency):
            raise AmountDiffers
        return _succeeded(payment, order, answer, by=by, at=at)

    return retrying(settle)


def ask_provider(*, payment: Payment, by: str, at: datetime) -> Payment:
    """Ask the provider how a payment stands, and let its answer have its effect. Not within a transaction's
    locks.

    :raises ProviderAway: no answer; it is asked again later
    """
    answer = provider_named(payment.provider).look_up(charge_of(payment))
    return settle_payment(payment_id=payment.pk, answer=answer, by=by, at=at)


def settle_due(*, by: str, at: datetime) -> Settled:
    """Each minute: look up what is unanswered, let unpaid orders expire, push refunds. Safe to repeat or be
    killed.
    """
    looked = sum(_looked_up(pk, by=by, at=at) for pk in _due(PaymentState.ASKED, at))
    expired = 0
    ending = ParkingOrder.objects.filter(state=OrderState.PLACED, expires_at__lte=at)
    for pk in list(ending.order_by("expires_at").values_list("pk", flat=True)[:AT_ONCE_MAX]):
        expired += _expire(pk, by=by, at=at)
    refunded = sum(push_refund(payment_id=pk, at=at) for pk in _due(PaymentState.REFUND_DUE, at))
    return Settled(looked, expired, refunded)


def refund_order(*, order_id: UUID, reason: str, by: str, at: datetime) -> ParkingOrder:
    """Give everything back that an order took: rights, vouchers, receipts, points, and the money at its
    provider.

    Whole orders only. Money that a gate collected is given back where it was collected: it shows as due.

    :raises OrderNotPaid: it is not paid, or was refunded before
    """

    @transaction.atomic
    def give_back() -> ParkingOrder:
        locked_session(ParkingOrder.objects.values_list("session_id", flat=True).get(pk=order_id))
        order = _locked_order(order_id)
        if order.state != OrderState.PAID:
            raise OrderNotPaid(state=order.state)
        means.give_back(order, by=by, at=at)
        order.state, order.refunded_at = OrderState.REFUNDED, at
        order.refunded_by, order.refund_reason = by, reason
        order.save(update_fields=["state", "refunded_at", "refunded_by", "refund_reason"])
        Payment.objects.filter(order=order, state=PaymentState.SUCCEEDED).update(
            state=PaymentState.REFUND_DUE, look_at=at
        )
        return order

    order = retrying(give_back)
    for pk in order.payments.filter(state=PaymentState.REFUND_DUE).values_list("pk", flat=True):
        push_refund(payment_id=pk, at=at)
    return order


def push_refund(*, payment_id: UUID, at: datetime) -> bool:
    """Ask the provider to give the money back; whether it said yes. Unanswered, it is asked again later."""
    payment = Payment.objects.get(pk=payment_id)
    if payment.provider != GATE:
        try:
            provider_named(payment.provider).refund(charge_of(payment))
        except ProviderAway:
            _later(payment, at=at)
            return False
    changed = Payment.objects.filter(pk=payment_id, state=PaymentState.REFUND_DUE).update(
        state=PaymentState.REFUNDED, refunded_at=at, look_at=None
    )
    return bool(changed)


def charge_of(payment: Payment) -> Charge:
    """A payment as its provider knows it."""
    return Charge(payment.pk, Money(payment.amount, payment.currency))


def _locked_order(order_id: UUID) -> ParkingOrder:
    rows = ParkingOrder.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("unit", "member", "session").get(pk=order_id)


def _failed(payment: Payment, answer: Answer) -> Payment:
    payment.state, payment.failure, payment.look_at = PaymentState.FAILED, answer.failure[:80], None
    payment.save(update_fields=["state", "failure", "look_at"])
    return payment


def _succeeded(payment: Payment, order: ParkingOrder, answer: Answer, *, by: str, at: datetime) -> Payment:
    payment.state, payment.paid_at, payment.look_at = PaymentState.SUCCEEDED, at, None
    payment.provider_ref, payment.failure = answer.ref, ""
    if order.state == OrderState.PLACED:
        try:
            with transaction.atomic():
                finish(order, by=by, at=at)
        except DomainError:
            logger.exception("order %s could not be finished: its money goes back", order.pk)
            order.refresh_from_db()
            close_unpaid(order, OrderState.EXPIRED, by=by, at=at)
    if order.state != OrderState.PAID or _is_paid_otherwise(order, payment):
        payment.state, payment.look_at = PaymentState.REFUND_DUE, at
    payment.save(update_fields=["state", "paid_at", "look_at", "provider_ref", "failure"])
    return payment


def _is_paid_otherwise(order: ParkingOrder, payment: Payment) -> bool:
    return Payment.objects.filter(order=order, state=PaymentState.SUCCEEDED).exclude(pk=payment.pk).exists()


def _due(state: PaymentState, at: datetime) -> list[UUID]:
    due = Payment.objects.filter(state=state, look_at__lte=at).order_by("look_at")
    return list(due.values_list("pk", flat=True)[:AT_ONCE_MAX])


def _looked_up(payment_id: UUID, *, by: str, at: datetime) -> bool:
    """Whether the provider had something to say."""
    payment = Payment.objects.select_related("order").get(pk=payment_id)
    try:
        after = ask_provider(payment=payment, by=by, at=at)
    except ProviderAway:
        _later(payment, at=at)
        return False
    if after.state == PaymentState.ASKED:
        _later(payment, at=at)
    return after.state != PaymentState.ASKED


def _later(payment: Payment, *, at: datetime) -> None:
    """Each pause is twice the last one. What its provider never heard of is given up after a day."""
    pause = min(_FIRST_PAUSE * 2 ** min(payment.looked, 12), _LONGEST_PAUSE)
    is_over = payment.state == PaymentState.ASKED and at - payment.asked_at >= GIVEN_UP_AFTER
    Payment.objects.filter(pk=payment.pk, state=payment.state).update(
        look_at=None if is_over else at + pause, looked=payment.looked + 1
    )


def _expire(order_id: UUID, *, by: str, at: datetime) -> bool:
    @transaction.atomic
    def expire() -> bool:
        locked_session(ParkingOrder.objects.values_list("session_id", flat=True).get(pk=order_id))
        order = _locked_order(order_id)
        if order.state != OrderState.PLACED or order.expires_at > at:
            return False
        close_unpaid(order, OrderState.EXPIRED, by=by, at=at)
        return True

    return retrying(expire)
