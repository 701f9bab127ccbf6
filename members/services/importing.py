"""A unit's legacy list of members: each row read into normal form, each chunk enrolled in one pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from common.bulk import Reject, Row, RowRejected, attributes_of
from common.errors import DomainError, InvalidRequest
from members.rules.candidate import Candidate
from members.rules.normalise import (
    ADDRESS_CHARACTERS_MAX,
    EARLIEST_BIRTH,
    normal_birth_date,
    normal_card,
    normal_date,
    normal_email,
    normal_gender,
    normal_instant,
    normal_name,
    normal_phone,
    normal_text,
)
from members.services.enrolling import Desk, Ending, enrol_candidates
from members.services.linking import Matcher
from units.models import BusinessUnit

COLUMNS: Final = frozenset(
    {"legacy_card", "name", "phone", "email", "birth_date", "gender", "address", "joined_at", "tier_hint"}
    | {"points_balance", "points_expire_on"}
)
BALANCE_MAX: Final = 10**9


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A row in normal form: the person, and the points the unit owes them, good through a day if told."""

    candidate: Candidate
    points_balance: int
    points_expire_on: date | None


class Arrival(NamedTuple):
    """A row whose person is enrolled now, however that ended."""

    row: Row
    told: MemberRow
    member_id: UUID
    status: str
    ending: Ending


def read_member_row(row: Row, *, zone: ZoneInfo, at: datetime) -> MemberRow:
    """`row` in normal form; days are those of `zone`, and nothing may lie after `at`.

    :raises RowRejected: a value has no normal form; the code says which rule it breaks
    """
    cells = row.values
    column = ""

    def cell(name: str) -> str:
        nonlocal column
        column = name
        return cells.get(name) or ""

    today = at.astimezone(zone).date()
    try:
        candidate = Candidate(
            legacy_card=normal_card(card) if (card := cell("legacy_card")) else None,
            phone=normal_phone(phone) if (phone := cell("phone").strip()) else None,
            email=normal_email(email) if (email := cell("email").strip()) else None,
            name=normal_name(cell("name")),
            birth_date=normal_birth_date(day, today=today) if (day := cell("birth_date").strip()) else None,
            gender=normal_gender(cell("gender")),
            address=normal_text(cell("address"), characters_max=ADDRESS_CHARACTERS_MAX),
            tier_hint=normal_text(cell("tier_hint"), characters_max=40),
            joined_at=_joined_at(cell("joined_at").strip(), zone=zone, at=at),
            attributes=attributes_of(row, COLUMNS),
        )
        if candidate.legacy_card is None and candidate.phone is None:
            column = ""
            raise RowRejected("nothing_identifies", _("There is neither a legacy card nor a phone."))
        balance = _balance(cell("points_balance"))
        expire_on = _expire_on(cell("points_expire_on").strip())
    except InvalidRequest as refusal:
        raise RowRejected(refusal.code, f"{column}: {refusal}") from refusal
    if balance and expire_on is not None and expire_on < today:
        raise RowRejected(
            "points_already_expired",
            _("points_expire_on: these points are dead already. Empty the balance or mend the date."),
        )
    return MemberRow(candidate, balance, expire_on)


def enrol_rows(
    *,
    unit: BusinessUnit,
    rows: Sequence[tuple[Row, MemberRow]],
    by: str,
    at: datetime,
    is_generated: bool = False,
    matcher: Matcher | None = None,
) -> tuple[list[Arrival], list[Reject]]:
    """Enrol the people of one chunk at `unit`, inside the chunk's transaction; twice changes nothing.

    Exact identities decide first, then likeness as far as `matcher` sees it; see members/rules/matching.py.
    """
    endings = enrol_candidates(
        unit=unit,
        candidates=[told.candidate for _row, told in rows],
        desk=Desk("import", by, at, is_generated=is_generated, is_list=True, matcher=matcher),
    )
    arrivals: list[Arrival] = []
    rejects: list[Reject] = []
    for (row, told), ending in zip(rows, endings, strict=True):
        if isinstance(ending, DomainError):
            rejects.append(row.refused(ending.code, str(ending)))
        else:
            arrivals.append(Arrival(row, told, ending.member_id, ending.status, ending.ending))
    return arrivals, rejects


def _joined_at(text: str, *, zone: ZoneInfo, at: datetime) -> datetime:
    if not text:
        return at
    joined_at = normal_instant(text, zone=zone)
    # Clocks of tills run ahead a little: today is always fine.
    if joined_at.astimezone(zone).date() > at.astimezone(zone).date():
        raise RowRejected("future_date", _("joined_at: this date lies in the future."))
    if joined_at.date() < EARLIEST_BIRTH:
        raise RowRejected("bad_date", _("joined_at: this is before 1900."))
    return joined_at


def _expire_on(text: str) -> date | None:
    # The end of the calendar is how legacy systems write never; one day less still has a day after it.
    return min(normal_date(text), date.max - timedelta(days=1)) if text else None


def _balance(text: str) -> int:
    """Whole points; a spreadsheet's `120.0` is 120."""
    told = text.strip()
    if not told:
        return 0
    whole, _point, decimals = told.partition(".")
    digits = whole.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and set(decimals) <= {"0"}):
        raise RowRejected("bad_points", _("points_balance: a whole number is needed, such as 1200."))
    if len(digits) > 12 or int(digits) > BALANCE_MAX:
        raise RowRejected("points_out_of_range", _("points_balance: at most 1,000,000,000 points."))
    if whole.startswith("-") and int(digits):
        raise RowRejected("negative_balance", _("points_balance: a debt cannot be taken over by an import."))
    return int(digits)
