"""A plate as a gate's camera reads it: a gate cannot send a car away because its plate is unusual."""

import unicodedata
from typing import Final

from members.rules.normalise import BadPlate
from members.rules.plate import normal_plate

CHARACTERS_MAX: Final = 16


def gate_plate(text: str) -> str:
    """The normal spelling where there is one (members/rules/plate.py); else upper case without spaces.

    Temporary, foreign and misread plates park and pay like others; no member can have bound them.

    :raises BadPlate: nothing that a plate could say
    """
    try:
        return normal_plate(text)
    except BadPlate:
        read = "".join(unicodedata.normalize("NFKC", text).upper().split())
        if not 2 <= len(read) <= CHARACTERS_MAX or not read.isprintable():
            raise
        return read
