"""Orders: a stay is paid in one order, wholly or not at all.

Decided under the locks of the stay and the member, so that no cap, receipt or right is counted twice. Without
money left an order is paid at once; else its parts stand ready until the money comes or the order expires.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from common.sql import retrying
from members.models import Member
from parking.models import (
    OrderPart,
    OrderState,
    ParkingOrder,
    ParkingSession,
    Payment,
    PaymentState,
)
from parking.rules.fees import cents_of, money
from parking.rules.offers import Line, Plan, Source
from parking.selectors.fees import grace_of
from parking.selectors.plans import Decided, decided, is_agreed
from parking.services import means
from parking.services.locks import lock_member, locked_session
from parking.services.providers import provider_code

ORDER_LIFE: Final = timedelta(minutes=10)
LOOK_AFTER: Final = timedelta(seconds=30)
GATE: Final = "gate"


class NothingDue(DomainError):
    """Nothing is to be paid: the stay is free so far, paid, or within its time to leave."""

    code = "nothing_due"
    title = _("Nothing is to be paid for this stay.")


class ParkingQuoteChanged(DomainError):
    """What is due, or what may pay it, is not what the quote said. Ask for a new quote."""

    code = "parking_quote_changed"
    title = _("What is due has changed. Please look at it again.")


@dataclass(frozen=True, slots=True)
class Placed:
    """An order; `payment`: the money it waits for, or has got. `is_replay`: it was there before."""

    order: ParkingOrder
    payment: Payment | None
    is_replay: bool = False


def pay_session(*, session_id: UUID, member: Member, quote: str | None, by: str, at: datetime) -> Placed:
    """Pay what is due now with everything the member has, and order the money that is left.

    With a `quote`, exactly what it showed. While an order of the stay waits for its money, that order
    answers.

    :raises NothingDue: nothing is to be paid
    :raises ParkingQuoteChanged: the quote's plan is not the best plan any more
    :raises ProviderAway: money is left to pay, and nobody takes any
    """

    @transaction.atomic
    def pay() -> Placed:
        session = locked_session(session_id)
        waiting = open_order(session)
        if waiting is not None:
            if waiting.member_id == member.pk and at < waiting.expires_at:
                return Placed(waiting, _asked_again(waiting, at=at), is_replay=True)
            close_unpaid(waiting, OrderState.CANCELLED, by=by, at=at)
        _claim(session, member)
        lock_member(member.pk)
        now = decided(session, member=member, at=at, until=session.exited_at, is_locked=True)
        if now.due.cents == 0:
            raise NothingDue(leave_before=_told(now.due.leave_before))
        if quote is not None and not is_agreed(quote, now, session_id=session_id, member=member, at=at):
            raise ParkingQuoteChanged
        return place(session, now, member=member, by=by, at=at)

    return retrying(pay)


def place(
    session: ParkingSession,
    now: Decided,
    *,
    member: Member | None,
    by: str,
    at: datetime,
    used_at: datetime | None = None,
) -> Placed:
    """Write the order of a plan, under the locks of its stay and member: paid at once where no money is
    left.

    `used_at`: when the car left, where that is told later: rights are used as of then, as they were decided.
    """
    is_final = now.plan.money == 0
    order = _order_of(session, now.plan.cents, now, member=member, by=by, at=at)
    used = means.take(
        now.plan,
        order=order,
        program=now.offered.program,
        is_final=is_final,
        by=by,
        at=at,
        used_at=used_at or at,
    )
    _write_parts(order, now.plan, used, now)
    if is_final:
        _paid(order, now.due.grace, at)
        return Placed(order, None)
    return Placed(order, ask_for_money(order, at=at))


def place_collected(
    session: ParkingSession, now: Decided, *, amount: Decimal, ref: str, by: str, at: datetime
) -> Placed:
    """Write down what a gate or a desk has collected itself: money that is there already, whatever was due.

    A pass pays its part beside it. `ref` is the receipt of whoever took the money.
    """
    lines = [*now.plan.of(Source.PASS), Line(Source.MONEY, "money", cents_of(amount))]
    plan = Plan(tuple(lines), sum(line.cents for line in lines))
    order = _order_of(session, plan.cents, now, member=session.member, by=by, at=at)
    _write_parts(order, plan, {}, now)
    payment = Payment.objects.create(
        order=order,
        provider=GATE,
        amount=amount,
        currency=order.currency,
        state=PaymentState.SUCCEEDED,
        provider_ref=f"{session.car_park_id}:{ref}",
        asked_at=at,
        paid_at=at,
    )
    _paid(order, now.due.grace, at)
    return Placed(order, payment)


def open_order(session: ParkingSession) -> ParkingOrder | None:
    """The stay's order that waits for its money, under the stay's lock."""
    waiting = ParkingOrder.objects.filter(session=session, state=OrderState.PLACED)
    return waiting.select_related("unit", "member").first()


def close_unpaid(order: ParkingOrder, state: OrderState, *, by: str, at: datetime) -> None:
    """Let go of an order that waits for money: what stood ready is free again. Money that comes late goes
    back.
    """
    means.let_go(order, by=by, at=at)
    order.state, order.closed_at = state, at
    order.save(update_fields=["state", "closed_at"])


def finish(order: ParkingOrder, *, by: str, at: datetime) -> None:
    """The money has come: make final what stood ready.

    :raises DomainError: what stood ready is there no more; the money must go back
    """
    means.complete(order, by=by, at=at)
    _paid(order, grace_of(order.session), at)


def ask_for_money(order: ParkingOrder, *, at: datetime) -> Payment:
    """Ask for the order's money part. The provider hears of it when the member's app opens its sheet."""
    part = order.parts.get(kind=Source.MONEY.value)
    return Payment.objects.create(
        order=order,
        provider=provider_code(),
        amount=part.amount,
        currency=order.currency,
        asked_at=at,
        look_at=at + LOOK_AFTER,
    )


def _order_of(
    session: ParkingSession, cents: int, now: Decided, *, member: Member | None, by: str, at: datetime
) -> ParkingOrder:
    car_park = session.car_park
    return ParkingOrder.objects.create(
        session=session,
        unit=car_park.unit,
        member=member,
        plate_index=bytes(session.plate_index),
        local_day=now.offered.local_day,
        fee=money(cents),
        currency=car_park.unit.currency,
        until_at=now.due.until,
        placed_at=at,
        expires_at=at + ORDER_LIFE,
        placed_by=by,
    )


def _write_parts(order: ParkingOrder, plan: Plan, used: dict[str, means.Used], now: Decided) -> None:
    parts = []
    for place_, line in enumerate(plan.lines, start=1):
        how = used.get(line.key, means.Used())
        ref = how.ref
        if line.source is Source.PASS and now.due.parking_pass is not None:
            ref = str(now.due.parking_pass.pk)
        parts.append(
            OrderPart(
                order=order,
                place=place_,
                kind=line.source.value,
                amount=money(line.cents),
                minutes=line.minutes,
                counted=line.counted,
                points=line.points,
                ref=ref,
                hold=how.hold,
                name_zh=how.name_zh,
                name_en=how.name_en,
            )
        )
    OrderPart.objects.bulk_create(parts)


def _paid(order: ParkingOrder, grace: timedelta, at: datetime) -> None:
    order.state, order.closed_at, order.leave_before = OrderState.PAID, at, at + grace
    order.save(update_fields=["state", "closed_at", "leave_before"])


def _asked_again(order: ParkingOrder, *, at: datetime) -> Payment:
    """The payment that the order waits for; after a failed one, another."""
    waiting = Payment.objects.filter(order=order, state=PaymentState.ASKED).order_by("-asked_at").first()
    return waiting or ask_for_money(order, at=at)


def _claim(session: ParkingSession, member: Member) -> None:
    """A stay that nobody has yet is that of whoever pays with the plate bound."""
    if session.member_id is None:
        session.member = member
        session.save(update_fields=["member"])


def _told(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
