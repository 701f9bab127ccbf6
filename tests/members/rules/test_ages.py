"""Until the 14th birthday a guardian answers."""

from datetime import date

import pytest

from members.rules.ages import guarded_until, needs_guardian


@pytest.mark.parametrize(
    ("born", "on", "needs"),
    [
        (date(2012, 6, 15), date(2026, 6, 14), True),
        (date(2012, 6, 15), date(2026, 6, 15), False),
        (date(2012, 2, 29), date(2026, 2, 28), True),
        (date(2012, 2, 29), date(2026, 3, 1), False),
        (date(1980, 1, 1), date(2026, 6, 15), False),
        (None, date(2026, 6, 15), False),
    ],
)
def test_a_child_needs_one_until_the_14th_birthday(born, on, needs):
    assert needs_guardian(born, on=on) is needs


def test_who_was_born_on_a_leap_day_is_14_on_the_first_of_march():
    assert guarded_until(date(2012, 2, 29)) == date(2026, 3, 1)
