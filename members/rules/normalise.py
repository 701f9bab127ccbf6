"""One spelling for each value: what people and legacy systems write becomes what we compare and store.

Each function returns the normal form, or refuses by name. Empty text is for the caller to treat as unknown.
Normal forms are stable: normalising one again changes nothing.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers
from django.utils.translation import gettext_lazy as _

from common.errors import InvalidRequest

NAME_CHARACTERS_MAX: Final = 100
ADDRESS_CHARACTERS_MAX: Final = 400
CARD_CHARACTERS_MAX: Final = 40
REGION: Final = "CN"
EARLIEST_BIRTH: Final = date(1900, 1, 1)

_MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})", re.ASCII)
_PHONE_FILLING = re.compile(r"[\s().\-\u2010-\u2015\u2212]+")
_SPREADSHEET_ZERO = re.compile(r"(\d{7,})\.0", re.ASCII)
_BETWEEN_PHONES = re.compile(r"[/,;|\\、或]|\band\b|\bor\b", re.IGNORECASE)
_EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]",
    re.ASCII,
)
_DAY = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日?|(\d{2})(\d{2}))"
    r"(?:[ T]0?0:00(?::00(?:\.0+)?)?)?",
    re.ASCII,
)
_GENDERS: Final = {
    "f": "female", "female": "female", "woman": "female", "女": "female", "女性": "female", "女士": "female",
    "m": "male", "male": "male", "man": "male", "男": "male", "男性": "male", "先生": "male",
    "x": "other", "other": "other", "其他": "other",
    "u": "", "unknown": "", "未知": "", "保密": "",
}  # fmt: skip


class BadText(InvalidRequest):
    """The text holds control characters, or is too long."""

    code = "bad_text"
    title = _("This text holds characters that cannot be stored, or is too long.")


class BadPhone(InvalidRequest):
    """No phone of any country is written like this."""

    code = "bad_phone"
    title = _("This is not a phone number.")


class SeveralPhones(InvalidRequest):
    """More than one phone where one is meant: which of them identifies the member?"""

    code = "several_phones"
    title = _("There is more than one phone number here.")


class BadEmail(InvalidRequest):
    """Not an e-mail address."""

    code = "bad_email"
    title = _("This is not an e-mail address.")


class BadPlate(InvalidRequest):
    """Not a licence plate."""

    code = "bad_plate"
    title = _("This is not a licence plate.")


class BadDate(InvalidRequest):
    """Not a date in a format that can be read in one way only."""

    code = "bad_date"
    title = _("This is not a date such as 1990-03-31.")


class ImpossibleDate(BadDate):
    """Well written, but the calendar has no such day: 30 February."""

    code = "impossible_date"
    title = _("There is no such day in the calendar.")


class FutureDate(BadDate):
    """The day has not come yet."""

    code = "future_date"
    title = _("This date lies in the future.")


class BadGender(InvalidRequest):
    """Not one of the usual words for a gender."""

    code = "bad_gender"
    title = _("The gender is female, male, other or unknown.")


def normal_text(text: str, *, characters_max: int, field: str | None = None) -> str:
    """NFKC, trimmed, runs of spaces made one.

    NFKC turns full-width letters and the ideographic space into the usual ones: equal names compare equal.

    :raises BadText: control or invisible characters, or too long
    """
    spaced = " ".join(unicodedata.normalize("NFKC", text).split())
    if len(spaced) > characters_max:
        raise BadText(field=field)
    # isprintable() is quick, and stricter: only what fails it is looked at closely.
    if not spaced.isprintable() and any(_is_forbidden(character) for character in spaced):
        raise BadText(field=field)
    return spaced


def normal_name(text: str) -> str:
    """A person's name, Chinese or Latin. Case stays: van Dyk and O'Neil know how they are written.

    :raises BadText: see normal_text
    """
    return normal_text(text, characters_max=NAME_CHARACTERS_MAX, field="name")


def normal_card(text: str) -> str:
    """A legacy card number as its unit wrote it, without stray spaces. Case stays: some tell a1 from A1.

    :raises BadText: empty, too long, or not printable
    """
    card = normal_text(text, characters_max=CARD_CHARACTERS_MAX, field="legacy_card")
    if not card:
        raise BadText(field="legacy_card")
    return card


def normal_phone(text: str) -> str:
    """A phone in E.164 (`+8613812345678`). Without a country code it is a number of mainland China.

    All of 13…19 count as mobile: numbering ranges open faster than libraries learn of them.

    :raises SeveralPhones: two or more in one text
    :raises BadPhone: not a subscriber's number, or one with an extension (a switchboard is nobody's own)
    """
    told = unicodedata.normalize("NFKC", text).strip()
    spreadsheet = _SPREADSHEET_ZERO.fullmatch(told)
    compact = _PHONE_FILLING.sub("", spreadsheet[1] if spreadsheet else told)
    mobile = _MOBILE.fullmatch(compact)
    return f"+86{mobile[1]}" if mobile else _foreign_or_fixed(told, compact)


def normal_email(text: str) -> str:
    """An e-mail address in lower case. (Mailboxes that differ by case only are a theory of RFC 5321.)

    :raises BadEmail: not an address
    """
    email = unicodedata.normalize("NFKC", text).strip().lower()
    if len(email) > 254 or len(email.partition("@")[0]) > 64 or not _EMAIL.fullmatch(email):
        raise BadEmail(field="email")
    return email


def normal_gender(text: str) -> str:
    """`female`, `male`, `other`, or empty for unknown.

    :raises BadGender: another word
    """
    word = unicodedata.normalize("NFKC", text).strip().lower()
    if word and word not in _GENDERS:
        raise BadGender(field="gender")
    return _GENDERS.get(word, "")


def normal_date(text: str, *, field: str | None = None) -> date:
    """A day written as 1990-03-31, 1990/3/31, 1990.3.31, 19900331 or 1990年3月31日, with or without midnight.

    Forms that can be read in two ways (03/04/1990) are refused.

    :raises ImpossibleDate: the calendar has no such day
    :raises BadDate: another form
    """
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        raise BadDate(field=field)
    year, _sign, *months_and_days = match.groups()
    month, day = (int(part) for part in months_and_days if part is not None)
    try:
        return date(int(year), month, day)
    except ValueError as error:
        raise ImpossibleDate(field=field) from error


def normal_birth_date(text: str, *, today: date) -> date:
    """A birth date: a day from 1900 to today.

    :raises FutureDate: after `today`
    :raises BadDate: before 1900 (a system's filler) or not a date
    """
    return checked_birth_date(normal_date(text, field="birth_date"), today=today)


def checked_birth_date(day: date, *, today: date) -> date:
    """`day`, if somebody alive `today` may be born on it.

    :raises FutureDate: after `today`
    :raises BadDate: before 1900 (a system's filler)
    """
    if day > today:
        raise FutureDate(field="birth_date")
    if day < EARLIEST_BIRTH:
        raise BadDate(field="birth_date")
    return day


def latest_today(at: datetime) -> date:
    """The latest date that any place on Earth has at `at`, for doors that know no time zone."""
    return (at.astimezone(UTC) + timedelta(hours=14)).date()


def normal_instant(text: str, *, zone: ZoneInfo, field: str | None = None) -> datetime:
    """An instant in UTC: a day (its first moment in `zone`), or a day and a time with or without an offset.

    :raises BadDate: neither
    """
    told = unicodedata.normalize("NFKC", text).strip()
    if _DAY.fullmatch(told):
        local = datetime.combine(normal_date(told, field=field), time.min, zone)
    else:
        day, _space, rest = told.replace("T", " ").replace("/", "-").partition(" ")
        try:
            told_time = datetime.fromisoformat(f"{normal_date(day, field=field).isoformat()}T{rest.strip()}")
        except ValueError as error:
            raise BadDate(field=field) from error
        local = told_time if told_time.tzinfo is not None else told_time.replace(tzinfo=zone)
    try:
        return local.astimezone(UTC)
    except OverflowError as error:
        raise BadDate(field=field) from error


def _foreign_or_fixed(told: str, compact: str) -> str:
    if len(told) > 80:
        raise BadPhone(field="phone")
    digits = sum(character.isdigit() for character in told)
    parts = [part for part in _BETWEEN_PHONES.split(told) if sum(map(str.isdigit, part)) >= 7]
    if len(parts) > 1 or (digits > 15 and re.fullmatch(r"[+0-9]+", compact)):
        raise SeveralPhones(field="phone")
    if not re.fullmatch(r"\+?[0-9]{5,17}", compact, re.ASCII):
        raise BadPhone(field="phone")
    try:
        number = phonenumbers.parse(compact, REGION)
    except phonenumbers.NumberParseException as error:
        raise BadPhone(field="phone") from error
    if not phonenumbers.is_valid_number(number):
        raise BadPhone(field="phone")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _is_forbidden(character: str) -> bool:
    # Cc control, Cs half a character, Cf invisible format but for the joiners that some scripts need. Not Cn
    # and Co: rare Chinese characters of names are newer than this Python's tables, or stand in private use.
    category = unicodedata.category(character)
    return category in ("Cc", "Cs") or (category == "Cf" and character not in "\u200c\u200d")
