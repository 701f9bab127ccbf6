"""Who is of age: from the 18th birthday on (Civil Code of the PRC, article 17)."""

from datetime import date
from typing import Final

ADULT_YEARS: Final = 18


def is_adult(birth_date: date | None, *, on: date) -> bool:
    """Whether somebody born on `birth_date` is of age `on` a day. Born on 29 February: from 1 March.

    Unknown (None) counts as of age: the programmes' terms ask for adults, most legacy lists hold no birth
    date, and a rule on a date that nobody gave would shut out nearly everybody. A known child is refused.
    """
    if birth_date is None:
        return True
    return (on.year - birth_date.year, on.month, on.day) >= (ADULT_YEARS, birth_date.month, birth_date.day)
