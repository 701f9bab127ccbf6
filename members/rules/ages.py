"""Whose data a guardian must answer for: children under 14.

Personal Information Protection Law of the PRC, article 31: data of minors under 14 are processed only with
the consent of their parents or other guardians; article 28 counts them among the sensitive ones.
"""

from datetime import date
from typing import Final

GUARDED_YEARS: Final = 14


def needs_guardian(birth_date: date | None, *, on: date) -> bool:
    """Whether somebody born on `birth_date` is under 14 `on` a day. Unknown (None) counts as older.

    Nothing follows from a date that nobody gave: most legacy lists hold none (see adulthood.py).
    """
    return birth_date is not None and on < guarded_until(birth_date)


def guarded_until(birth_date: date) -> date:
    """The 14th birthday: the first day without a guardian. Born on 29 February: 1 March."""
    year = birth_date.year + GUARDED_YEARS
    if (birth_date.month, birth_date.day) == (2, 29):
        # 14 years on from a leap year is none: there is no 29 February.
        return date(year, 3, 1)
    return birth_date.replace(year=year)
