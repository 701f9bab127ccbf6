"""What the database itself refuses of orders, stock and vouchers: each step that no service would take."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from benefits.models import (
    RewardOrder,
    RewardOrderEvent,
    Stock,
    StockMovement,
    Voucher,
    VoucherBatch,
    VoucherEvent,
)
from benefits.reward_refusals import OrderNotFound
from benefits.services.reward_orders import cancel_order, fulfil_order
from benefits.services.reward_refunds import refund_order
from benefits.services.voucher_batches import close_batch
from benefits.services.vouchers import lock_voucher, restore_voucher
from points.services.holds import hold_points
from tests.benefits.shop import Shop
from tests.benefits.vouchers import issue, make_vouchers_of, use
from tests.factories import NOW, make_outlet, make_unit
from tests.refusing import refused_in

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def shop():
    return Shop()


def event(order, kind, *, at=NOW, **fields):
    return RewardOrderEvent.objects.create(order=order, kind=kind, unit=order.unit, by="x", at=at, **fields)


def refused(match):
    tables = (RewardOrder, RewardOrderEvent, Stock, StockMovement, Voucher, VoucherEvent)
    return refused_in(*tables, match=match)


@pytest.mark.parametrize("kind", ["placed", "fulfilled", "cancelled", "expired"])
def test_an_order_that_has_ended_takes_no_step(shop, kind):
    order = shop.order()
    cancel_order(order_id=order.pk, by="test", at=NOW)

    with refused("is cancelled"):
        event(order, kind, at=order.expires_at)


def test_an_order_that_waits_is_neither_refunded_nor_placed_again(shop):
    order = shop.order()

    for kind in ("refunded", "placed"):
        with refused("is placed"):
            event(order, kind)


def test_an_order_is_handed_over_before_its_time_is_over_and_expires_after(shop):
    order = shop.order()

    with refused("expired refused"):
        event(order, "expired", at=order.expires_at - MINUTE)
    with refused("fulfilled refused"):
        event(order, "fulfilled", at=order.expires_at)
    event(order, "expired", at=order.expires_at)


def test_a_money_part_is_handed_over_under_a_receipt_that_pays_once():
    shop = Shop(price_money=Decimal("9.90"))
    one, other = shop.order(), shop.order()

    with refused("fulfilled refused"):
        event(one, "fulfilled")
    event(one, "fulfilled", receipt_ref="till")
    with refused("one_receipt_pays_one_order"):
        event(other, "fulfilled", receipt_ref="till")


def test_a_stock_begins_empty_and_an_order_placed(shop):
    with refused("begins empty"):
        Stock.objects.create(reward=shop.reward, outlet=make_outlet(shop.mall), on_hand=5)
    order = shop.order()
    for told in ({"state": "fulfilled", "closed_at": NOW}, {"moves": 1}):
        copy = RewardOrder.objects.get(pk=order.pk)
        copy.pk, copy.order_ref, copy.moves = None, "copy", 0
        copy.id = RewardOrder._meta.pk.get_default()
        for name, value in told.items():
            setattr(copy, name, value)
        with refused("begins placed"):
            copy.save(force_insert=True)


@pytest.mark.parametrize(
    ("first", "again", "name"),
    [
        ("", "reserved", "order_reserves_once"),
        ("taken", "released", "order_frees_once"),
        ("returned", "returned", "order_comes_back_once"),
    ],
)
def test_an_order_moves_its_stock_once(first, again, name):
    shop = Shop(quantity_max=3)
    order = shop.order()
    shop.order()
    moves = {"reserved": (0, 1), "released": (0, -1), "taken": (-1, -1), "returned": (1, 0)}

    def move(kind):
        on_hand, reserved = moves[kind]
        StockMovement.objects.create(
            stock=shop.stock,
            kind=kind,
            on_hand_change=on_hand,
            reserved_change=reserved,
            order=order,
            by="x",
            at=NOW,
        )

    if first:
        move(first)
    with refused(name):
        move(again)


def test_a_reference_of_a_member_orders_once(shop):
    order = shop.order(ref="once")
    order.pk, order.id = None, RewardOrder._meta.pk.get_default()
    order.state, order.moves = "placed", 0
    told = {"member": shop.member, "program": shop.program, "unit": shop.mall, "price": 100}
    order.hold = hold_points(**told, source_ref="x", by="x", at=NOW).hold

    with refused("one_reference_orders_once"):
        order.save(force_insert=True)


def test_another_units_order_is_not_refunded(shop):
    order = shop.order()
    fulfil_order(order_id=order.pk, units=[shop.mall], by="test", at=NOW)

    with pytest.raises(OrderNotFound):
        refund_order(order_id=order.pk, units=[make_unit()], is_returned=True, reason="x", by="x", at=NOW)


@pytest.fixture
def mall():
    return make_unit()


def step(voucher, kind, *, at=NOW, **told):
    sale = (
        {"unit": voucher.batch.issuer, "source_ref": "sale"} if kind in ("locked", "used", "restored") else {}
    )
    if kind in ("used", "restored"):
        sale |= {"value": Decimal(20), "currency": "CNY"}
    if kind == "locked":
        sale["until"] = at + 15 * MINUTE
    fields = {"by": "x", "at": at, "recorded_at": at} | sale | told
    return VoucherEvent.objects.create(voucher=voucher, kind=kind, **fields)


@pytest.mark.parametrize("kind", ["issued", "released", "restored"])
def test_a_fresh_voucher_takes_no_such_step(mall, kind):
    with refused("refused"):
        step(issue(make_vouchers_of(mall)), kind)


@pytest.mark.parametrize("kind", ["issued", "locked", "released", "used", "expired", "voided"])
def test_a_used_voucher_takes_no_such_step(mall, kind):
    voucher = issue(make_vouchers_of(mall))
    use(voucher, mall)

    with refused("refused"):
        step(voucher, kind, source_ref="other", at=NOW if kind != "expired" else voucher.expires_at)


@pytest.mark.parametrize("kind", ["locked", "used"])
def test_a_voucher_moves_in_its_time_only(mall, kind):
    voucher = issue(make_vouchers_of(mall))

    for at in (voucher.valid_from - MINUTE, voucher.expires_at):
        with refused("not in its time"):
            step(voucher, kind, at=at)
    with refused("not in its time"):
        step(voucher, "expired", at=voucher.expires_at - MINUTE)


def test_a_locked_voucher_is_used_by_its_sale_before_the_lock_ends(mall):
    voucher = issue(make_vouchers_of(mall))
    lock_voucher(voucher_id=voucher.pk, unit=mall, source_ref="sale", by="test", at=NOW)

    with refused("not in its time"):
        step(voucher, "used", source_ref="other")
    with refused("not in its time"):
        step(voucher, "used", unit=make_unit())
    with refused("not in its time"):
        step(voucher, "used", at=NOW + 15 * MINUTE)
    step(voucher, "used", at=NOW + 14 * MINUTE)


def test_days_of_grace_are_given_once(mall):
    voucher = issue(make_vouchers_of(mall))
    use(voucher, mall, "sale")
    late = voucher.expires_at + DAY
    restore_voucher(voucher_id=voucher.pk, unit=mall, source_ref="sale", by="test", at=late)
    use(voucher, mall, "again", at=late)

    with refused("not in its time"):
        step(voucher, "restored", source_ref="again", at=late, until=late + DAY)


@pytest.mark.parametrize("told", [{"state": "used"}, {"moves": 3}, {"is_extended": True}])
def test_a_voucher_begins_unused(mall, told):
    voucher = Voucher.objects.get(pk=issue(make_vouchers_of(mall)).pk)
    voucher.pk, voucher.digest, voucher.moves = None, b"x" * 32, 0
    voucher.id = Voucher._meta.pk.get_default()
    for name, value in told.items():
        setattr(voucher, name, value)

    with refused("begins unused"):
        voucher.save(force_insert=True)


def test_a_batch_keeps_its_word(mall):
    issue(batch := make_vouchers_of(mall, issued_max=3))
    rows = VoucherBatch.objects.filter(pk=batch.pk)

    for told, why in (
        ({"issued": 0}, "counted, not told"),
        ({"amount": 500}, "its terms stand"),
        ({"ends_at": NOW + 900 * DAY}, "its terms stand"),
    ):
        with refused(why):
            rows.update(**told)
    rows.update(issued_max=4)
    close_batch(batch=batch, by="test", at=NOW)
    with refused("its terms stand"):
        rows.update(closed_at=None, closed_by="")


def test_the_database_counts_a_batch_to_its_end(mall):
    one = Voucher.objects.get(pk=issue(make_vouchers_of(mall, issued_max=1)).pk)
    one.pk, one.digest, one.id, one.moves = None, b"y" * 32, Voucher._meta.pk.get_default(), 0

    with pytest.raises(IntegrityError, match="voucher_batch_issues_no_more"), transaction.atomic():
        one.save(force_insert=True)


def test_a_cause_gives_a_voucher_once_and_a_receipt_uses_it_once(mall):
    batch = make_vouchers_of(mall)
    voucher = Voucher.objects.get(pk=issue(batch).pk)
    rows = [
        Voucher(**fields(voucher), id=Voucher._meta.pk.get_default(), digest=bytes([n]) * 32) for n in (1, 2)
    ]
    with refused("voucher_is_given_once_for_its_cause"):
        Voucher.objects.bulk_create(rows)

    use(voucher, mall, "sale")
    restore_voucher(voucher_id=voucher.pk, unit=mall, source_ref="sale", by="test", at=NOW)
    with refused("voucher_is_used_once_for_a_receipt"):
        step(voucher, "used")


def fields(voucher):
    names = ("batch", "code", "tail", "valid_from", "expires_at", "issued_at")
    return {name: getattr(voucher, name) for name in names} | {"cause": "order:1"}


@pytest.mark.parametrize("table", ["benefits_voucher", "benefits_stock", "benefits_rewardorder"])
def test_what_may_be_locked_may_not_be_changed(shop, table):
    issue(make_vouchers_of(shop.mall))
    shop.order()

    with connection.cursor() as cursor:
        with refused("append-only|refused|denied"):
            cursor.execute(f"UPDATE {table} SET id = id")
        cursor.execute(f"SELECT FROM {table} FOR NO KEY UPDATE")
