"""Periods and shares of quotas."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from benefits.rules.quota import Days, period_of, share_of

DAYS = some.dates(date(2001, 1, 1), date(2099, 12, 31))
PERIODS = ("day", "month", "quarter", "year", "total")


@pytest.mark.parametrize(
    ("period", "starts_on", "ends_on"),
    [
        ("day", date(2026, 2, 28), date(2026, 3, 1)),
        ("month", date(2026, 2, 1), date(2026, 3, 1)),
        ("quarter", date(2026, 1, 1), date(2026, 4, 1)),
        ("year", date(2026, 1, 1), date(2027, 1, 1)),
        ("total", date(2000, 1, 1), None),
    ],
)
def test_a_day_has_its_period(period, starts_on, ends_on):
    assert period_of(period, date(2026, 2, 28)) == Days(starts_on, ends_on)


def test_the_last_quarter_ends_with_the_year():
    assert period_of("quarter", date(2026, 12, 31)) == Days(date(2026, 10, 1), date(2027, 1, 1))


def test_a_stay_is_a_period_of_its_own():
    stay = Days(date(2026, 6, 14), date(2026, 6, 17))

    assert period_of("stay", date(2026, 6, 15), stay=stay) == stay


@given(DAYS, some.sampled_from(PERIODS))
def test_every_day_lies_in_its_period_and_periods_do_not_overlap(day, period):
    found = period_of(period, day)

    assert day in found
    if found.ends_on is not None:
        assert found.ends_on not in found
        assert period_of(period, found.ends_on).starts_on == found.ends_on
        assert period_of(period, found.ends_on - timedelta(days=1)) == found


def test_a_lease_that_ends_in_the_middle_of_the_month_leaves_its_share():
    role = Days(date(2025, 1, 1), date(2026, 6, 16))

    share = share_of(Decimal(600), period=period_of("month", date(2026, 6, 3)), role=role, step=Decimal(1))

    assert share == 300


def test_a_share_is_rounded_up_to_a_whole_one():
    role = Days(date(2026, 12, 30))

    share = share_of(Decimal(1), period=period_of("year", date(2026, 12, 31)), role=role, step=Decimal(1))

    assert share == 1


@given(DAYS, some.integers(1, 800), some.integers(1, 10_000), some.sampled_from(["month", "quarter", "year"]))
def test_the_shares_of_one_role_after_another_are_a_whole_within_a_step_each(day, lasts, amount, period):
    found, step = period_of(period, day), Decimal("0.01")
    first = Days(day - timedelta(days=lasts), day)
    then = Days(day)

    parts = [share_of(Decimal(amount), period=found, role=role, step=step) for role in (first, then)]

    if first.starts_on <= found.starts_on:
        assert amount <= sum(parts) <= amount + 2 * step
    assert all(0 <= part <= amount for part in parts)
