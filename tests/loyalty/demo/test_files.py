"""The import files: dates moved by whole days, generated rows labelled, the same bytes for the same story."""

import csv
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from loyalty.demo.files import timeline, write_files
from loyalty.demo.shopping import Basket

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST = Basket(1, 900, 330, datetime(2017, 1, 1, 11, 53, 26), Decimal("0.50"), 1)
LAST = Basket(2, 901, 330, datetime(2018, 1, 1, 4, 1, 20), Decimal("10.52"), 5)
BASKETS = [FIRST, *(replace(FIRST, basket_id=n, household=1_000 + n) for n in range(10, 60)), LAST]


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("now", "last_day"),
    [("2026-11-23T12:00:00", "2026-11-23"), ("2026-11-23T04:01:20", "2026-11-22")],
)
def test_the_last_basket_falls_on_today_unless_it_would_be_in_the_future(now, last_day):
    line = timeline(BASKETS, ends_at=datetime.fromisoformat(now).replace(tzinfo=SHANGHAI))

    moved = line.moved(LAST.local_time)

    assert moved.isoformat() == f"{last_day}T04:01:20+08:00"
    assert moved < line.ends_at


def test_the_year_begins_at_the_midnight_before_the_first_basket():
    line = timeline(BASKETS, ends_at=datetime(2026, 11, 23, 12, tzinfo=SHANGHAI))

    assert line.starts_at == datetime(2025, 11, 23, tzinfo=SHANGHAI)


def test_the_same_story_makes_the_same_bytes(tmp_path):
    line = timeline(BASKETS, ends_at=datetime(2026, 11, 23, 12, tzinfo=SHANGHAI))

    once = write_files(tmp_path / "a", BASKETS, line)
    again = write_files(tmp_path / "b", BASKETS, line)

    assert {key: path.read_bytes() for key, path in once.items()} == {
        key: path.read_bytes() for key, path in again.items()
    }


def test_the_malls_rows_are_the_baskets_and_all_else_says_generated(tmp_path):
    line = timeline(BASKETS, ends_at=datetime(2026, 11, 23, 12, tzinfo=SHANGHAI))

    files = write_files(tmp_path, BASKETS, line)

    mall = rows_of(files["MALL", "activities"])
    assert [row["source_ref"] for row in mall] == [f"CJ-{basket.basket_id}" for basket in BASKETS]
    assert (mall[0]["amount"], mall[0]["occurred_at"]) == ("0.50", "2025-11-23T11:53:26+08:00")
    others = [
        row
        for (unit, what), path in files.items()
        if what == "members" or unit != "MALL"
        for row in rows_of(path)
    ]
    assert others
    assert {row["generated"] for row in others} == {"yes"}


def test_generated_deeds_lie_within_the_story(tmp_path):
    line = timeline(BASKETS, ends_at=datetime(2026, 11, 23, 12, tzinfo=SHANGHAI))

    files = write_files(tmp_path, BASKETS, line)

    for unit in ("HOMES", "HOTEL", "OFFICE"):
        rows = rows_of(files[unit, "activities"])
        times = [datetime.fromisoformat(row["occurred_at"]) for row in rows]
        assert times == sorted(times)
        assert all(line.starts_at <= when < line.ends_at for when in times)
        assert len({row["source_ref"] for row in rows}) == len(rows) > 0


def test_one_household_is_one_person_in_all_units(tmp_path):
    line = timeline(BASKETS, ends_at=datetime(2026, 11, 23, 12, tzinfo=SHANGHAI))

    files = write_files(tmp_path, BASKETS, line)

    people = {}
    for unit in ("MALL", "HOMES", "HOTEL", "OFFICE"):
        for row in rows_of(files[unit, "members"]):
            people.setdefault(row["phone"], set()).add((row["name"], row["birth_date"], row["gender"]))
    assert len(people) == len({basket.household for basket in BASKETS})
    assert all(len(descriptions) == 1 for descriptions in people.values())
    assert all(phone.startswith("154") for phone in people)


def test_members_joined_before_their_year_began(tmp_path):
    line = timeline(BASKETS, ends_at=datetime(2026, 11, 23, 12, tzinfo=SHANGHAI))

    files = write_files(tmp_path, BASKETS, line)

    first = line.starts_at.date() - timedelta(days=1)
    assert max(row["joined_at"] for row in rows_of(files["MALL", "members"])) <= first.isoformat()
