"""What forbids a machine to say that two people are one, however well the rest agrees.

A wrong link hands somebody's points and benefits to another; a question costs a minute. So whoever may live
in one household as two (a shared phone, address, birthday) is never linked by score: a person decides.
"""

from enum import StrEnum
from typing import Final

from rapidfuzz.distance import OSA, JaroWinkler

from members.rules.linkage_features import Features, syllables

GENERATION_YEARS: Final = 15
TYPED_DIGITS: Final = 2  # of a birth date that typing may have changed
TYPO_SIMILARITY: Final = 0.88  # of Jaro and Winkler


class Veto(StrEnum):
    """Why a pair is for a person to decide."""

    SHARED_PHONE = "shared_phone"
    SHARED_EMAIL = "shared_email"
    NAMES_DIFFER = "names_differ"
    NAME_INCOMPLETE = "name_incomplete"
    BIRTH_DATES_DIFFER = "birth_dates_differ"
    GENDERS_DIFFER = "genders_differ"
    PHONES_DIFFER = "phones_differ"
    TOO_LITTLE_KNOWN = "too_little_known"
    TWO_LIKELY = "two_likely"


def names_contradict(one: Features, other: Features) -> bool:
    """Whether these are clearly two people's names: what an identity that families share cannot outvote.

    Unknown and incomplete names (王女士) contradict nothing but another surname.
    """
    if not (one.surname and other.surname) or one.joined == other.joined:
        return False
    if not (one.given and other.given):
        return not ({one.surname, one.given} - {""}) & ({other.surname, other.given} - {""})
    return not _names_agree(one, other)


def clearly_two(one: Features, other: Features) -> bool:
    """Whether names and birth dates both say so: brothers and sisters at one address are no question."""
    dates = (one.birth_date, other.birth_date)
    return (
        None not in dates
        and names_contradict(one, other)
        and _of_birth_dates(one, other) is Veto.BIRTH_DATES_DIFFER
    )


def veto(one: Features, other: Features, *, links_call_names: bool) -> Veto | None:
    """Why no machine may link `one` and `other`; None where the score may decide.

    A Western surname may change: on the same birth date the same given name forbids nothing. Another given
    name is another person's (twins live at one address), unless `links_call_names`: then Bob may be Robert
    where birth date and the rest agree. Of Chinese names the given name is always held against the other.
    """
    if one.gender and other.gender and one.gender != other.gender:
        return Veto.GENDERS_DIFFER
    if one.phone and other.phone and one.phone != other.phone:
        return Veto.PHONES_DIFFER
    return _of_names(one, other, links_call_names=links_call_names) or _of_birth_dates(one, other)


def _of_names(one: Features, other: Features, *, links_call_names: bool) -> Veto | None:
    if not (one.surname and other.surname):
        return Veto.NAME_INCOMPLETE
    is_told = bool(one.given and other.given)
    is_chinese = _is_chinese(one) or _is_chinese(other)
    same_birthday = one.birth_date is not None and one.birth_date == other.birth_date
    if not is_told and (is_chinese or not same_birthday):
        return Veto.NAME_INCOMPLETE
    if same_birthday and not is_chinese and (links_call_names or (is_told and one.given == other.given)):
        return None
    return Veto.NAMES_DIFFER if is_told and not _names_agree(one, other) else None


def _of_birth_dates(one: Features, other: Features) -> Veto | None:
    """Father and son may share a name and an address; brothers share no given name."""
    if one.birth_date is None or other.birth_date is None:
        if not (one.place and other.place):
            return Veto.TOO_LITTLE_KNOWN  # a name alone links nobody
        return None if one.joined == other.joined or not _is_chinese(one) else Veto.NAME_INCOMPLETE
    if one.birth_date == other.birth_date:
        return None
    digits_apart = OSA.distance(one.birth_date.strftime("%Y%m%d"), other.birth_date.strftime("%Y%m%d"))
    if abs(one.birth_date.year - other.birth_date.year) >= GENERATION_YEARS:
        return Veto.BIRTH_DATES_DIFFER if digits_apart > 1 else None
    is_namesake = bool(one.given) and (one.given == other.given or one.joined == other.joined)
    return None if digits_apart <= TYPED_DIGITS or is_namesake else Veto.BIRTH_DATES_DIFFER


def _names_agree(one: Features, other: Features) -> bool:
    """The same name but for typing: a letter, the order, an initial. Chinese names must be the same."""
    if one.hanzi and other.hanzi:
        return one.hanzi == other.hanzi
    if one.joined == other.joined:
        return True
    if _is_chinese(one) or _is_chinese(other):
        return False  # in pinyin a letter makes another name: wei and wen are brothers
    straight = _is_typo(one.surname, other.surname) and _is_typo(one.given, other.given)
    return straight or (_is_typo(one.surname, other.given) and _is_typo(one.given, other.surname))


def _is_typo(one: str, other: str) -> bool:
    if one == other or (min(len(one), len(other)) == 1 and one[:1] == other[:1]):
        return True
    return OSA.distance(one, other) <= 1 or JaroWinkler.similarity(one, other) >= TYPO_SIMILARITY


def _is_chinese(person: Features) -> bool:
    """In characters, or in pinyin in either order."""
    if person.hanzi:
        return True
    one, other = person.surname, person.given
    if not (one and other):
        return _is_pinyin(one or other, 1)
    # A surname of one syllable, a given name of one or two: longer ones are not Chinese.
    return (_is_pinyin(one, 1) and _is_pinyin(other, 2)) or (_is_pinyin(other, 1) and _is_pinyin(one, 2))


def _is_pinyin(text: str, syllables_max: int) -> bool:
    known = syllables()
    return text in known or (
        syllables_max > 1 and any(text[:cut] in known and text[cut:] in known for cut in range(1, len(text)))
    )
