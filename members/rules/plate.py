"""Licence plates of mainland China: one spelling, and only those that can exist.

Source: GA 36-2018 (机动车号牌, the standard of the Ministry of Public Security) and its amendments: the 31
one-character names of provinces; the letter of the issuing authority and all serials without I and O, which
look like 1 and 0; new-energy serials of six (small: a letter A to H, J or K, a letter or digit, four digits;
large: five digits and such a letter); endings for police 警, learners 学, trailers 挂, consulates 领,
trials 试, oversize 超; 粤Z for cars of Hong Kong 港 and Macau 澳; embassies 使, before or after six digits.

Refused on purpose: temporary paper plates (临: the car gets its own within weeks) and military and
armed-police plates, whose standard is not public.
"""

import re
import unicodedata
from typing import Final

from members.rules.normalise import BadPlate

PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_TOLD_CHARACTERS_MAX: Final = 40
_FILLING = re.compile(r"[\s.\-_·•・‧∙⋅\u2010-\u2015\u2212]+")
_PLACE = rf"[{PROVINCES}][A-HJ-NP-Z]"
_SIGN = "[A-HJ-NP-Z0-9]"
_PLATES = re.compile(
    "|".join(
        (
            # Ordinary; somewhere in the serial is a digit. How many letters it may hold has grown over time.
            rf"{_PLACE}(?=[A-Z]*[0-9]){_SIGN}{{5}}",
            rf"{_PLACE}[A-HJK]{_SIGN}[0-9]{{4}}",
            rf"{_PLACE}[0-9]{{5}}[A-HJK]",
            rf"{_PLACE}(?=[A-Z]*[0-9]){_SIGN}{{4}}[警学挂领试超]",
            rf"粤Z(?=[A-Z]*[0-9]){_SIGN}{{4}}[港澳]",
            rf"[{PROVINCES}][0-9]{{4,6}}领",
            r"使[0-9]{6}",
            r"[0-9]{6}使",
        )
    ),
    re.ASCII,
)


def normal_plate(text: str) -> str:
    """A plate in upper case without separators: `沪a·１２345` is `沪A12345`.

    :raises BadPlate: no authority gives out such a plate
    """
    if len(text) > _TOLD_CHARACTERS_MAX:
        raise BadPlate(field="plate")
    plate = _FILLING.sub("", unicodedata.normalize("NFKC", text).upper())
    if not _PLATES.fullmatch(plate):
        raise BadPlate(field="plate")
    return plate


def is_new_energy(plate: str) -> bool:
    """Whether a normal plate is one of eight characters, green, for a new-energy car."""
    return len(plate) == 8 and plate[0] in PROVINCES
