"""Real shopping as an import file: 36,488 baskets of 588 households, one point per whole currency unit."""

import csv
import gzip
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from members.models import Enrolment, Member
from tests.factories import LONG_AGO, make_earn_rule, make_program, make_unit
from units.models import BusinessUnit

COLUMNS = ["source_ref", "kind", "member_ref", "occurred_at", "amount", "currency", "quantity"]
BASKETS, AMOUNT, POINTS = 36_488, "1089605.93", 1_071_842
_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"


def shopping_rows() -> list[list[str]]:
    """Every basket as a row of the activities format; skips where the data is not at hand."""
    path = Path(os.environ.get("LOYALTY_SHARED_DATA", _BESIDE)) / "cj_baskets_dev.csv.gz"
    if not path.exists():
        pytest.skip(f"the shopping data is not at {path.parent}: set LOYALTY_SHARED_DATA")
    with gzip.open(path, "rt") as stream:
        return [
            [
                *(basket["basket_id"], "purchase", basket["household_id"], basket["ts"]),
                f"{int(basket['sales_cents']) // 100}.{int(basket['sales_cents']) % 100:02d}",
                *("CNY", basket["units"]),
            ]
            for basket in csv.DictReader(stream)
        ]


def write_rows(path: Path, rows: Iterable[list[str]], columns: list[str] | None = None) -> Path:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([columns or COLUMNS, *rows])
    return path


def make_mall(cards: Iterable[str]) -> BusinessUnit:
    """A mall with a base rate of 1 and a member for each card."""
    mall = make_unit("MALL")
    make_earn_rule(mall, make_program("MALLPOINTS", owner=mall, expiry_kind="year_end", expiry_count=1))
    cards = list(cards)
    members = Member.objects.bulk_create(
        Member(number=f"{number:012d}", joined_at=LONG_AGO) for number in range(1, len(cards) + 1)
    )
    Enrolment.objects.bulk_create(
        Enrolment(member=member, unit=mall, legacy_card=card, joined_at=LONG_AGO, created_at=LONG_AGO)
        for member, card in zip(members, cards, strict=True)
    )
    return mall
