"""Files in which a row is a line: a receipt comes whole, whatever the chunks, or not at all."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from activities.models import Activity, ActivityLine
from common.models import ImportRun
from tests.activities.services.test_importing import rejects_of
from tests.activities.shopping import make_mall, write_rows

pytestmark = pytest.mark.django_db(transaction=True)
COLUMNS = ["source_ref", "kind", "member_ref", "occurred_at", "amount", "line", "item"]


@pytest.fixture(autouse=True)
def _on_a_known_day(settings):
    settings.LOYALTY_FAKE_NOW = "2026-06-15T12:00:00+08:00"
    with translation.override("en"):
        yield


@pytest.fixture
def mall():
    return make_mall(["C1", "C2"])


def line(ref, amount, item="A", card="C1", kind="purchase"):
    return [ref, kind, card, "2026-03-31T08:00:00+08:00", amount, "1", item]


def load(path, *options):
    call_command("import_activities", str(path), "--unit", "MALL", *options)


def test_a_receipt_is_never_cut_by_a_chunk(mall, tmp_path):
    rows = [
        line("S1", "1.50"),
        line("S1", "2.50"),
        line("S1", "3.00"),
        line("S2", "9.00"),
        line("S2", "1.00"),
    ]
    path = write_rows(tmp_path / "l.csv", rows, COLUMNS)

    for _time in range(2):
        load(path, "--lines", "--chunk-rows", "2")

    assert dict(Activity.objects.values_list("source_ref", "amount")) == {"S1": 7, "S2": 10}
    assert ActivityLine.objects.count() == 5
    assert ImportRun.objects.get().counts == {"read": 5, "lines": 5, "already_there": 2}


def test_half_a_receipt_is_none(mall, tmp_path):
    rows = [
        line("S1", "1.50"),
        line("S1", "x"),
        line("S2", "5.00"),
        line("S2", "5.00", card="C2"),
        line("S3", "5.00"),
        line("S4", "1.00", card="C9"),
        line("S4", "1.00", card="C9"),
    ]
    path = write_rows(tmp_path / "l.csv", rows, COLUMNS)

    load(path, "--lines")

    assert rejects_of(path) == {
        2: "other_line_refused",
        3: "bad_amount",
        4: "lines_differ",
        5: "lines_differ",
        7: "unknown_member",
        8: "unknown_member",
    }
    assert [one.source_ref for one in Activity.objects.all()] == ["S3"]


def test_an_operators_own_mapping_is_a_file(mall, tmp_path):
    mapping, path = (
        tmp_path / "pos.json",
        write_rows(tmp_path / "pos.csv", [["9", "C1", "5"]], ["no", "who", "sum"]),
    )
    told = {
        "source_ref": {"column": "no"},
        "kind": {"value": "purchase"},
        "member_ref": {"column": "who"},
        "occurred_at": {"value": "2026-03-31"},
        "amount": {"column": "sum"},
    }
    mapping.write_text(json.dumps({"columns": told}))

    load(path, "--mapping", str(mapping))

    assert Activity.objects.get().amount == 5
    assert (tmp_path / "pos.csv.mapped.csv").exists()
    for wrong, why in ((tmp_path / "none.json", "Shipped: hotel_bookings"), (path, "pos.csv")):
        with pytest.raises(CommandError, match=why):
            load(path, "--mapping", str(wrong))
    mapping.write_text(json.dumps({"columns": told | {"item": {"column": "what"}}}))
    with pytest.raises(CommandError, match="what"):
        load(path, "--mapping", str(mapping))
