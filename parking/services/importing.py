"""A car park's history, or what a gate wrote down while it was offline: rows of stays, told as passages.

A row that cannot be read is told with its reason and harms no other. Importing twice changes nothing: a row's
reference names its passages.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, InvalidRequest
from parking.models import CarPark
from parking.services.gate import Collected, Seen, record_entry, record_exit

COLUMNS: Final = ("source_ref", "plate", "entered_at", "exited_at", "collected")
REF_CHARACTERS_MAX: Final = 120


class BadStay(InvalidRequest):
    """A row that names no stay; `field` is the column."""

    code = "bad_stay"
    title = _("This row names no stay.")


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of a row: `recorded`, `already_there`, or a refusal's code."""

    number: int
    ending: str


def import_stays(
    *, car_park: CarPark, rows: Iterable[Mapping[str, str]], by: str, at: datetime
) -> Iterator[RowOutcome]:
    """Tell the stays of `rows` (columns: `COLUMNS`; instants without an offset are the venue's). One outcome
    each.
    """
    zone = ZoneInfo(car_park.venue.time_zone)
    for number, row in enumerate(rows, start=1):
        try:
            is_new = _tell(car_park, row, zone, by=by, at=at)
        except DomainError as refusal:
            yield RowOutcome(number, refusal.code)
        else:
            yield RowOutcome(number, "recorded" if is_new else "already_there")


def _tell(car_park: CarPark, row: Mapping[str, str], zone: ZoneInfo, *, by: str, at: datetime) -> bool:
    """Whether any passage of the row was new."""
    ref = (row.get("source_ref") or "").strip()
    if not (0 < len(ref) <= REF_CHARACTERS_MAX and ref.isprintable()):
        raise BadStay(field="source_ref")
    entered, exited = _instant(row, "entered_at", zone), _instant(row, "exited_at", zone)
    collected = _amount(row)
    if entered is None and exited is None:
        raise BadStay(field="entered_at")
    plate, is_new = row.get("plate") or "", False
    if entered is not None:
        _session, is_replay = record_entry(seen=Seen(car_park, plate, f"{ref}:in", entered), by=by, at=at)
        is_new = not is_replay
    if exited is not None:
        told = record_exit(
            seen=Seen(car_park, plate, f"{ref}:out", exited),
            has_passed=True,
            collected=None if collected is None else Collected(collected, ref),
            by=by,
            at=at,
        )
        is_new = is_new or not told.is_replay
    return is_new


def _instant(row: Mapping[str, str], column: str, zone: ZoneInfo) -> datetime | None:
    written = (row.get(column) or "").strip()
    if not written:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as malformed:
        raise BadStay(field=column) from malformed
    moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
    if not 2000 <= moment.year <= 2100:
        raise BadStay(field=column)
    return moment


def _amount(row: Mapping[str, str]) -> Decimal | None:
    written = (row.get("collected") or "").strip()
    if not written:
        return None
    try:
        amount = Decimal(written)
    except InvalidOperation as malformed:
        raise BadStay(field="collected") from malformed
    if not (amount.is_finite() and 0 <= amount < 10**9 and amount == round(amount, 2)):
        raise BadStay(field="collected")
    return amount or None
