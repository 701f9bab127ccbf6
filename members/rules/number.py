"""Member numbers: eleven random digits and a check digit that finds what a hand mistypes.

The check digit is Luhn's (ISO/IEC 7812-1, annex B): it finds every single wrong digit and every swap of
neighbours but 09 ↔ 90. Numbers are drawn, not counted, so that one member's number says nothing about
another's. The first digit is never 0: spreadsheets drop it.
"""

import re
import secrets
from typing import Final

BODY_DIGITS: Final = 11
_FIRST: Final = 10 ** (BODY_DIGITS - 1)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)  # the digits of 2·d, added up


def new_member_number() -> str:
    """A random member number of 12 digits. Whether it is free, the database's unique constraint decides."""
    return with_check_digit(str(_FIRST + secrets.randbelow(9 * _FIRST)))


def with_check_digit(body: str) -> str:
    """`body` (ASCII digits) followed by its Luhn digit."""
    assert re.fullmatch(r"[0-9]+", body), "a number is made of ASCII digits"
    return body + str(-_luhn_sum(body + "0") % 10)


def is_member_number(text: str) -> bool:
    """Whether `text` could be one of our numbers: 12 ASCII digits whose check digit fits."""
    return (
        len(text) == BODY_DIGITS + 1
        and text.isascii()
        and text.isdigit()
        and text[0] != "0"
        and _luhn_sum(text) % 10 == 0
    )


def _luhn_sum(digits: str) -> int:
    """Every second digit from the right is doubled, its digits added; the last digit is not."""
    plain, doubled = digits[-1::-2], digits[-2::-2]
    return sum(map(int, plain)) + sum(_DOUBLED[int(digit)] for digit in doubled)
