"""Refund an order that was handed over: the points go back where they came from, the goods perhaps too."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from benefits.models import OrderAct, OrderState, RewardKind, RewardOrder, Voucher, VoucherState
from benefits.reward_refusals import OrderNotFulfilled, VouchersUsedUp
from benefits.services.reward_orders import (
    OrderDone,
    add_event,
    closed_words,
    locked_order,
    order_anew,
    voucher_cause,
)
from benefits.services.stock import take_back
from benefits.services.voucher_batches import void_voucher
from common.errors import InvalidRequest
from points.rules.bounds import refuse_odd_instants
from points.services.reversal import reverse_payment
from units.models import BusinessUnit


@transaction.atomic
def refund_order(
    *,
    order_id: UUID,
    units: list[BusinessUnit] | None,
    is_returned: bool,
    reason: str,
    by: str,
    at: datetime,
    receipt_ref: str = "",
) -> OrderDone:
    """Give the points of an order back; with `is_returned` its pieces are in stock again. Twice is as once.

    `receipt_ref` is the till's receipt that paid the money back. Vouchers that the order gave are withdrawn:
    it is all of them, unused, or no refund.

    :raises OrderNotFound: these units (None: all) have no such order
    :raises OrderNotFulfilled: nothing was handed over
    :raises VouchersUsedUp: what the order gave was used
    :raises InvalidRequest: no reason
    :raises MemberErased: nothing is written down about them any more
    """
    refuse_odd_instants(at=at)
    if not reason.strip():
        raise InvalidRequest(field="reason")
    words = closed_words(order_id, reason)
    order = locked_order(order_id, units)
    if order.state == OrderState.REFUNDED:
        return OrderDone(order, is_replay=True)
    if order.state != OrderState.FULFILLED:
        raise OrderNotFulfilled(state=order.state)
    reverse_payment(
        payment_id=order.hold_id,
        units=[order.unit],
        points=None,
        source_ref=f"reward-order:{order.pk}:refund",
        by=by,
        at=at,
    )
    if order.reward.kind == RewardKind.VOUCHER:
        _withdraw_vouchers(order, by=by, at=at)
    if is_returned:
        take_back(order, by=by, at=at)
    add_event(order, OrderAct.REFUNDED, receipt_ref=receipt_ref, reason=words, by=by, at=at)
    return OrderDone(order_anew(order), is_replay=False)


def _withdraw_vouchers(order: RewardOrder, *, by: str, at: datetime) -> None:
    causes = [voucher_cause(order, number) for number in range(1, order.quantity + 1)]
    rows = Voucher.objects.select_for_update(no_key=True).filter(member_id=order.member_id, cause__in=causes)
    vouchers = list(rows.defer("code").order_by("id"))
    if any(voucher.state != VoucherState.ISSUED for voucher in vouchers):
        raise VouchersUsedUp
    for voucher in vouchers:
        void_voucher(voucher_id=voucher.pk, by=by, at=at, reason=f"refund of reward order {order.pk}")
