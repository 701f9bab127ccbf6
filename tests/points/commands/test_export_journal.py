"""The whole journal as JSON lines."""

import json
from collections import defaultdict
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from points.selectors import journal
from points.services.expiry import expire_due_lots
from tests.factories import LONG_AGO, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def story():
    """600 mall and 500 hotel points, a price of 1,000 at the mall, and five points that expired."""
    member, mall, hotel = make_member(), make_unit("MALL"), make_unit("HOTEL", "hotel")
    mall_program, hotel_program = make_program("MALL", owner=mall), make_program("HOTEL", owner=hotel)
    make_rate(hotel_program, mall_program, 2)
    short_lived = make_program("SHORT", owner=mall, expiry_kind="days", expiry_count=1)
    give(member, short_lived, 5, occurred_at=LONG_AGO)
    expire_due_lots(at=LONG_AGO + timedelta(days=9))
    give(member, mall_program, 600, rule="base v1")
    give(member, hotel_program, 500)
    redeem(member, mall_program, 1000, unit=mall, source_ref="till-1")
    return member


def exported():
    out = StringIO()
    call_command("export_journal", stdout=out, stderr=StringIO())
    return [json.loads(line) for line in out.getvalue().splitlines()]


def by_type(lines):
    found = defaultdict(list)
    for line in lines:
        found[line["type"]].append(line)
    return found


def test_an_empty_journal_exports_nothing():
    assert exported() == []


def test_every_row_is_there_and_wallets_come_last(story):
    lines = exported()

    assert {kind: len(rows) for kind, rows in by_type(lines).items()} == {
        "unit": 2, "program": 3, "posting": 5, "entry": 12, "lot": 3, "draw": 3, "wallet": 3,
    }  # fmt: skip
    assert [line["type"] for line in lines[-3:]] == ["wallet"] * 3


def test_the_lines_of_every_posting_sum_to_zero_in_every_program(story):
    sums = defaultdict(int)
    for entry in by_type(exported())["entry"]:
        sums[entry["posting"], entry["program"]] += entry["points"]

    assert len(sums) == 6
    assert set(sums.values()) == {0}


def test_wallets_can_be_made_again_from_the_entries_and_from_the_lots(story):
    told = by_type(exported())
    from_entries, from_lots = defaultdict(int), defaultdict(int)
    for entry in told["entry"]:
        if entry["account"] == "wallet":
            from_entries[entry["wallet"]] += entry["points"]
    for lot in told["lot"]:
        from_lots[lot["wallet"]] += lot["remaining"]

    balances = {wallet["id"]: wallet["balance"] for wallet in told["wallet"]}
    assert sorted(balances.values()) == [0, 0, 300]
    assert from_entries == balances == from_lots


def test_lots_can_be_made_again_from_the_draws(story):
    told = by_type(exported())
    drawn = defaultdict(int)
    for draw in told["draw"]:
        drawn[draw["lot"]] += draw["points"]

    assert all(lot["points"] == lot["remaining"] + drawn[lot["id"]] for lot in told["lot"])


def test_a_posting_line_says_all_its_columns(story):
    posting = by_type(exported())["posting"][-1]

    assert posting["source_ref"] == "till-1"
    assert (posting["kind"], posting["unit"], posting["program"], posting["points"]) == (
        "redemption", "MALL", "MALL", 1000,
    )  # fmt: skip
    assert posting["occurred_at"] == "2026-06-15T04:00:00+00:00"
    assert len(bytes.fromhex(posting["digest"])) == 32
    assert set(posting) == {"type"} | {f.name for f in story.postings.model._meta.get_fields() if f.concrete}


def test_never_and_costs_are_told_without_loss(story):
    lots = by_type(exported())["lot"]

    assert {lot["expires_at"] for lot in lots if lot["program"] == "MALL"} == {None}
    assert {lot["unit_cost"] for lot in lots} == {"0.010000"}


def test_a_file_is_whole_or_absent(story, tmp_path, monkeypatch):
    broken = iter([["{}"]])

    def stops_half_way():
        yield from broken
        raise OSError("no space left on device")

    monkeypatch.setattr("points.management.commands.export_journal.journal_lines", stops_half_way)
    with pytest.raises(CommandError, match="no space left"):
        call_command("export_journal", out=tmp_path / "journal.jsonl")

    assert list(tmp_path.iterdir()) == []


def test_a_file_holds_what_standard_output_would(story, tmp_path):
    call_command("export_journal", out=tmp_path / "journal.jsonl", stderr=StringIO())

    written = (tmp_path / "journal.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in written.splitlines()] == exported()
    assert [path.name for path in tmp_path.iterdir()] == ["journal.jsonl"]


def test_what_is_posted_during_an_export_is_not_in_it(story, admin_connection, monkeypatch):
    monkeypatch.setattr(journal, "LINES_A_BATCH", 1)
    lines = journal.journal_lines()
    first = next(lines)

    with admin_connection.cursor() as cursor:
        cursor.execute("UPDATE points_wallet SET balance = balance + 1000, debt = 0")
    told = by_type(json.loads(line) for batch in (first, *lines) for line in batch)

    assert sorted(wallet["balance"] for wallet in told["wallet"]) == [0, 0, 300]


def test_an_export_writes_nothing_and_leaves_the_connection_usable(story):
    exported()

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only')")
        assert cursor.fetchone() == ("off",)
