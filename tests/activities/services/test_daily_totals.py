"""Daily totals by file: one a unit and day, the latest report stands."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command

from activities.models import DailyTotal
from activities.rules.totals import DailyReport
from activities.services.daily_totals import record_daily_totals
from common.models import ImportRun
from tests.activities.shopping import write_rows
from tests.factories import NOW, make_unit

COLUMNS = ["unit", "date", "amount", "currency", "orders"]


@pytest.fixture(autouse=True)
def _on_a_known_day(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def units(transactional_db):
    make_unit("ASLEEP", is_active=False)
    return make_unit("MALL"), make_unit("HOTEL", "hotel")


def load(tmp_path, lines, name="totals.csv"):
    path = write_rows(tmp_path / name, lines, COLUMNS)
    call_command("import_daily_totals", str(path))
    rejects = Path(f"{path}.rejects.csv")
    if not rejects.exists():
        return {}
    with rejects.open(newline="") as stream:
        return {int(line["row"]): line["reason"] for line in csv.DictReader(stream)}


def counts():
    return ImportRun.objects.latest("pk").counts


def test_totals_are_stored_once_and_corrected_by_a_later_file(units, tmp_path):
    days = [["MALL", "2026-06-13", "100.00", "CNY", "7"], ["HOTEL", "2026-06-13", "50.5", "", "2"]]

    load(tmp_path, days)
    first = counts()
    load(tmp_path, days)
    again = counts()
    load(tmp_path, [["MALL", "2026-06-13", "100.00", "CNY", "8"]], "corrected.csv")

    assert (first, again, counts()) == (
        {"read": 2, "recorded": 2},
        {"read": 2, "already_there": 2},
        {"read": 1, "replaced": 1},
    )
    assert set(DailyTotal.objects.values_list("unit__code", "amount", "currency", "orders")) == {
        ("MALL", Decimal("100.00"), "CNY", 8),
        ("HOTEL", Decimal("50.50"), "CNY", 2),
    }


def test_each_bad_total_is_refused_by_name(units, tmp_path):
    good = ["MALL", "2026-06-13", "100.00", "CNY", "7"]
    lines = [
        (good, None),
        (good, None),
        (["MALL", "2026-06-13", "100.00", "CNY", "8"], "duplicate_day"),
        (["NOWHERE", "2026-06-13", "1", "CNY", "1"], "unknown_unit"),
        (["ASLEEP", "2026-06-13", "1", "CNY", "1"], "unknown_unit"),
        (["MALL", "13.06.2026", "1", "CNY", "1"], "bad_date"),
        (["MALL", "2026-02-30", "1", "CNY", "1"], "bad_date"),
        (["MALL", "2016-06-14", "1", "CNY", "1"], "date_too_old"),
        (["MALL", "2026-06-17", "1", "CNY", "1"], "date_in_future"),
        (["MALL", "2026-06-12", "1,000", "CNY", "1"], "bad_amount"),
        (["MALL", "2026-06-12", "-1", "CNY", "1"], "negative_amount"),
        (["MALL", "2026-06-12", "1000000000000.01", "CNY", "1"], "too_large"),
        (["MALL", "2026-06-12", "1", "USD", "1"], "other_currency"),
        (["MALL", "2026-06-12", "1", "CNY", "1.5"], "bad_orders"),
        (["MALL", "2026-06-12", "1", "CNY", ""], None),
        (["MALL", "2026-06-12", "1", "CNY", ""], None),
    ]

    found = load(tmp_path, [line for line, _reason in lines])

    assert found == {number: reason for number, (_line, reason) in enumerate(lines, 2) if reason}
    assert counts() == {"read": 16, "recorded": 2, "already_there": 2}
    # How many orders there were may be unknown.
    assert DailyTotal.objects.get(date=date(2026, 6, 12)).orders is None


@pytest.mark.django_db
def test_answers_come_in_the_order_asked():
    mall = make_unit("MALL")
    late, early = (DailyReport(mall.pk, date(2026, 6, day), Decimal(1), "CNY", 1) for day in (13, 12))

    assert record_daily_totals(reports=[early]) == ["recorded"]
    assert record_daily_totals(reports=[late, early]) == ["recorded", "already_there"]
    assert record_daily_totals(reports=[]) == []
