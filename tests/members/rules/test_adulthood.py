"""Who is of age: from the 18th birthday on."""

from datetime import date

import pytest

from members.rules.adulthood import is_adult


@pytest.mark.parametrize(
    ("birth_date", "on", "adult"),
    [
        (date(2008, 6, 15), date(2026, 6, 14), False),
        (date(2008, 6, 15), date(2026, 6, 15), True),
        (date(2008, 7, 1), date(2026, 6, 15), False),
        (date(1950, 12, 31), date(2026, 1, 1), True),
        (date(2008, 2, 29), date(2026, 2, 28), False),
        (date(2008, 2, 29), date(2026, 3, 1), True),
        (None, date(2026, 6, 15), True),
    ],
)
def test_a_person_is_of_age_from_the_18th_birthday_on(birth_date, on, adult):
    assert is_adult(birth_date, on=on) is adult
