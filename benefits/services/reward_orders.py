"""Orders of rewards: quote, place, hand over, cancel, time out.

An order holds its points and reserves its pieces in one transaction, and lets go of both in one: a process
that is killed between the two leaves neither. Locks: the order, the member's wallets, the reward where its
total is limited, vouchers, the stock (docs/locking.md).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from benefits.models import OrderAct, OrderState, Reward, RewardKind, RewardOrder, RewardOrderEvent, Stock
from benefits.refusals import OddQuantity
from benefits.reward_refusals import (
    MemberLimitReached,
    MoneyReceiptNeeded,
    OrderEnded,
    OrderNotFound,
    OutletNeeded,
    OutOfStock,
    ReceiptTaken,
    RewardLimitReached,
    RewardNotForYou,
)
from benefits.rules.offering import pickup_ends
from benefits.selectors.rewards import (
    left_in,
    pieces_of_member,
    pieces_ordered,
    standing_of,
    why_not_for,
)
from benefits.services.stock import release, reserve, take
from benefits.services.voucher_batches import issue_voucher_to
from common.clock import uuid7
from members.data_keys import sealed_for
from members.models import Member
from members.selectors.aliases import ids_of
from points.refusals import ReferenceReused
from points.rules.bounds import refuse_odd_instants, refuse_odd_reference
from points.services.holds import capture_hold, hold_points, void_hold
from points.services.redemption import Quote, quote_redemption
from units.models import BusinessUnit, Outlet

EXPIRED_AT_ONCE = 200
_OF_REWARD = ("reward__program", "reward__provider", "reward__batch")


@dataclass(frozen=True, slots=True)
class OrderDone:
    """The order as it stands, and whether an earlier call had already done this."""

    order: RewardOrder
    is_replay: bool


def quote_order(
    *, member: Member, reward: Reward, outlet: Outlet | None, quantity: int, at: datetime
) -> Quote:
    """Show what every wallet would pay. Writes nothing; lives five minutes.

    :raises RewardNotForYou, OutletNeeded, OutOfStock, RewardLimitReached, MemberLimitReached, OddQuantity:
        the order would be refused
    :raises DomainError: what a quote of points refuses (points/services/redemption.py)
    """
    stock = _orderable(member, reward, outlet, quantity, at)
    return quote_redemption(
        member=member,
        program=reward.program,
        unit=_honouring(reward, stock),
        price=reward.price_points * quantity,
        at=at,
    )


@transaction.atomic
def place_order(
    *,
    member: Member,
    reward: Reward,
    outlet: Outlet | None,
    quantity: int,
    order_ref: str,
    by: str,
    at: datetime,
    quote_token: str | None = None,
) -> OrderDone:
    """Order pieces for `member`: points held and pieces reserved until the time to pick them up is over.

    A voucher is given at once. With a quote, exactly what it showed. Safe to retry: the same `order_ref` of
    the member orders once. Of two at once the second fails on its unique reference; its retry finds the
    first.

    :raises RewardNotForYou: not offered now, or not to this member
    :raises OutletNeeded: several outlets have it and none is named, or the named one has it not
    :raises OutOfStock, RewardLimitReached, MemberLimitReached: no piece is left for this member
    :raises OddQuantity: more pieces than an order takes
    :raises ReferenceReused: the reference stands for another order
    :raises DomainError: what a hold refuses (points/services/holds.py): insufficient_points, quote_changed …
    """
    refuse_odd_instants(at=at)
    refuse_odd_reference(order_ref)
    earlier = RewardOrder.objects.filter(member=member, order_ref=order_ref).first()
    if earlier is not None:
        if (earlier.reward_id, earlier.quantity) != (reward.pk, quantity):
            raise ReferenceReused(source_ref=order_ref)
        return OrderDone(earlier, is_replay=True)
    stock = _orderable(member, reward, outlet, quantity, at)
    order = _held(stock, member=member, quantity=quantity, by=by, at=at, quote_token=quote_token)
    # Under the locks of the member's wallets, and of the reward: nobody orders beside this one.
    if reward.limit_total is not None:
        Reward.objects.select_for_update(no_key=True).only("pk").get(pk=reward.pk)
    _refuse_limits(member, reward, quantity, at)
    order.order_ref = order_ref
    order.save(force_insert=True)
    add_event(order, OrderAct.PLACED, by=by, at=at)
    reserve(order, by=by, at=at)
    if reward.kind == RewardKind.VOUCHER:
        _hand_over(order, receipt_ref="", by=by, at=at)
    return OrderDone(order_anew(order), is_replay=False)


@transaction.atomic
def fulfil_order(
    *, order_id: UUID, units: list[BusinessUnit], by: str, at: datetime, receipt_ref: str = ""
) -> OrderDone:
    """Hand an order over at one of `units`: its points are spent, its pieces leave the stock.

    The money, where the price has some, was paid at the till under `receipt_ref`. Doing so twice is doing so
    once.

    :raises OrderNotFound: these units have no such order
    :raises OrderEnded: cancelled, refunded, or not picked up in time
    :raises MoneyReceiptNeeded: a part is paid in money
    :raises ReceiptTaken: the receipt paid another order
    """
    refuse_odd_instants(at=at)
    if receipt_ref:
        refuse_odd_reference(receipt_ref)
    order = locked_order(order_id, units)
    if order.state == OrderState.FULFILLED:
        return OrderDone(order, is_replay=True)
    _refuse_ended(order, at)
    if order.money > 0 and not receipt_ref:
        raise MoneyReceiptNeeded(field="receipt_ref", money=str(order.money), currency=order.currency)
    if receipt_ref and _is_taken(order, receipt_ref):
        raise ReceiptTaken(receipt_ref=receipt_ref)
    _hand_over(order, receipt_ref=receipt_ref, by=by, at=at)
    return OrderDone(order_anew(order), is_replay=False)


@transaction.atomic
def cancel_order(
    *, order_id: UUID, by: str, at: datetime, member: Member | None = None, reason: str = ""
) -> OrderDone:
    """Give up an order that waits: its points and pieces are free again. Twice is as once.

    With a `member`, only their own.

    :raises OrderNotFound: there is none, or it is somebody else's
    :raises OrderEnded: handed over (it is refunded instead), or its time is over
    """
    refuse_odd_instants(at=at)
    words = closed_words(order_id, reason)
    order = locked_order(order_id, None, member=member)
    if order.state == OrderState.CANCELLED:
        return OrderDone(order, is_replay=True)
    _refuse_ended(order, at)
    _let_go(order, OrderAct.CANCELLED, by=by, at=at, reason=words)
    return OrderDone(order_anew(order), is_replay=False)


def expire_orders(*, at: datetime) -> int:
    """End every order that nobody picked up in time; how many. Safe to run twice, at once or to be killed.

    Its hold ends at the same instant: whichever job comes first, points can be used again from then on.
    """
    refuse_odd_instants(at=at)
    ended = 0
    while True:
        due = RewardOrder.objects.filter(state=OrderState.PLACED, expires_at__lte=at)
        chunk = list(due.order_by("expires_at", "id").values_list("pk", flat=True)[:EXPIRED_AT_ONCE])
        done = sum(_expire(pk, at) for pk in chunk)
        ended += done
        # Whoever is locked by another run is that one's.
        if not done:
            return ended


@transaction.atomic
def _expire(order_id: UUID, at: datetime) -> bool:
    rows = RewardOrder.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    waiting = rows.filter(pk=order_id, state=OrderState.PLACED).select_related("stock", "unit").first()
    if waiting is None:
        return False
    _let_go(waiting, OrderAct.EXPIRED, by="expire_reward_orders", at=at)
    return True


def locked_order(
    order_id: UUID, units: list[BusinessUnit] | None, *, member: Member | None = None
) -> RewardOrder:
    """The order as it is now, locked until the transaction ends: of `units` (None: any), of `member`.

    :raises OrderNotFound: there is none of them
    """
    rows = RewardOrder.objects.select_for_update(of=("self",), no_key=True).select_related(
        "reward__batch", "reward__program", "stock", "unit", "member"
    )
    if units is not None:
        rows = rows.filter(unit__in=units)
    if member is not None:
        rows = rows.filter(member_id__in=ids_of(member.pk))
    order = rows.filter(pk=order_id).first()
    if order is None:
        raise OrderNotFound
    return order


def add_event(
    order: RewardOrder, kind: OrderAct, *, by: str, at: datetime, receipt_ref: str = "", reason: bytes = b""
) -> None:
    """Write what happened; the database moves the order. `reason`: see closed_words."""
    RewardOrderEvent(
        order=order, kind=kind, unit=order.unit, receipt_ref=receipt_ref, reason=reason, by=by, at=at
    ).save(force_insert=True)


def closed_words(order_id: UUID, reason: str) -> bytes:
    """A person's words about an order, closed with its member's key: before the order and wallets are locked.

    :raises members.data_keys.MemberErased: nothing is written down about them any more
    """
    member_id = RewardOrder.objects.filter(pk=order_id).values_list("member_id", flat=True).first()
    return b"" if member_id is None else sealed_for(member_id, reason.strip())


def end_waiting_orders(*, member_ids: Collection[UUID], by: str, at: datetime) -> int:
    """Give up every order of these members that waits: points and pieces are free again. How many.

    Inside the caller's transaction. Safe to repeat.
    """
    rows = RewardOrder.objects.select_for_update(of=("self",), no_key=True).select_related("stock", "unit")
    waiting = list(rows.filter(member_id__in=member_ids, state=OrderState.PLACED).order_by("pk"))
    for order in waiting:
        act = OrderAct.EXPIRED if order.expires_at <= at else OrderAct.CANCELLED
        _let_go(order, act, by=by, at=at)
    return len(waiting)


def order_anew(order: RewardOrder) -> RewardOrder:
    """The order as it stands now."""
    rows = RewardOrder.objects.select_related("member", "reward", "program", "unit", "outlet")
    return rows.get(pk=order.pk)


def voucher_cause(order: RewardOrder, number: int) -> str:
    """What the order's voucher of this number says it was given for."""
    return f"reward-order:{order.pk}:{number}"


def _orderable(member: Member, reward: Reward, outlet: Outlet | None, quantity: int, at: datetime) -> Stock:
    """Where the order would be taken from, if it were placed now. Looked at again under the locks."""
    if not 1 <= quantity <= reward.quantity_max:
        raise OddQuantity(field="quantity", quantity_max=reward.quantity_max)
    why = why_not_for(reward, standing_of(member_ids=ids_of(member.pk), at=at), at=at)
    if why is not None:
        raise RewardNotForYou(why=why)
    stock = _stock_of(reward, outlet)
    if quantity > left_in(stock):
        raise OutOfStock(left=left_in(stock))
    _refuse_limits(member, reward, quantity, at)
    return stock


def _held(
    stock: Stock, *, member: Member, quantity: int, by: str, at: datetime, quote_token: str | None
) -> RewardOrder:
    """The order, not written yet, with its points held until the time to pick it up is over."""
    reward, order_id = stock.reward, uuid7()
    unit = _honouring(reward, stock)
    ends = pickup_ends(at=at, days=reward.pickup_days, time_zone=reward.program.time_zone)
    hold = hold_points(
        member=member,
        program=reward.program,
        unit=unit,
        price=reward.price_points * quantity,
        source_ref=f"reward-order:{order_id}",
        by=by,
        at=at,
        quote_token=quote_token,
        life=ends - at,
    ).hold
    return RewardOrder(
        id=order_id,
        member=member,
        reward=reward,
        stock=stock,
        unit=unit,
        outlet=stock.outlet,
        quantity=quantity,
        program=reward.program,
        points=hold.points,
        money=reward.price_money * quantity,
        cost=reward.cost * quantity,
        currency=reward.currency,
        hold=hold,
        placed_at=at,
        expires_at=hold.expires_at,
    )


def _stock_of(reward: Reward, outlet: Outlet | None) -> Stock:
    rows = Stock.objects.filter(reward=reward).select_related("outlet__unit", *_OF_REWARD)
    stocks = list(rows.order_by("id"))
    fitting = [stock for stock in stocks if outlet is None or stock.outlet_id == outlet.pk]
    if len(fitting) == 1:
        return fitting[0]
    if not stocks:
        raise OutOfStock(left=0)
    raise OutletNeeded(field="outlet", outlets=[stock.outlet.code for stock in stocks if stock.outlet])


def _honouring(reward: Reward, stock: Stock) -> BusinessUnit:
    return reward.provider if stock.outlet is None else stock.outlet.unit


def _refuse_limits(member: Member, reward: Reward, quantity: int, at: datetime) -> None:
    if reward.limit_member is not None:
        mine = pieces_of_member(reward=reward, member_ids=ids_of(member.pk), at=at)
        if quantity > reward.limit_member - mine:
            raise MemberLimitReached(
                left=max(0, reward.limit_member - mine),
                limit=reward.limit_member,
                period=reward.limit_period,
            )
    if reward.limit_total is not None:
        left = reward.limit_total - pieces_ordered(reward=reward)
        if quantity > left:
            raise RewardLimitReached(left=max(0, left))


def _refuse_ended(order: RewardOrder, at: datetime) -> None:
    if order.state != OrderState.PLACED:
        raise OrderEnded(state=order.state)
    if order.expires_at <= at:
        raise OrderEnded(state=OrderState.EXPIRED)


def _is_taken(order: RewardOrder, receipt_ref: str) -> bool:
    paid = RewardOrderEvent.objects.filter(kind=OrderAct.FULFILLED, unit=order.unit, receipt_ref=receipt_ref)
    return paid.exists()


def _hand_over(order: RewardOrder, *, receipt_ref: str, by: str, at: datetime) -> None:
    capture_hold(hold_id=order.hold_id, units=[order.unit], points=None, by=by, at=at)
    take(order, by=by, at=at)
    add_event(order, OrderAct.FULFILLED, receipt_ref=receipt_ref, by=by, at=at)
    batch = order.reward.batch
    if batch is None:
        return
    for number in range(1, order.quantity + 1):
        issue_voucher_to(member=order.member, batch=batch, cause=voucher_cause(order, number), by=by, at=at)


def _let_go(order: RewardOrder, kind: OrderAct, *, by: str, at: datetime, reason: bytes = b"") -> None:
    void_hold(hold_id=order.hold_id, units=[order.unit], at=at)
    release(order, by=by, at=at)
    add_event(order, kind, by=by, at=at, reason=reason)
