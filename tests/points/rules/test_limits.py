"""The local day and month of a limit: in the program's zone, at odd midnights, at the turn of the year."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from points.rules.limits import day_of, month_of


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at", "day", "month"),
    [
        (
            "Asia/Shanghai",
            utc(2026, 6, 15, 16, 30),
            (utc(2026, 6, 15, 16), utc(2026, 6, 16, 16)),
            (utc(2026, 5, 31, 16), utc(2026, 6, 30, 16)),
        ),
        (
            "UTC",
            utc(2026, 12, 31, 23, 59),
            (utc(2026, 12, 31), utc(2027, 1, 1)),
            (utc(2026, 12, 1), utc(2027, 1, 1)),
        ),
        # A day of 25 hours.
        (
            "America/New_York",
            utc(2026, 11, 1, 12),
            (utc(2026, 11, 1, 4), utc(2026, 11, 2, 5)),
            (utc(2026, 11, 1, 4), utc(2026, 12, 1, 5)),
        ),
    ],
)
def test_a_limit_counts_in_the_local_day_and_month(zone, at, day, month):
    assert day_of(at, ZoneInfo(zone)) == day
    assert month_of(at, ZoneInfo(zone)) == month
