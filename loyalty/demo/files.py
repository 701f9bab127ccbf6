"""The demo's import files, in the documented formats: members and activities of each unit, as CSV.

The mall's activities are the real baskets with their dates moved by whole days. Everything else is generated,
and a column `generated` says so. The same story makes the same bytes, so that a second run goes on with the
first's.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from loyalty.demo.generated import ZONE, card, deeds, joins
from loyalty.demo.group import HOMES, HOTEL, MALL, OFFICE, Business
from loyalty.demo.people import person
from loyalty.demo.shopping import Basket

SEED = 2017
MEMBER_COLUMNS = ("legacy_card", "name", "phone", "birth_date", "gender", "joined_at", "generated")
ACTIVITY_COLUMNS = (
    "source_ref",
    "kind",
    "member_ref",
    "outlet",
    "occurred_at",
    "amount",
    "currency",
    "category",
    "quantity",
)
_JOINED_BEFORE_DAYS = 700


@dataclass(frozen=True, slots=True)
class Timeline:
    """The story's year: `days` are added to the data's own dates; [starts_at, ends_at)."""

    days: int
    starts_at: datetime
    ends_at: datetime

    def moved(self, local_time: datetime) -> datetime:
        """A wall time of the data as an instant of the story: same hour, another day."""
        return (local_time + timedelta(days=self.days)).replace(tzinfo=ZONE)


def timeline(baskets: Sequence[Basket], *, ends_at: datetime) -> Timeline:
    """The timeline whose last basket falls on the day of `ends_at`, or the day before if it is too early."""
    first, last = baskets[0].local_time, baskets[-1].local_time
    now = ends_at.astimezone(ZONE).replace(tzinfo=None)
    days = (now.date() - last.date()).days
    if last + timedelta(days=days) >= now:
        days -= 1
    midnight = (first + timedelta(days=days)).replace(hour=0, minute=0, second=0, tzinfo=ZONE)
    return Timeline(days, midnight, ends_at)


def write_files(folder: Path, baskets: Sequence[Basket], line: Timeline) -> dict[tuple[str, str], Path]:
    """The files by (unit code, "members" or "activities")."""
    folder.mkdir(parents=True, exist_ok=True)
    households = sorted({basket.household for basket in baskets})
    known = {
        unit.code: [h for h in households if joins(unit, h, seed=SEED)] for unit in (HOMES, HOTEL, OFFICE)
    }
    files = {}
    for unit in (MALL, HOMES, HOTEL, OFFICE):
        members, rows = known.get(unit.code, households), _shopping(baskets, line)
        if unit is not MALL:
            rows = _generated(unit, members, line)
        generated = () if unit is MALL else ("generated",)
        files[unit.code, "members"] = _write(
            folder / f"{unit.code.lower()}-members.csv", MEMBER_COLUMNS, _people(unit, members, line)
        )
        files[unit.code, "activities"] = _write(
            folder / f"{unit.code.lower()}-activities.csv", (*ACTIVITY_COLUMNS, *generated), rows
        )
    return files


def _people(unit: Business, households: Iterable[int], line: Timeline) -> Iterator[tuple[object, ...]]:
    for household in households:
        who = person(household, series=0, random=Random(f"{SEED}:person:{household}"))  # noqa: S311 -- a story
        days = Random(f"{SEED}:joined:{unit.code}:{household}").randrange(_JOINED_BEFORE_DAYS)  # noqa: S311 -- a story
        joined_on = (line.starts_at - timedelta(days=days + 1)).astimezone(ZONE).date()
        yield (
            card(unit, household),
            who.name,
            who.phone,
            who.birth_date.isoformat(),
            who.gender,
            joined_on.isoformat(),
            "yes",
        )


def _shopping(baskets: Iterable[Basket], line: Timeline) -> Iterator[tuple[object, ...]]:
    for basket in baskets:
        yield (
            f"CJ-{basket.basket_id}",
            "purchase",
            card(MALL, basket.household),
            basket.store,
            line.moved(basket.local_time).isoformat(),
            basket.amount,
            "CNY",
            "groceries",
            basket.quantity,
        )


def _generated(unit: Business, households: Iterable[int], line: Timeline) -> Iterator[tuple[object, ...]]:
    """Oldest first, as a system of the unit would export them."""
    made = [
        deed
        for household in households
        for deed in deeds(unit, household, seed=SEED, starts_at=line.starts_at, ends_at=line.ends_at)
    ]
    for deed in sorted(made, key=lambda deed: (deed.occurred_at, deed.source_ref)):
        yield (
            deed.source_ref,
            deed.kind,
            deed.member_ref,
            deed.outlet,
            deed.occurred_at.isoformat(),
            deed.amount,
            "CNY",
            deed.category,
            deed.quantity,
            "yes",
        )


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write beside and rename, so that a killed run leaves no half file."""
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return unfinished.rename(path)
