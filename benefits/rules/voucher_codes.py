"""Voucher codes: fifteen random letters and one that finds what a hand mistypes.

The letters are Crockford's base 32 (no I, L, O or U; read as 1, 1, 0 and refused). Fifteen of them are 75
random bits: nobody guesses one. The last is the check character of Damm's algorithm (H. M. Damm, "Total
anti-symmetrische Quasigruppen", Marburg 2004) over the field of 32 elements, where the quasigroup is
x ∘ y = 2·(x + y) modulo z⁵ + z² + 1: it finds every single wrong letter and every swap of neighbours.
"""

import secrets
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_LETTERS: Final = 15
LETTERS: Final = RANDOM_LETTERS + 1
_FIELD: Final = 0b100101  # z⁵ + z² + 1
_VALUES: Final = {letter: value for value, letter in enumerate(ALPHABET)}
# What eyes and fingers confuse, as Crockford reads it; spaces and hyphens only group.
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_TYPED_MAX: Final = 40


def new_voucher_code() -> str:
    """A random code of 16 letters, of the system's secure source. The database says whether it is free."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LETTERS))
    return body + check_letter(body)


def check_letter(body: str) -> str:
    """The letter that brings Damm's sum of `body` (letters of the alphabet) back to zero."""
    return ALPHABET[_damm_sum(body)]


def as_voucher_code(typed: str) -> str | None:
    """The code that `typed` means, in capital letters without groups; None where it cannot be one."""
    if len(typed) > _TYPED_MAX or not typed.isascii():
        return None
    code = typed.upper().translate(_READ_AS)
    if len(code) != LETTERS or not set(code) <= _VALUES.keys() or _damm_sum(code):
        return None
    return code


def in_groups(code: str) -> str:
    """XXXX-XXXX-XXXX-XXXX, as people read it."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def _damm_sum(letters: str) -> int:
    total = 0
    for letter in letters:
        total = (total ^ _VALUES[letter]) << 1
        if total >= len(ALPHABET):
            total ^= _FIELD
    return total
