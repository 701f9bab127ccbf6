"""The decision adds up to the cent, and no combination is cheaper. PARKING_PLANS=100000 runs the full
count.
"""

import os
from datetime import UTC, datetime
from random import Random

import pytest

from parking.rules.deciding import decide
from parking.rules.fees import TariffTerms, curve_of
from parking.rules.offers import (
    Bill,
    Limits,
    PointsOffer,
    ReceiptOffer,
    RightOffer,
    Source,
    Sources,
    VoucherOffer,
)
from parking.rules.rate_lines import rates_of
from tests.parking.rules.dice import any_bill, any_sources, cheapest_of_all

PLANS = int(os.environ.get("PARKING_PLANS", "400"))
CASES = int(os.environ.get("PARKING_CASES", "40"))
HOURLY = TariffTerms(rates=rates_of("every 00:00-24:00: 60 min 5.00"), zone="Asia/Shanghai")
NOON = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
YUAN = PointsOffer(10_000, 100, 100)  # a point a cent
ALL = Limits(vouchers=3, receipts=5, receipt_cents=10_000, receipt_minutes=60)


def bill(hours, paid=0):
    curve = curve_of(HOURLY, start=NOON, minutes=hours * 60)
    return Bill(hours * 60, curve.cents(hours * 60) - paid, curve, paid)


def told(plan):
    return [(line.source.value, line.key, line.cents, line.minutes or line.points) for line in plan.lines]


def test_the_example_of_the_domain_adds_up():
    sources = Sources(
        rights=(RightOffer("gold", 180, 60),),
        receipts=(ReceiptOffer("r320", 32_000),),
        points=PointsOffer(200, 40, 100),
        limits=Limits(receipts=1, receipt_cents=20_000, receipt_minutes=60),
    )

    plan = decide(bill(6), sources)

    assert told(plan) == [
        ("right", "gold", 1500, 180),
        ("receipt", "r320", 500, 60),
        ("points", "points", 500, 200),
        ("money", "money", 500, 0),
    ]
    assert (plan.cents, plan.money, plan.points) == (3000, 500, 200)


def test_receipts_go_before_rights_since_they_are_worth_nothing_tomorrow():
    sources = Sources((RightOffer("gold", 180, 60),), (ReceiptOffer("r", 10_000),), limits=ALL)

    assert [line.key for line in decide(bill(1), sources).lines] == ["r"]


def test_nothing_is_used_that_is_not_needed():
    sources = Sources((RightOffer("gold", 180, 60),), (), (VoucherOffer("v", minutes=120),), YUAN, ALL)

    assert told(decide(bill(2), sources)) == [("right", "gold", 1000, 120)]


def test_rights_save_points_and_points_save_money():
    sources = Sources((), (), (VoucherOffer("v", minutes=60),), PointsOffer(700, 100, 100), ALL)

    plan = decide(bill(3), sources)

    assert told(plan) == [
        ("voucher_hours", "v", 500, 60),
        ("points", "points", 700, 700),
        ("money", "money", 300, 0),
    ]


def test_fewer_free_hours_are_used_where_a_voucher_asks_for_a_bill():
    sources = Sources(
        (RightOffer("gold", 120, 60),), (), (VoucherOffer("v", cents=1500, min_cents=1500),), limits=ALL
    )

    plan = decide(bill(4), sources)

    # Two hours off leave 10.00 to pay and no voucher; one hour off leaves 15.00, which the voucher pays.
    assert told(plan) == [("right", "gold", 500, 60), ("voucher_cash", "v", 1500, 0)]


def test_the_soonest_to_end_goes_first_of_what_is_alike():
    sources = Sources(
        (RightOffer("today", 60, 60), RightOffer("later", 600, 60)),
        (),
        (VoucherOffer("a", minutes=60), VoucherOffer("b", minutes=60)),
        limits=ALL,
    )

    assert [line.key for line in decide(bill(2), sources).lines] == ["today", "later"]
    assert [line.key for line in decide(bill(12), sources).lines] == ["today", "later", "a"]


def test_whole_points_cover_and_none_is_wasted():
    # 3 points a yuan: 5.00 are 15 points, 4.99 would be 14.97, so 15 too.
    plan = decide(bill(1), Sources(points=PointsOffer(14, 3, 100)))

    assert told(plan) == [("points", "points", 466, 14), ("money", "money", 34, 0)]


def test_a_cap_on_free_minutes_holds_whatever_gives_them():
    sources = Sources(
        (RightOffer("gold", 600, 60),),
        (ReceiptOffer("r", 50_000),),
        (VoucherOffer("v", minutes=60),),
        limits=Limits(free_minutes=90, vouchers=3, receipts=5, receipt_cents=10_000, receipt_minutes=60),
    )

    plan = decide(bill(4), sources)

    assert sum(line.counted for line in plan.lines) <= 90
    assert plan.money == 1500


def test_what_a_pass_covers_is_a_line_of_its_own():
    curve = curve_of(HOURLY, start=NOON, minutes=60)

    plan = decide(Bill(60, 500, curve, 0, covered_cents=700), Sources(points=YUAN))

    assert told(plan) == [("pass", "pass", 700, 0), ("points", "points", 500, 500)]


def test_a_fixed_fee_is_shortened_by_no_free_minutes():
    sources = Sources((RightOffer("gold", 180, 60),), (), (VoucherOffer("v", cents=300),), limits=ALL)

    plan = decide(Bill(0, 2000), sources)

    assert told(plan) == [("voucher_cash", "v", 300, 0), ("money", "money", 1700, 0)]


def test_nothing_due_is_an_empty_plan():
    assert told(decide(bill(2, paid=1000), Sources((RightOffer("gold", 180, 60),), limits=ALL))) == []


def test_what_was_paid_is_not_asked_for_again():
    assert decide(bill(3, paid=1000), Sources()).money == 500


def test_every_plan_adds_up_to_the_cent():
    dice = Random(2026)
    for _ in range(PLANS):
        owed, sources = any_bill(dice), any_sources(dice)
        plan = decide(owed, sources)
        check(owed, sources, plan)


def check(owed, sources, plan):
    """Whatever was decided, it is within every limit and exact."""
    assert sum(line.cents for line in plan.lines) == plan.cents == owed.due(0) + owed.covered_cents
    assert all(line.cents >= 0 for line in plan.lines)
    counted = sum(line.counted for line in plan.lines)
    limits = sources.limits
    assert limits.free_minutes is None or counted <= max(0, limits.free_minutes)
    assert counted <= owed.minutes
    by_key = {one.key: one for one in (*sources.rights, *sources.receipts, *sources.vouchers)}
    used = [line.key for line in plan.lines if line.key in by_key]
    assert len(used) == len(set(used))
    for line in plan.of(Source.RIGHT):
        right = by_key[line.key]
        assert 0 < line.minutes <= right.minutes
        assert line.minutes % right.unit == 0
    vouchers = plan.of(Source.VOUCHER_HOURS, Source.VOUCHER_CASH)
    assert len(vouchers) <= limits.vouchers
    receipts = plan.of(Source.RECEIPT)
    assert len(receipts) <= limits.receipts
    if receipts:
        spent = sum(by_key[line.key].cents for line in receipts)
        minutes = sum(line.minutes for line in receipts)
        assert minutes <= spent // limits.receipt_cents * limits.receipt_minutes
        assert limits.receipt_minutes_max is None or minutes <= limits.receipt_minutes_max
    assert plan.points <= sources.points.points
    for line in plan.of(Source.POINTS):
        # Not a point more than the part of the fee that they pay.
        assert (
            sources.points.cents_within(line.points - 1)
            < line.cents
            <= sources.points.cents_within(line.points)
        )
    left = owed.due(0)
    for line in plan.lines:
        if line.source is not Source.PASS:
            assert line.source is not Source.VOUCHER_CASH or left >= by_key[line.key].min_cents
            left -= line.cents
    assert left == 0


def cost_of(plan, sources):
    by_key = {one.key: one for one in sources.vouchers}
    vouchers = [by_key[line.key] for line in plan.of(Source.VOUCHER_HOURS, Source.VOUCHER_CASH)]
    return (
        plan.money,
        plan.points,
        len(vouchers),
        sum(one.cents for one in vouchers),
        sum(one.minutes for one in vouchers),
        sum(line.minutes for line in plan.of(Source.RIGHT)),
        len(plan.of(Source.RECEIPT)),
    )


@pytest.mark.parametrize("seed", range(4))
def test_no_combination_is_better(seed):
    dice = Random(seed)
    for _ in range(CASES // 4 + 1):
        owed = any_bill(dice, minutes_max=600)
        sources = any_sources(
            dice, rights=2, receipts=3, vouchers=3, minutes=150, points=400, units=(15, 30, 60)
        )
        plan = decide(owed, sources)

        check(owed, sources, plan)
        assert cost_of(plan, sources) == cheapest_of_all(owed, sources), (owed, sources, plan)
