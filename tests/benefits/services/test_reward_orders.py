"""An order holds points and reserves pieces, and ends in one of four ways; nothing is oversold or leaks."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from benefits.models import RewardOrder, StockMovement, Voucher
from benefits.refusals import OddQuantity
from benefits.reward_refusals import (
    MoneyReceiptNeeded,
    OrderEnded,
    OrderNotFound,
    OrderNotFulfilled,
    OutletNeeded,
    OutOfStock,
    ReceiptTaken,
    StockTooLow,
    VouchersUsedUp,
)
from benefits.selectors.rewards import honoured_rewards
from benefits.services.reward_orders import (
    cancel_order,
    expire_orders,
    fulfil_order,
    place_order,
    quote_order,
)
from benefits.services.reward_refunds import refund_order
from benefits.services.stock import count_stock, receive_stock
from points.refusals import InsufficientPoints, MemberNotActive, QuoteChanged, ReferenceReused
from points.services.holds import time_out_holds
from tests.benefits.shop import Shop, acts_of, held, hold_of, make_reward, shelve
from tests.benefits.vouchers import make_vouchers_of, use
from tests.factories import NOW, balance, give, make_member, make_outlet, make_program, make_rate, make_unit

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def shop():
    return Shop()


def fulfil(shop, order, *, at=NOW, **told):
    return fulfil_order(order_id=order.pk, units=[shop.mall], by="test", at=at, **told)


def cancel(order, *, at=NOW, **told):
    return cancel_order(order_id=order.pk, by="test", at=at, **told)


def refund(shop, order, *, is_returned=True, at=NOW):
    return refund_order(
        order_id=order.pk, units=[shop.mall], is_returned=is_returned, reason="broken", by="test", at=at
    )


def test_an_order_holds_points_and_reserves_pieces(shop):
    order = shop.order()

    assert (order.state, order.points, order.outlet) == ("placed", 100, shop.desk)
    assert (shop.shelf(), held(), balance(shop.member, shop.program)) == ((10, 1), 100, 1000)


def test_its_hold_ends_when_it_does(shop):
    order = shop.order()

    # Seven days after the day of the order, at the program's midnight.
    assert order.expires_at == datetime(2026, 6, 22, 16, 0, tzinfo=UTC)
    assert hold_of(order).expires_at == order.expires_at
    assert time_out_holds(at=NOW + timedelta(hours=1)) == 0
    assert held() == 100


def test_handed_over_the_points_are_spent_and_the_piece_is_gone(shop):
    order = shop.order()
    done, again = fulfil(shop, order), fulfil(shop, order)

    assert (done.order.state, again.is_replay) == ("fulfilled", True)
    assert (shop.shelf(), held(), balance(shop.member, shop.program)) == ((9, 0), 0, 900)
    assert acts_of(order) == ["placed", "fulfilled"]


def test_cancelled_both_are_free_again(shop):
    order = shop.order()
    cancel(order)

    assert cancel(order).is_replay
    assert (shop.shelf(), held(), balance(shop.member, shop.program)) == ((10, 0), 0, 1000)
    with pytest.raises(OrderEnded):
        fulfil(shop, order)


def test_not_picked_up_in_time_both_are_free_again_and_the_order_cannot_be_fulfilled(shop):
    order = shop.order()

    with pytest.raises(OrderEnded):
        fulfil(shop, order, at=order.expires_at)
    assert expire_orders(at=order.expires_at - timedelta(seconds=1)) == 0
    assert (expire_orders(at=order.expires_at), expire_orders(at=order.expires_at)) == (1, 0)
    assert (shop.shelf(), held()) == ((10, 0), 0)
    assert RewardOrder.objects.get().state == "expired"


def test_whichever_job_comes_first_the_order_and_its_hold_end_together(shop):
    order = shop.order()
    time_out_holds(at=order.expires_at)

    with pytest.raises(OrderEnded):
        fulfil(shop, order, at=order.expires_at)
    assert expire_orders(at=order.expires_at) == 1
    assert (shop.shelf(), held(), hold_of(order).status) == ((10, 0), 0, "timed_out")


def test_a_refund_puts_points_back_and_the_piece_only_if_it_came_back(shop):
    one, other = shop.order(), shop.order()
    fulfil(shop, one)
    fulfil(shop, other)
    refund(shop, one)
    refund(shop, other, is_returned=False)

    assert refund(shop, one).is_replay
    assert (shop.shelf(), balance(shop.member, shop.program)) == ((9, 0), 1000)
    assert acts_of(one) == ["placed", "fulfilled", "refunded"]
    with pytest.raises(OrderNotFulfilled):
        refund(shop, shop.order())


def test_another_programs_wallet_pays_by_quote(shop):
    hotel = make_program(owner=make_unit())
    make_rate(hotel, shop.program, 2)
    member = make_member()
    give(member, shop.program, 60)
    give(member, hotel, 50)
    quote = quote_order(member=member, reward=shop.reward, outlet=None, quantity=1, at=NOW)

    order = shop.order(member, quote_token=quote.token)
    fulfil(shop, order)

    assert {share.program_id: share.spent for share in quote.shares} == {shop.program.pk: 60, hotel.pk: 20}
    assert (balance(member, shop.program), balance(member, hotel)) == (0, 30)


def test_a_quote_that_moved_is_told_anew_and_nothing_is_reserved(shop):
    hotel = make_program(owner=make_unit())
    make_rate(hotel, shop.program, 2)
    member = shop.customer(150)
    give(member, hotel, 500)
    quote = quote_order(member=member, reward=shop.reward, outlet=None, quantity=1, at=NOW)
    shop.order(member)

    with pytest.raises(QuoteChanged):
        shop.order(member, quote_token=quote.token)
    assert (shop.shelf(), RewardOrder.objects.count()) == ((10, 1), 1)


def test_the_same_reference_orders_once(shop):
    first, again = shop.order(ref="a"), shop.order(ref="a")

    assert first.pk == again.pk
    assert shop.shelf() == (10, 1)
    with pytest.raises(ReferenceReused):
        place_order(
            member=shop.member,
            reward=make_reward(shop.program),
            outlet=None,
            quantity=1,
            order_ref="a",
            by="test",
            at=NOW,
        )


def test_without_enough_points_nothing_is_reserved(shop):
    poor = shop.customer(99)

    with pytest.raises(InsufficientPoints):
        shop.order(poor)
    assert (shop.shelf(), RewardOrder.objects.count()) == ((10, 0), 0)


def test_a_frozen_member_orders_nothing(shop):
    shop.member.status = "frozen"
    shop.member.save()

    with pytest.raises(MemberNotActive):
        shop.order()


def test_the_last_piece_is_sold_once():
    shop = Shop(pieces=1)
    shop.order()

    with pytest.raises(OutOfStock) as refused:
        shop.order()
    assert refused.value.facts == {"left": 0}


def test_at_several_outlets_one_must_be_named(shop):
    other = make_outlet(make_unit())
    shelve(shop.reward, 5, other)

    with pytest.raises(OutletNeeded):
        shop.order()
    with pytest.raises(OutletNeeded):
        shop.order(outlet=make_outlet(shop.mall))
    order = shop.order(outlet=other)
    assert (order.unit, shop.shelf()) == (other.unit, (10, 0))
    with pytest.raises(OrderNotFound):
        fulfil(shop, order)


def test_the_money_part_needs_the_tills_receipt_and_a_receipt_pays_once():
    shop = Shop(price_money=Decimal("9.90"), quantity_max=2)
    one, other = shop.order(quantity=2), shop.order()

    with pytest.raises(MoneyReceiptNeeded) as refused:
        fulfil(shop, one)
    assert refused.value.facts == {"money": "19.80", "currency": "CNY"}
    fulfil(shop, one, receipt_ref="till-9")
    with pytest.raises(ReceiptTaken):
        fulfil(shop, other, receipt_ref="till-9")
    assert shop.shelf() == (8, 1)


def test_a_voucher_is_given_at_once_and_taken_back_by_a_refund():
    shop = Shop()
    shop.reward.kind, shop.reward.batch = "voucher", make_vouchers_of(shop.mall)
    shop.reward.save()
    order = shop.order()
    voucher = Voucher.objects.get(member=shop.member)

    assert (order.state, voucher.state, balance(shop.member, shop.program)) == ("fulfilled", "issued", 900)
    refund(shop, order)
    voucher.refresh_from_db()
    assert (voucher.state, balance(shop.member, shop.program), shop.shelf()) == ("void", 1000, (10, 0))


def test_an_order_whose_voucher_was_used_is_not_refunded():
    shop = Shop()
    shop.reward.kind, shop.reward.batch = "voucher", make_vouchers_of(shop.mall)
    shop.reward.save()
    order = shop.order()
    use(Voucher.objects.get(), shop.mall)

    with pytest.raises(VouchersUsedUp):
        refund(shop, order)
    assert balance(shop.member, shop.program) == 900


def test_only_ones_own_order_is_cancelled(shop):
    order = shop.order()

    with pytest.raises(OrderNotFound):
        cancel(order, member=shop.customer())
    cancel(order, member=shop.member)


def test_counted_stock_says_why_and_never_falls_below_what_is_reserved(shop):
    shop.order()
    count_stock(stock=shop.stock, counted=4, by="test", at=NOW, reason="two broken")

    assert shop.shelf() == (4, 1)
    assert count_stock(stock=shop.stock, counted=4, by="test", at=NOW, reason="again") is None
    with pytest.raises(StockTooLow):
        count_stock(stock=shop.stock, counted=0, by="test", at=NOW, reason="lost")
    with pytest.raises(OddQuantity):
        receive_stock(stock=shop.stock, quantity=0, by="test", at=NOW)


def test_movements_are_numbered_and_say_what_was_there_after_them(shop):
    fulfil(shop, shop.order())

    told = StockMovement.objects.order_by("number").values_list(
        "number", "kind", "on_hand_after", "reserved_after"
    )
    assert list(told) == [(1, "received", 10, 0), (2, "reserved", 10, 1), (3, "taken", 9, 0)]


def test_settlement_reads_who_provided_and_who_honoured(shop):
    hotel = make_outlet(make_unit())
    shop.reward.cost = Decimal("12.50")
    shop.reward.save()
    shelve(shop.reward, 1, hotel)
    order = shop.order(outlet=hotel)
    fulfil_order(order_id=order.pk, units=[hotel.unit], by="test", at=NOW)
    refund_order(
        order_id=order.pk, units=None, is_returned=True, reason="x", by="test", at=NOW + timedelta(seconds=1)
    )

    lines = list(honoured_rewards(recorded_from=NOW, recorded_before=NOW + DAY))
    assert [(line.provider_id, line.honoured_by_id) for line in lines] == [(shop.mall.pk, hotel.unit_id)] * 2
    assert [(line.points, line.cost) for line in lines] == [
        (100, Decimal("12.50")),
        (-100, Decimal("-12.50")),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE benefits_stock SET on_hand = 99",
        "UPDATE benefits_stock SET id = id",
        "DELETE FROM benefits_stock",
        "INSERT INTO benefits_stock (reward_id, on_hand, reserved, moves) SELECT id, 5, 0, 0 FROM r",
        "UPDATE benefits_stockmovement SET on_hand_change = 99",
        "DELETE FROM benefits_stockmovement",
        "UPDATE benefits_rewardorder SET state = 'cancelled'",
        "UPDATE benefits_rewardorderevent SET kind = 'cancelled'",
        "TRUNCATE benefits_rewardorderevent",
    ],
)
def test_the_database_refuses_to_rewrite(shop, statement):
    shop.order()

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.replace("FROM r", "FROM benefits_reward"))


def test_even_a_stray_movement_cannot_oversell(shop):
    with pytest.raises(DatabaseError), transaction.atomic():
        StockMovement.objects.create(
            stock=shop.stock, kind="reserved", reserved_change=11, order=shop.order(), by="x", at=NOW
        )
