"""Fees: what the desk would count by hand, and a walk minute by minute over thousands of tariffs."""

import os
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from parking.rules.fees import CapDay, TariffTerms, curve_of, whole_minutes
from parking.rules.rate_lines import BadTariff, from_kept, kept, rates_of, text_of
from tests.parking.rules.dice import any_start, any_terms, fee_by_the_minute

STAYS = int(os.environ.get("PARKING_FEES", "60"))
SHANGHAI = ZoneInfo("Asia/Shanghai")
MALL = rates_of(
    """
    every 00:00-08:00: 60 min 2.00
    every 08:00-22:00: 60 min 10.00
    every 08:00-22:00 after 60: 30 min 4.00
    every 22:00-24:00: 60 min 2.00
    """
)


def fee(terms, start, minutes):
    return curve_of(terms, start=start, minutes=minutes).cents(minutes)


def terms(**fields):
    return TariffTerms(**{"rates": MALL, "zone": "Asia/Shanghai"} | fields)


def at(hour, minute=0, day=15):
    return datetime(2026, 6, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("minutes", "cents"),
    [(0, 0), (1, 1000), (60, 1000), (61, 1400), (90, 1400), (91, 1800), (180, 2600)],
)
def test_a_block_that_has_begun_is_charged(minutes, cents):
    assert fee(terms(), at(10), minutes) == cents


@pytest.mark.parametrize(("minutes", "cents"), [(15, 0), (16, 1000), (60, 1000)])
def test_free_minutes_are_free_only_for_who_leaves_within_them(minutes, cents):
    assert fee(terms(free_minutes=15), at(10), minutes) == cents


@pytest.mark.parametrize(("minutes", "cents"), [(15, 0), (16, 1000), (75, 1000), (76, 1400)])
def test_free_minutes_may_be_taken_off_every_stay(minutes, cents):
    assert fee(terms(free_minutes=15, free_is_deducted=True), at(10), minutes) == cents


def test_the_period_of_the_day_decides_where_a_block_begins():
    # 21:30 to 22:30 at the day's price, 22:30 to 23:30 at the night's.
    assert fee(terms(), at(21, 30), 61) == 1000 + 200


def test_a_cap_holds_for_each_calendar_day():
    # 10, then 4 every half hour from 11:00 to 22:00 (22 times), 2 at 22:00 and 23:00: 102, capped at 30.
    assert fee(terms(cap_cents=3000), at(10), 14 * 60) == 3000
    assert fee(terms(cap_cents=3000), at(10), 16 * 60) == 3000 + 400


def test_a_cap_may_hold_for_24_hours_from_the_entry_on():
    rolling = terms(cap_cents=3000, cap_day=CapDay.ROLLING)

    assert fee(rolling, at(20), 1440) == 3000
    assert fee(rolling, at(20), 1441) == 3400


def test_the_lines_say_what_the_fee_is_made_of():
    curve = curve_of(terms(cap_cents=3000), start=at(10), minutes=16 * 60)

    told = [(line.day, line.count, line.cents) for line in curve.lines(16 * 60)]

    monday, tuesday = date(2026, 6, 15), date(2026, 6, 16)
    assert told == [
        (monday, 1, 1000),
        (monday, 22, 8800),
        (monday, 2, 400),
        (monday, 0, -7200),
        (tuesday, 2, 400),
    ]


def test_a_night_that_is_an_hour_longer_costs_an_hour_more():
    zone = "America/New_York"
    hourly = TariffTerms(rates=rates_of("every 00:00-24:00: 60 min 3.00"), zone=zone)
    start = datetime(2026, 10, 31, 22, 0, tzinfo=ZoneInfo(zone))
    end = datetime(2026, 11, 1, 6, 0, tzinfo=ZoneInfo(zone))

    minutes = whole_minutes(start.astimezone(UTC), end.astimezone(UTC))

    assert (minutes, fee(hourly, start, minutes)) == (9 * 60, 27_00)


def test_seconds_are_not_charged_and_clocks_that_disagree_cost_nothing():
    assert whole_minutes(at(10), at(10) + timedelta(seconds=119)) == 1
    assert whole_minutes(at(10), at(9)) == 0


def test_every_fee_is_what_a_walk_by_the_minute_finds():
    dice = Random(6)
    for _ in range(STAYS):
        tariff, start, minutes = any_terms(dice), any_start(dice), dice.choice([50, 400, 3000])
        curve = curve_of(tariff, start=start, minutes=minutes)
        for shorter in (minutes, dice.randrange(minutes), dice.randrange(minutes)):
            assert curve.cents(shorter) == fee_by_the_minute(tariff, start, shorter), (tariff, start, shorter)
            assert sum(line.cents for line in curve.lines(shorter)) == curve.cents(shorter)


def test_a_longer_stay_never_costs_less():
    dice = Random(7)
    for _ in range(20):
        curve = curve_of(any_terms(dice), start=any_start(dice), minutes=2000)
        fees = [curve.cents(minutes) for minutes in range(2001)]
        assert fees == sorted(fees)


def test_a_tariff_is_read_as_it_is_written():
    assert rates_of(text_of(MALL)) == MALL
    assert from_kept(kept(MALL)) == MALL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "every 08:00-20:00: 60 min 1.00",
        "every 00:00-12:00: 60 min 1.00\nevery 11:00-24:00: 60 min 1.00",
        "every 00:00-24:00 after 60: 60 min 1.00",
        "every 00:00-24:00: 60 min 1.00\nevery 00:00-24:00: 30 min 1.00",
        "workday 00:00-24:00: 60 min 1.00",
        "every 00:00-24:00: 60 min -1.00",
        "every 00:00-24:00: 0 min 1.00",
        "every 00:00-24:01: 60 min 1.00",
        "every 00:61-24:00: 60 min 1.00",
        "every 00:00-24:00: 60 min 1.001",
        "every ００:00-24:00: 60 min 1.00",
        "每天 00:00-24:00: 60 min 1.00",
        "\n".join(["every 00:00-24:00: 60 min 1.00"] * 61),
    ],
)
def test_a_tariff_that_leaves_a_minute_without_its_one_rate_is_refused(text):
    with pytest.raises(BadTariff):
        rates_of(text)


def test_weekends_may_have_their_own_rates():
    rates = rates_of("workday 00:00-24:00: 60 min 1.00\nweekend 00:00-24:00: 60 min 5.00")
    weekly = TariffTerms(rates=rates, zone="Asia/Shanghai")

    # Friday 23:30 begins a workday's hour, Saturday 00:30 a weekend's.
    assert fee(weekly, at(23, 30, day=19), 61) == 100 + 500
