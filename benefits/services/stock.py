"""Stock of rewards: receive, count, and what orders do to it. Each is one movement."""

from datetime import datetime

from django.db import transaction

from benefits.models import Reward, RewardOrder, Stock, StockMove, StockMovement
from benefits.refusals import OddQuantity
from benefits.reward_refusals import OutOfStock, StockTooLow
from common.errors import InvalidRequest
from points.rules.bounds import refuse_odd_instants
from units.models import Outlet

PIECES_MAX = 1_000_000
TEXT_MAX = 300


@transaction.atomic
def open_stock(*, reward: Reward, outlet: Outlet | None) -> Stock:
    """The stock of `reward` at `outlet`; an empty one is made where there is none."""
    stock, _is_new = Stock.objects.get_or_create(reward=reward, outlet=outlet)
    return stock


@transaction.atomic
def receive_stock(*, stock: Stock, quantity: int, by: str, at: datetime, reason: str = "") -> StockMovement:
    """Pieces arrived.

    :raises OddQuantity: not 1 to a million
    """
    refuse_odd_instants(at=at)
    if not 1 <= quantity <= PIECES_MAX:
        raise OddQuantity(quantity_max=PIECES_MAX)
    return _move(stock, StockMove.RECEIVED, on_hand=quantity, reason=reason, by=by, at=at)


@transaction.atomic
def count_stock(*, stock: Stock, counted: int, by: str, at: datetime, reason: str) -> StockMovement | None:
    """Somebody counted `counted` pieces; the difference is written down with its reason. None: there is none.

    :raises StockTooLow: orders that wait have more reserved
    :raises OddQuantity: less than none, or more than a million
    :raises InvalidRequest: no reason
    """
    refuse_odd_instants(at=at)
    if not 0 <= counted <= PIECES_MAX:
        raise OddQuantity(quantity_max=PIECES_MAX)
    if not reason.strip():
        raise InvalidRequest(field="reason")
    now = _locked(stock)
    if counted < now.reserved:
        raise StockTooLow(on_hand=counted, reserved=now.reserved)
    if counted == now.on_hand:
        return None
    return _move(stock, StockMove.COUNTED, on_hand=counted - now.on_hand, reason=reason, by=by, at=at)


def reserve(order: RewardOrder, *, by: str, at: datetime) -> StockMovement:
    """Keep the order's pieces for it, in the caller's transaction. The last thing that is locked.

    :raises OutOfStock: not so many are free
    """
    now = _locked(order.stock)
    left = now.on_hand - now.reserved
    if order.quantity > left:
        raise OutOfStock(left=left)
    return _move(order.stock, StockMove.RESERVED, reserved=order.quantity, order=order, by=by, at=at)


def release(order: RewardOrder, *, by: str, at: datetime) -> StockMovement:
    """The order waits no more: its pieces are free again."""
    return _move(order.stock, StockMove.RELEASED, reserved=-order.quantity, order=order, by=by, at=at)


def take(order: RewardOrder, *, by: str, at: datetime) -> StockMovement:
    """The order's pieces are handed over."""
    gone = -order.quantity
    return _move(order.stock, StockMove.TAKEN, on_hand=gone, reserved=gone, order=order, by=by, at=at)


def take_back(order: RewardOrder, *, by: str, at: datetime) -> StockMovement:
    """A refunded order's pieces are in stock again."""
    return _move(order.stock, StockMove.RETURNED, on_hand=order.quantity, order=order, by=by, at=at)


def _locked(stock: Stock) -> Stock:
    return Stock.objects.select_for_update(no_key=True).get(pk=stock.pk)


def _move(
    stock: Stock,
    kind: StockMove,
    *,
    by: str,
    at: datetime,
    on_hand: int = 0,
    reserved: int = 0,
    order: RewardOrder | None = None,
    reason: str = "",
) -> StockMovement:
    movement = StockMovement(
        stock=stock,
        kind=kind,
        on_hand_change=on_hand,
        reserved_change=reserved,
        order=order,
        reason=reason.strip()[:TEXT_MAX],
        by=by,
        at=at,
    )
    movement.save(force_insert=True)
    return movement
