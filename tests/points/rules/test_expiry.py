"""Expiry instants: local midnight after the last valid day, in any zone, at every odd midnight."""

from datetime import UTC, date, datetime, time, timedelta
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
        ("year_end", 4, date(2024, 2, 29), date(2028, 12, 31)),
        ("rolling", 1, date(2024, 2, 28), date(2024, 2, 29)),
        ("rolling", 366, date(2024, 2, 29), date(2025, 3, 1)),
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


# The first instant after the last valid day, where midnight is odd: the zone, that day, the instant in UTC.
ODD_MIDNIGHTS = [
    # Missing: the clock sprang over it.
    ("America/Sao_Paulo", date(2017, 10, 14), datetime(2017, 10, 15, 3, 0, tzinfo=UTC)),
    ("Asia/Beirut", date(2026, 3, 28), datetime(2026, 3, 28, 22, 0, tzinfo=UTC)),
    ("Africa/Cairo", date(2026, 4, 23), datetime(2026, 4, 23, 22, 0, tzinfo=UTC)),
    ("America/Havana", date(2026, 3, 7), datetime(2026, 3, 8, 5, 0, tzinfo=UTC)),
    ("Asia/Amman", date(2021, 3, 25), datetime(2021, 3, 25, 22, 0, tzinfo=UTC)),
    # Twice: the clock fell back to it or over it; points die the first time.
    ("America/Havana", date(2026, 10, 31), datetime(2026, 11, 1, 4, 0, tzinfo=UTC)),
    ("America/Sao_Paulo", date(2018, 2, 17), datetime(2018, 2, 18, 3, 0, tzinfo=UTC)),
    ("Atlantic/Azores", date(2026, 10, 24), datetime(2026, 10, 25, 0, 0, tzinfo=UTC)),
    # A whole day missing: Samoa skipped 30 December 2011 as it changed sides.
    ("Pacific/Apia", date(2011, 12, 29), datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
    ("Pacific/Apia", date(2011, 12, 30), datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
    # A leap day, and the last of a year.
    ("Asia/Shanghai", date(2028, 2, 29), datetime(2028, 2, 29, 16, 0, tzinfo=UTC)),
    ("Pacific/Kiritimati", date(2026, 12, 31), datetime(2026, 12, 31, 10, 0, tzinfo=UTC)),
]


@pytest.mark.parametrize(("name", "last_day", "instant"), ODD_MIDNIGHTS)
@pytest.mark.parametrize("kind", ["days", "rolling"])
def test_points_die_when_the_day_after_their_last_one_begins(name, last_day, instant, kind):
    noon = datetime.combine(last_day - timedelta(days=10), time(12), ZoneInfo(name))

    assert expiry_instant(ExpiryPolicy(kind, 10, name), noon) == instant


ODD_ZONES = sorted({name for name, *_ in ODD_MIDNIGHTS} | {SHANGHAI, "Europe/London", "Australia/Lord_Howe"})
moments = st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
policies = st.builds(
    ExpiryPolicy,
    st.sampled_from(["days", "month_end", "year_end", "rolling"]),
    st.integers(1, 60),
    st.sampled_from(ODD_ZONES),
)


@given(moments, policies)
def test_points_live_through_their_whole_last_day(earned_at, policy):
    zone = ZoneInfo(policy.time_zone)

    instant = expiry_instant(policy, earned_at)

    last_day = last_valid_day(policy, earned_at.astimezone(zone).date())
    assert instant > earned_at
    assert (instant - timedelta(microseconds=1)).astimezone(zone).date() <= last_day
    assert instant.astimezone(zone).date() > last_day
    # Whole seconds: what a renewal records is exactly what the lot gets.
    assert instant.microsecond == 0


@given(moments, policies, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_who_earns_later_never_loses_the_points_sooner(earned_at, policy, later):
    assert expiry_instant(policy, earned_at + later) >= expiry_instant(policy, earned_at)


@given(moments, policies)
def test_all_that_is_earned_on_one_local_day_dies_together(earned_at, policy):
    zone = ZoneInfo(policy.time_zone)
    day = earned_at.astimezone(zone).date()
    first, after = start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone)

    ends = {expiry_instant(policy, at) for at in (first, earned_at, after - timedelta(microseconds=1))}

    assert len(ends) == 1


@given(moments, st.integers(0, 60), st.sampled_from(ODD_ZONES))
def test_months_end_on_their_last_day_and_years_on_theirs(earned_at, count, name):
    earned_on = earned_at.date()

    month_end = last_valid_day(ExpiryPolicy("month_end", count, name), earned_on)
    year_end = last_valid_day(ExpiryPolicy("year_end", count, name), earned_on)

    assert (month_end + timedelta(days=1)).day == 1
    assert (month_end.year - earned_on.year) * 12 + month_end.month - earned_on.month == count
    assert (year_end.month, year_end.day, year_end.year - earned_on.year) == (12, 31, count)


@given(moments, st.integers(1, 3660), st.sampled_from(ODD_ZONES))
def test_rolling_counts_like_days_from_the_last_activity(at, count, name):
    assert expiry_instant(ExpiryPolicy("rolling", count, name), at) == expiry_instant(
        ExpiryPolicy("days", count, name), at
    )
    assert ExpiryPolicy("rolling", count, name).rolls
    assert not ExpiryPolicy("days", count, name).rolls
