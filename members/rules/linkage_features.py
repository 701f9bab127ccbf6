"""What of a person can be compared: names by sound and letter, addresses by word and number, block keys.

People are looked for only among those who share a block: a text such as birth date and initial, stored as a
keyed hash (members/services/linking.py). Blocks are what makes a look into a million encrypted rows cheap.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from opencc.opencc import OpenCC
from pypinyin import lazy_pinyin

_HAN_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_LATIN_WORD = re.compile(r"[a-z]+")
_NUMBER = re.compile(r"[0-9]+")
_DOOR = re.compile(r"([0-9]+)[ ,]*([a-z]{3,})")
_TITLES: Final = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof"})
_HAN_TITLE = re.compile(r"(?:先生|女士|小姐|太太|老师)$")
_TWO_CHARACTER_SURNAMES: Final = (
    "欧阳司马上官诸葛东方皇甫尉迟公孙慕容令狐宇文长孙司徒司空夏侯轩辕端木百里南宫独孤万俟闻人"
    "澹台公冶濮阳淳于单于申屠钟离鲜于赫连呼延西门东郭"
)
_COMPOUND_SURNAMES: Final = frozenset(
    _TWO_CHARACTER_SURNAMES[at : at + 2] for at in range(0, len(_TWO_CHARACTER_SURNAMES), 2)
)
# Characters that are read in another way where they are a surname.
_SURNAME_READINGS: Final = {
    "单": "shan", "解": "xie", "仇": "qiu", "曾": "zeng", "查": "zha", "区": "ou", "朴": "piao", "盖": "ge",
    "任": "ren", "华": "hua", "燕": "yan", "种": "chong", "繁": "po", "员": "yun", "乐": "yue", "秘": "bi",
    "缪": "miao", "尉迟": "yuchi", "万俟": "moqi", "澹台": "tantai", "单于": "chanyu",
}  # fmt: skip
_U_UMLAUT: Final = {"lyu": "lv", "nyu": "nv", "lü": "lv", "nü": "nv"}


@dataclass(frozen=True, slots=True)
class Features:
    """A person made comparable. Unknown is empty, or None."""

    hanzi: str  # the name in simplified characters, where it is written in characters
    surname: str  # in plain Latin letters, by sound where it is written in characters
    given: str
    birth_date: date | None
    gender: str
    place: str  # the address folded: simplified, lower case, nothing but letters, characters and digits
    words: tuple[str, ...]  # of the address: Latin words, pairs of neighbouring characters
    numbers: tuple[str, ...]  # of the address: house, building, room, postcode
    door: str  # the first number of the address and the word after it: 12 high
    phone: str
    email: str

    @property
    def joined(self) -> str:
        """Surname and given name in one order, whichever was written first."""
        return " ".join(sorted(part for part in (self.surname, self.given) if part))


def features_of(
    *,
    name: str,
    birth_date: date | None,
    gender: str = "",
    address: str = "",
    phone: str | None = None,
    email: str | None = None,
) -> Features:
    """The features of a person whose values are in their normal form (members/rules/normalise.py)."""
    hanzi, surname, given = _name(name)
    place = _folded(address)
    return Features(
        hanzi=hanzi,
        surname=surname,
        given=given,
        birth_date=birth_date,
        gender=gender,
        place="".join(re.findall(r"\w+", place)),
        words=tuple(sorted(set(_words(place)))),
        numbers=tuple(sorted(number.lstrip("0") or "0" for number in _NUMBER.findall(place))),
        door=" ".join(door.groups()) if (door := _DOOR.search(place)) else "",
        phone=phone or "",
        email=email or "",
    )


def block_keys(person: Features) -> list[tuple[str, str]]:
    """(kind, text) of each block that `person` is in. Kinds are those of members_matchkey."""
    initials = sorted({part[0] for part in (person.surname, person.given) if part})
    has_name = bool(person.surname and person.given)
    keys: list[tuple[str, str]] = []
    if has_name:
        keys.append(("name", person.joined))
    if person.birth_date is not None:
        day = person.birth_date.isoformat()
        keys += [("day", f"{day} {initial}") for initial in initials]
        if has_name:
            keys += [("year", f"{person.joined} {day[:4]}"), ("month_day", f"{person.joined} {day[5:]}")]
    if len(person.numbers) >= 2:
        # Digits in order: the numbers of an address get transposed more often than anything else.
        house = "-".join(sorted("".join(sorted(number)) for number in person.numbers))
        keys += [("house", f"{house} {initial}") for initial in initials]
    street = sorted(person.words, key=lambda word: (-len(word), word))[:2]
    if len(street) == 2 and len(street[0]) > 2:
        keys += [("street", f"{' '.join(sorted(street))} {initial}") for initial in initials]
    if person.door:
        keys += [("door", f"{person.door} {initial}") for initial in initials]
    box = person.email.partition("@")[0]
    if box:
        keys.append(("mailbox", box))
    return keys


def simplified(text: str) -> str:
    """Traditional characters as their simplified ones: 張偉 is 张伟."""
    return text if text.isascii() else text.translate(_simplifications())


@lru_cache(maxsize=1)
def _simplifications() -> dict[int, str]:
    """Character by character: fifty times as fast as OpenCC itself, and names are no phrases."""
    convert: Callable[[str], str] = OpenCC("t2s").convert  # type: ignore[no-untyped-call]  # it has no types
    characters = (chr(code) for code in (*range(0x3400, 0xA000), *range(0xF900, 0xFB00)))
    return {ord(one): told for one in characters if (told := convert(one)) != one}


@lru_cache(maxsize=1)
def syllables() -> frozenset[str]:
    """Every syllable of pinyin, without tones: what the usual characters sound like."""
    return frozenset(lazy_pinyin([chr(code) for code in range(0x4E00, 0x9FA6)]))


@lru_cache(maxsize=200_000)
def _sound(text: str) -> str:
    return "".join(lazy_pinyin(text)).lower()


def _name(name: str) -> tuple[str, str, str]:
    """(in characters, surname, given name); the latter two by sound."""
    runs = _HAN_RUN.findall(name)
    if not runs:
        return "", *_latin_name(name)
    hanzi = _HAN_TITLE.sub("", simplified("".join(runs)))
    long = len(hanzi) > 2 and hanzi[:2] in _COMPOUND_SURNAMES
    surname, given = (hanzi[:2], hanzi[2:]) if long else (hanzi[:1], hanzi[1:])
    return hanzi, _SURNAME_READINGS.get(surname) or _sound(surname), _sound(given)


def _latin_name(name: str) -> tuple[str, str]:
    words = [_U_UMLAUT.get(word, word) for word in name.casefold().replace("'", "").split()]
    letters = (word for told in words for word in _LATIN_WORD.findall(_plain(told)))
    words = [word for word in letters if word not in _TITLES]
    return (words[-1], "".join(words[:-1])) if words else ("", "")


def _folded(text: str) -> str:
    return _plain(simplified(unicodedata.normalize("NFKC", text)).casefold())


def _plain(text: str) -> str:
    """Without diacritics: José is Jose."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return "".join(character for character in apart if not unicodedata.combining(character))


def _words(place: str) -> Iterable[str]:
    yield from _LATIN_WORD.findall(place)
    for run in _HAN_RUN.findall(place):
        yield from (run[at : at + 2] for at in range(max(1, len(run) - 1)))
