"""The bulk import of activities: real shopping, in any order and cut, always the same books."""

import csv
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, Sum
from django.utils import translation

from activities.models import Activity
from activities.services import importing
from common.models import ImportRun
from points.models import Posting, Wallet
from tests.activities.shopping import (
    AMOUNT,
    BASKETS,
    COLUMNS,
    POINTS,
    make_mall,
    shopping_rows,
    write_rows,
)
from tests.factories import make_earn_rule, make_member, make_outlet, make_program, make_unit

PROJECT = Path(__file__).resolve().parents[3]
FAKE_NOW = "2026-06-15T12:00:00+08:00"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _on_a_known_day_in_english(settings):
    settings.LOYALTY_FAKE_NOW = FAKE_NOW
    with translation.override("en"):
        yield


@pytest.fixture(scope="module")
def rows():
    return shopping_rows()


@pytest.fixture
def mall(rows):
    return make_mall(sorted({row[2] for row in rows}))


@pytest.fixture
def small_mall():
    return make_mall(["C1", "C2"])


def load(path, *options):
    call_command("import_activities", str(path), "--unit", "MALL", *options)


def process(path, dsn):
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_activities", str(path), "--unit", "MALL"],
        cwd=PROJECT,
        env={
            **os.environ,
            "DATABASE_URL": dsn,
            "LOYALTY_FAKE_NOW": FAKE_NOW,
            "DJANGO_SETTINGS_MODULE": "loyalty.settings",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def books():
    activities = Activity.objects.aggregate(n=Count("pk"), amount=Sum("amount"))
    posted = Posting.objects.aggregate(points=Sum("points"))["points"]
    held = Wallet.objects.aggregate(points=Sum("balance"))["points"]
    assert posted == held
    return activities["n"], str(activities["amount"]), posted


def rejects_of(path):
    with Path(f"{path}.rejects.csv").open(newline="") as stream:
        return {int(line["row"]): line["reason"] for line in csv.DictReader(stream)}


def test_real_shopping_twice_and_shuffled_gives_exactly_the_known_totals(mall, rows, tmp_path):
    path = write_rows(tmp_path / "baskets.csv", rows)
    load(path)
    first = books()
    load(path)
    again = books()
    load(write_rows(tmp_path / "shuffled.csv", random.Random(1).sample(rows, len(rows))))

    assert first == again == books() == (BASKETS, AMOUNT, POINTS)
    assert set(ImportRun.objects.values_list("counts__read", flat=True)) == {BASKETS}
    assert not list(tmp_path.glob("*.rejects.csv"))


def test_overlapping_halves_at_the_same_time_give_the_same_totals(mall, rows, tmp_path, app_dsn):
    backwards = rows[: BASKETS // 3 - 1 : -1]
    halves = [
        process(write_rows(tmp_path / "first.csv", rows[: 2 * BASKETS // 3]), app_dsn),
        process(write_rows(tmp_path / "second.csv", backwards), app_dsn),
    ]

    outputs = [half.communicate(timeout=120)[0] for half in halves]

    assert [half.returncode for half in halves] == [0, 0], outputs
    assert books() == (BASKETS, AMOUNT, POINTS)


def test_a_killed_import_goes_on_where_it_was(mall, rows, tmp_path, app_dsn, admin_connection):
    path = write_rows(
        tmp_path / "baskets.csv",
        [*rows[:100], ["bad", *rows[0][1:3], "nonsense", "1", "CNY", ""], *rows[100:]],
    )
    running = process(path, app_dsn)
    wait_for_rows(admin_connection)
    running.kill()
    running.wait()
    done = ImportRun.objects.get().last_row

    load(path)

    assert 1 < done < BASKETS
    assert books() == (BASKETS, AMOUNT, POINTS)
    assert rejects_of(path) == {102: "bad_date"}
    assert ImportRun.objects.get().counts["recorded"] == BASKETS


def wait_for_rows(link, limit_seconds=60):
    """Until a chunk is committed."""
    deadline = time.monotonic() + limit_seconds
    while time.monotonic() < deadline:
        with link.cursor() as cursor:
            cursor.execute("SELECT max(last_row) FROM common_importrun")
            if (cursor.fetchone()[0] or 0) > 1:
                return
        time.sleep(0.02)
    raise AssertionError("no chunk was committed in time")


def sale(ref="R1", card="C1", **cells):
    values = {
        "source_ref": ref,
        "kind": "purchase",
        "member_ref": card,
        "occurred_at": "2026-03-31T08:00:00+08:00",
    }
    values |= {"amount": "10.00", "currency": "CNY", "quantity": ""} | cells
    return [values[name] for name in COLUMNS]


def test_each_bad_row_is_refused_by_name_and_the_good_ones_are_taken(small_mall, tmp_path):
    lines = [
        (sale("ok"), None),
        (sale("date", occurred_at="31/03/2026"), "bad_date"),
        (sale("old", occurred_at="2016-06-14T00:00:00+08:00"), "date_too_old"),
        (sale("ahead", occurred_at="2026-06-17T00:00:00+08:00"), "date_in_future"),
        (sale("minus", amount="-1.00"), "negative_amount"),
        (sale("words", amount="１０"), "bad_amount"),
        (sale("large", amount="1000000000.01"), "too_large"),
        (sale("yen", currency="JPY"), "other_currency"),
        (sale("gold", currency="XAU"), "bad_currency"),
        (sale("kind", kind="gift"), "unknown_kind"),
        (sale("refund", kind="refund"), "missing_refund_of"),
        (sale("who", card="C9"), "unknown_member"),
        (sale(""), "bad_reference"),
        (sale("ok"), None),
        (sale("ok", amount="11.00"), "duplicate_reference"),
        (["short"], "wrong_cell_count"),
    ]
    path = write_rows(tmp_path / "f.csv", [line for line, _reason in lines])

    load(path)

    expected = {number: reason for number, (_line, reason) in enumerate(lines, 2) if reason}
    assert rejects_of(path) == expected
    assert books() == (1, "10.00", 10)
    assert ImportRun.objects.get().counts == {"read": 16, "recorded": 1, "already_there": 1, "points": 10}


def test_mended_rejects_can_be_imported_as_they_are(small_mall, tmp_path):
    path = write_rows(tmp_path / "f.csv", [sale("R1"), sale("R2", amount="-5")])
    load(path)
    rejects = tmp_path / "f.csv.rejects.csv"
    rejects.write_text(rejects.read_text().replace("'-5", "5"))

    load(rejects)

    assert books() == (2, "15.00", 15)
    assert Activity.objects.get(source_ref="R2").attributes == {}


def test_an_anonymous_sale_and_a_frozen_member_are_recorded_and_earn_nothing(small_mall, tmp_path):
    frozen = make_member(number="900000000001", status="frozen")
    frozen.enrolments.create(
        unit=small_mall, legacy_card="F", joined_at=frozen.joined_at, created_at=frozen.joined_at
    )

    load(
        write_rows(tmp_path / "f.csv", [sale("R1", card=""), sale("R2", card="F"), sale("R3", amount="0.99")])
    )

    assert Activity.objects.count() == 3
    assert not Posting.objects.exists()


def test_other_columns_are_kept_and_outlets_are_found(small_mall, tmp_path):
    outlet = make_outlet(small_mall, "TILL")
    path = tmp_path / "f.csv"
    write_rows(path, [[*sale(), "TILL", "=till"], [*sale("R2"), "NONE", ""]], [*COLUMNS, "outlet", "cashier"])

    load(path)

    activity = Activity.objects.get()
    assert (activity.outlet, activity.attributes) == (outlet, {"cashier": "=till"})
    assert rejects_of(path) == {3: "unknown_outlet"}


def test_points_paid_earn_nothing_and_every_program_earns_once(small_mall, tmp_path):
    make_earn_rule(small_mall, make_program("GROUP"), "0.5")
    line = [*sale(amount="100.00"), "40.00"]

    for _ in range(2):
        load(write_rows(tmp_path / "f.csv", [line], [*COLUMNS, "paid_with_points"]))

    assert dict(Posting.objects.values_list("source_ref", "points")) == {
        "activity:MALLPOINTS:R1": 60,
        "activity:GROUP:R1": 30,
    }


def test_an_interrupted_chunk_leaves_nothing_and_is_done_again(small_mall, tmp_path, monkeypatch):
    path = write_rows(tmp_path / "f.csv", [sale(f"R{n}") for n in range(30)] + [sale("bad", amount="x")])
    real, calls = importing.record_activities, []

    def interrupted(**kwargs):
        told = real(**kwargs)
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return told

    monkeypatch.setattr(importing, "record_activities", interrupted)

    with pytest.raises(CommandError, match="again to go on"):
        load(path, "--chunk-rows", "10")
    assert Activity.objects.count() == 20
    load(path, "--chunk-rows", "10")

    assert books() == (30, "300.00", 300)
    assert rejects_of(path) == {32: "bad_amount"}
    assert ImportRun.objects.get().counts["recorded"] == 30


def test_what_cannot_begin_says_why_in_one_sentence(small_mall, tmp_path):
    make_unit("ASLEEP", is_active=False)
    good = write_rows(tmp_path / "f.csv", [sale()])

    for path, unit, words in (
        (good, "NOWHERE", "no business unit"),
        (good, "ASLEEP", "not active"),
        (tmp_path / "absent.csv", "MALL", "cannot be read"),
        (write_rows(tmp_path / "g.csv", [], ["kind"]), "MALL", "lacks these columns: amount"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("import_activities", str(path), "--unit", unit)
    assert not Activity.objects.exists()
