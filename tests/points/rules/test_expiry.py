"""Expiry instants: local midnight after the last valid day, in any zone, at every odd midnight."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points.rules.expiry import ExpiryPolicy, expiry_instant, last_valid_day, start_of_day

SHANGHAI = "Asia/Shanghai"
ZONES = sorted(available_timezones())


@pytest.mark.parametrize(
    ("kind", "count", "earned_on", "last_day"),
    [
        ("never", 0, date(2026, 1, 1), None),
        ("days", 1, date(2026, 2, 28), date(2026, 3, 1)),
        ("days", 365, date(2024, 2, 29), date(2025, 2, 28)),
        ("month_end", 0, date(2026, 2, 1), date(2026, 2, 28)),
        ("month_end", 1, date(2024, 1, 31), date(2024, 2, 29)),
        ("month_end", 12, date(2025, 12, 31), date(2026, 12, 31)),
        ("month_end", 24, date(2024, 2, 29), date(2026, 2, 28)),
        ("year_end", 0, date(2026, 12, 31), date(2026, 12, 31)),
        ("year_end", 2, date(2026, 1, 1), date(2028, 12, 31)),
    ],
)
def test_the_last_valid_day_follows_the_policy(kind, count, earned_on, last_day):
    assert last_valid_day(ExpiryPolicy(kind, count, SHANGHAI), earned_on) == last_day


def test_an_unknown_kind_is_a_bug_not_a_guess():
    with pytest.raises(ValueError, match="fortnight"):
        last_valid_day(ExpiryPolicy("fortnight", 1, SHANGHAI), date(2026, 1, 1))


def test_the_day_is_counted_where_the_program_lives():
    policy = ExpiryPolicy("days", 1, SHANGHAI)

    # 23:59 and 00:01 in Shanghai are two days, though one day in UTC.
    before = expiry_instant(policy, datetime(2026, 5, 1, 15, 59, tzinfo=UTC))
    after = expiry_instant(policy, datetime(2026, 5, 1, 16, 1, tzinfo=UTC))

    assert before == datetime(2026, 5, 2, 16, 0, tzinfo=UTC)
    assert after == datetime(2026, 5, 3, 16, 0, tzinfo=UTC)


def test_a_missing_midnight_begins_where_the_gap_ends():
    # São Paulo sprang from 00:00 to 01:00 on 4 November 2018.
    instant = start_of_day(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo"))

    assert instant == datetime(2018, 11, 4, 3, 0, tzinfo=UTC)


def test_a_gap_that_opens_before_midnight_still_ends_where_it_ends():
    # Toronto sprang from 23:30 on 30 March 1919 to 00:30.
    zone = ZoneInfo("America/Toronto")

    instant = start_of_day(date(1919, 3, 31), zone)

    assert instant.astimezone(zone).replace(tzinfo=None) == datetime(1919, 3, 31, 0, 30)


def test_a_midnight_that_comes_twice_counts_the_first_time():
    # Havana fell back from 01:00 to 00:00 on 1 November 2026.
    instant = start_of_day(date(2026, 11, 1), ZoneInfo("America/Havana"))

    assert instant == datetime(2026, 11, 1, 4, 0, tzinfo=UTC)


def test_a_day_that_never_was_begins_with_the_next():
    # Samoa skipped 30 December 2011.
    zone = ZoneInfo("Pacific/Apia")

    assert start_of_day(date(2011, 12, 30), zone) == start_of_day(date(2011, 12, 31), zone)


@given(st.dates(date(1990, 1, 1), date(2037, 12, 1)), st.sampled_from(ZONES))
def test_no_instant_of_the_day_before_is_past_the_start_of_a_day(day, name):
    zone = ZoneInfo(name)

    start = start_of_day(day, zone)

    assert start.astimezone(zone).date() >= day
    assert (start - timedelta(seconds=1)).astimezone(zone).date() < day


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(["days", "month_end", "year_end"]),
    st.integers(1, 60),
    st.sampled_from([SHANGHAI, "America/Sao_Paulo", "Pacific/Apia", "Europe/London"]),
)
def test_points_live_through_their_whole_last_day(earned_at, kind, count, name):
    policy = ExpiryPolicy(kind, count, name)
    zone = ZoneInfo(name)

    instant = expiry_instant(policy, earned_at)

    last_day = last_valid_day(policy, earned_at.astimezone(zone).date())
    assert instant > earned_at
    assert (instant - timedelta(microseconds=1)).astimezone(zone).date() <= last_day
    assert instant.astimezone(zone).date() > last_day
