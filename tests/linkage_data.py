"""Public person records with true labels, as a unit's list; and how well an import told who is who.

FEBRL 1 and 2 and Splink's fake_1000 lie in the shared data (LOYALTY_SHARED_DATA, or ../shared/data);
`soc_sec_id` is dropped. What the import refuses in a cell, such as 30 February, is left empty here, as its
sender would mend it.
"""

import csv
import gzip
import os
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path

FOLDER = Path(
    os.environ.get("LOYALTY_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
)
SETS = ("febrl1", "febrl2", "splink_fake_1000")
_WORD = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(rf"{_WORD}(?:\.{_WORD})*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
COLUMNS = ("legacy_card", "name", "birth_date", "address", "email")


@dataclass(frozen=True)
class Quality:
    """Of pairs of records: right among the found (precision), found among the right (recall), and F1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / ((self.precision + self.recall) or 1)


def is_there(name: str) -> bool:
    return _path(name).is_file()


def write_list(name: str, to: Path) -> dict[str, str]:
    """The set `name` as a list of members in `to`. Returns card → the person it truly is."""
    truth = {}
    with gzip.open(_path(name), "rt", encoding="utf-8") as source, to.open("w", newline="") as target:
        rows = csv.writer(target)
        rows.writerow(COLUMNS)
        for record in csv.DictReader(source):
            told = _from_splink(record) if name.startswith("splink") else _from_febrl(record)
            rows.writerow(told)
            truth[told[0]] = record["cluster"]
    return truth


def measured(
    truth: Mapping[str, Hashable],
    member_of: Mapping[str, Hashable],
    asked: Iterable[tuple[Hashable, Hashable]],
) -> tuple[Quality, Quality]:
    """(of what was linked, of what was linked or asked about), from the member that each card ended at."""
    right = _pairs(truth)
    linked = _pairs(member_of)
    cards = defaultdict(list)
    for card, member in member_of.items():
        cards[member].append(card)
    wanted = linked | {
        frozenset((one, other)) for left, to in asked for one in cards[left] for other in cards[to]
    }
    return _quality(linked, right), _quality(wanted, right)


def _quality(found: set[frozenset[str]], right: set[frozenset[str]]) -> Quality:
    both = len(found & right)
    return Quality(both / (len(found) or 1), both / len(right))


def _pairs(group_of: Mapping[str, Hashable]) -> set[frozenset[str]]:
    groups = defaultdict(list)
    for card, group in group_of.items():
        groups[group].append(card)
    return {frozenset(pair) for cards in groups.values() for pair in combinations(cards, 2)}


def _from_febrl(record: Mapping[str, str]) -> list[str]:
    name = f"{record['given_name']} {record['surname']}".strip()
    day = record["date_of_birth"]
    parts = (
        f"{record['street_number']} {record['address_1']}".strip(),
        record["address_2"],
        f"{record['suburb']} {record['postcode']}".strip(),
        record["state"],
    )
    return [record["rec_id"], name, _day(day), ", ".join(filter(None, parts)), ""]


def _from_splink(record: Mapping[str, str]) -> list[str]:
    name = f"{record['first_name']} {record['surname']}".strip()
    card = f"fake-{record['unique_id']}"
    return [
        card,
        name,
        _day(record["dob"]),
        record["city"],
        _email(record["email"]),
    ]


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        return ""
    return text


def _email(text: str) -> str:
    return text if _EMAIL.fullmatch(text) else ""


def _path(name: str) -> Path:
    return FOLDER / f"{name}.csv.gz"
