"""Many at once: stock is not oversold, a voucher is used once, an order ends once.

The guards: the stock's row lock and its CHECK; the voucher's row lock and the trigger's look at its state.
"""

from collections import Counter

import pytest

from benefits.models import RewardOrder, VoucherEvent
from benefits.refusals import ReceiptVouchersReached, TooManyGuesses, VoucherNotFound, VoucherUsed
from benefits.reward_refusals import MemberLimitReached, OrderEnded, OutOfStock, RewardLimitReached
from benefits.rules.voucher_codes import new_voucher_code
from benefits.services.reward_orders import cancel_order, expire_orders, fulfil_order
from benefits.services.reward_refunds import refund_order
from benefits.services.voucher_guessing import WRONG_A_PLACE, Guesser, find_voucher
from benefits.services.vouchers import restore_voucher
from common.sql import retrying
from points.models import Posting
from points.selectors.audit import audit
from tests.benefits.shop import Shop, held, shelve
from tests.benefits.vouchers import issue, make_vouchers_of, use
from tests.factories import NOW, balance, make_outlet, make_unit
from tests.races.test_points_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
REFUSALS = (
    MemberLimitReached,
    OrderEnded,
    OutOfStock,
    ReceiptVouchersReached,
    RewardLimitReached,
    TooManyGuesses,
    VoucherNotFound,
    VoucherUsed,
)


def named(operation):
    def job():
        try:
            operation()
        except REFUSALS as refusal:
            return refusal.code
        return "done"

    return job


def test_of_200_who_claim_10_pieces_ten_get_one():
    shop = Shop(pieces=10)
    claimers = [shop.customer(100) for _ in range(200)]

    answers = at_once(20, [named(lambda who=who: shop.order(who)) for who in claimers])

    assert Counter(answers) == {"done": 10, "out_of_stock": 190}
    assert shop.shelf() == (10, 10)
    assert (RewardOrder.objects.count(), held()) == (10, 1000)
    assert audit().is_clean


def test_a_total_limit_over_two_outlets_holds():
    shop = Shop(limit_total=5)
    other = make_outlet(shop.mall)
    shelve(shop.reward, 10, other)
    claimers = [shop.customer(100) for _ in range(24)]
    places = [shop.desk, other]

    answers = at_once(
        8,
        [named(lambda n=n, who=who: shop.order(who, outlet=places[n % 2])) for n, who in enumerate(claimers)],
    )

    assert Counter(answers) == {"done": 5, "reward_limit_reached": 19}


def test_a_members_limit_holds_against_the_member_at_once():
    shop = Shop(limit_member=2)

    answers = at_once(8, [named(shop.order) for _ in range(16)])

    assert Counter(answers) == {"done": 2, "member_limit_reached": 14}


def test_the_same_order_sent_at_once_is_placed_once():
    shop = Shop()

    placed = at_once(8, [lambda: retrying(lambda: shop.order(ref="same")).pk for _ in range(16)])

    assert len(set(placed)) == 1
    assert (shop.shelf(), held()) == ((10, 1), 100)


def test_an_order_fulfilled_cancelled_expired_and_refunded_at_once_ends_one_way():
    shop = Shop(pieces=8)
    orders = [shop.order() for _ in range(8)]

    def jobs(order):
        told = {"order_id": order.pk, "by": "test"}
        return [
            named(lambda: fulfil_order(**told, units=[shop.mall], at=NOW)),
            named(lambda: cancel_order(**told, at=NOW)),
            named(lambda: fulfil_order(**told, units=[shop.mall], at=NOW)),
            named(lambda: expire_orders(at=order.expires_at)),
        ]

    at_once(6, [job for order in orders for job in jobs(order)])

    ended = Counter(RewardOrder.objects.values_list("state", flat=True))
    done = ended["fulfilled"]
    assert ended["placed"] == 0
    assert shop.shelf() == (8 - done, 0)
    assert held() == 0
    assert balance(shop.member, shop.program) == 1000 - 100 * done
    assert audit().is_clean


def test_a_refund_sent_at_once_gives_back_once():
    shop = Shop()
    order = shop.order()
    fulfil_order(order_id=order.pk, units=[shop.mall], by="test", at=NOW)

    at_once(
        8,
        [
            lambda: (
                refund_order(
                    order_id=order.pk, units=None, is_returned=True, reason="x", by="test", at=NOW
                ).is_replay
            )
            for _ in range(12)
        ],
    )

    assert (balance(shop.member, shop.program), shop.shelf()) == (1000, (10, 0))
    assert Posting.objects.filter(reverses__isnull=False).count() == 1


def test_a_voucher_used_fifty_times_at_once_in_two_malls_is_used_once():
    east, west = make_unit(), make_unit()
    voucher = issue(make_vouchers_of(east, east, west))

    answers = at_once(
        10, [named(lambda n=n: use(voucher, (east, west)[n % 2], f"till-{n}")) for n in range(50)]
    )

    assert Counter(answers) == {"done": 1, "voucher_used": 49}
    assert VoucherEvent.objects.filter(kind="used").count() == 1


def test_one_sale_sent_at_once_uses_its_voucher_once_and_is_given_back_once():
    mall = make_unit()
    voucher = issue(make_vouchers_of(mall))

    used = at_once(8, [lambda: use(voucher, mall, "sale").event.pk for _ in range(16)])
    back = at_once(
        8,
        [
            lambda: (
                restore_voucher(
                    voucher_id=voucher.pk, unit=mall, source_ref="sale", by="test", at=NOW
                ).event.pk
            )
            for _ in range(16)
        ],
    )

    assert (len(set(used)), len(set(back))) == (1, 1)


def test_a_receipt_takes_one_of_ten_vouchers_sent_at_once():
    mall = make_unit()
    batch = make_vouchers_of(mall)
    vouchers = [issue(batch) for _ in range(10)]

    answers = at_once(10, [named(lambda v=v: use(v, mall, "receipt")) for v in vouchers])

    assert Counter(answers) == {"done": 1, "receipt_vouchers_reached": 9}


def test_guesses_at_once_are_no_cheaper():
    guesser = Guesser("partner:x", "MALL/S1")

    def guess():
        find_voucher(typed=new_voucher_code(), guesser=guesser, at=NOW)

    answers = at_once(10, [named(guess) for _ in range(60)])

    assert Counter(answers) == {
        "voucher_not_found": WRONG_A_PLACE,
        "too_many_guesses": 60 - WRONG_A_PLACE,
    }
