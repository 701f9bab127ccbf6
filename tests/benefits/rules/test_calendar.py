"""When a benefit is honoured."""

from datetime import date, datetime, time

import pytest

from benefits.rules.calendar import Calendar, closed_because
from benefits.rules.quota import Days

WORKDAYS = frozenset({1, 2, 3, 4, 5})
EVERY_DAY = frozenset(range(1, 8))
MONDAY = date(2026, 6, 15)


@pytest.mark.parametrize(
    ("calendar", "local", "why"),
    [
        (Calendar(EVERY_DAY), datetime(2026, 6, 15, 3), None),
        (Calendar(WORKDAYS), datetime(2026, 6, 14, 12), "weekday"),
        (Calendar(WORKDAYS, time(9), time(18)), datetime(2026, 6, 15, 8, 59), "hours"),
        (Calendar(WORKDAYS, time(9), time(18)), datetime(2026, 6, 15, 9), None),
        (Calendar(WORKDAYS, time(9), time(18)), datetime(2026, 6, 15, 18), "hours"),
        (
            Calendar(EVERY_DAY, blackouts=(Days(MONDAY, date(2026, 6, 16)),)),
            datetime(2026, 6, 15, 9),
            "blackout",
        ),
        (Calendar(EVERY_DAY, blackouts=(Days(MONDAY, date(2026, 6, 16)),)), datetime(2026, 6, 16, 0), None),
        # Friday's evening runs until Saturday's morning; Saturday's own does not begin.
        (Calendar(WORKDAYS, time(18), time(2)), datetime(2026, 6, 20, 1, 59), None),
        (Calendar(WORKDAYS, time(18), time(2)), datetime(2026, 6, 20, 2), "hours"),
        (Calendar(WORKDAYS, time(18), time(2)), datetime(2026, 6, 20, 19), "weekday"),
        (Calendar(WORKDAYS, time(18), time(2)), datetime(2026, 6, 15, 1), "weekday"),
    ],
)
def test_a_benefit_is_honoured_by_the_clock_of_the_place(calendar, local, why):
    assert closed_because(calendar, local) == why
