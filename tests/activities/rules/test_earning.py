"""Base rates: whole points of what was paid in money, by the rules in force when it happened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from activities.rules.earning import BaseRate, points_for

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
RATE = BaseRate(7, 2, 1, "MALL", True, Decimal(1), NOON, NOON + timedelta(days=1))
MONEY = st.decimals(0, 10**9, places=2)


def earn(amount="100.00", paid="0", at=NOON, status="active", rates=(RATE,)):
    return points_for(
        amount=Decimal(amount),
        paid_with_points=Decimal(paid),
        occurred_at=at,
        member_status=status,
        rates=rates,
    )


@given(MONEY, MONEY, st.decimals(0, 10_000, places=4))
def test_points_are_the_floor_of_rate_times_money(one, other, rate):
    amount, paid = max(one, other), min(one, other)

    (line,) = earn(amount, paid, rates=[replace(RATE, points_per_currency_unit=rate)])

    assert line.points == floor(Fraction(rate) * (Fraction(amount) - Fraction(paid)))
    assert line.is_taken == (line.points > 0)


def test_a_large_amount_keeps_every_digit():
    (line,) = earn("999999999999999.99", rates=[replace(RATE, points_per_currency_unit=Decimal("9999.9999"))])

    assert line.points == floor(Fraction("999999999999999.99") * Fraction("9999.9999"))


def test_a_taken_rule_is_named_with_its_version():
    (line,) = earn("12.99")

    assert (line.rule, line.program, line.reason, line.points) == ("earn:7 v2", "MALL", "base_rate", 12)


def test_a_rule_holds_from_its_start_until_just_before_its_end():
    last = RATE.ends_at - timedelta(microseconds=1)
    before = RATE.starts_at - timedelta(microseconds=1)

    reasons = [earn(at=at)[0].reason for at in (before, RATE.starts_at, last, RATE.ends_at)]

    assert reasons == ["not_in_force", "base_rate", "base_rate", "not_in_force"]
    assert earn(at=before, rates=[replace(RATE, starts_at=None)])[0].is_taken
    assert earn(at=RATE.ends_at, rates=[replace(RATE, ends_at=None)])[0].is_taken


def test_every_program_earns_by_its_own_rate():
    lines = earn(
        "10.00",
        rates=[RATE, replace(RATE, rule_id=8, program="GROUP", points_per_currency_unit=Decimal("0.5"))],
    )

    assert [(line.program, line.points) for line in lines] == [("MALL", 10), ("GROUP", 5)]


def test_what_earns_nothing_says_why():
    assert earn(status=None)[0].reason == "anonymous"
    assert earn(status="frozen")[0].reason == earn(status="closed")[0].reason == "member_not_active"
    assert earn(rates=[replace(RATE, program_is_active=False)])[0].reason == "program_not_active"
    assert earn("5.00", "5.00")[0].reason == "paid_with_points"
    assert earn("0.99")[0].reason == earn("0")[0].reason == "below_one_point"
    assert not any(line.is_taken for line in (*earn(status=None), *earn("0.99"), *earn("5.00", "5.00")))
