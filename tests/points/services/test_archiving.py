"""An archive proves itself: it is read back, and neither a changed byte nor a changed row gets by."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import translation

from common.clock import now
from points.models import Draw, Entry, Lot, Posting
from points.rules.archives import Reading
from points.services.archiving import (
    AlreadyArchived,
    ArchiveDiffers,
    NoSuchYear,
    NotAManifest,
    YearNotOver,
    archive_year,
    check_archive,
)
from tests.databases import signed_in
from tests.factories import give, make_member, make_program, make_unit, redeem
from tests.points.own_database import ADMIN, own_database
from tests.schemas import PROJECT

SQL = PROJECT / "tests" / "bench" / "sql"
MEMBERS = 8
# Eighty postings from 2022 on, over four years.
HISTORY = {"members": MEMBERS, "points": 1000, "starts_at": "2022-01-01", "step": "437.7 hours"}


@pytest.fixture
def old_ledger(django_db_setup, django_db_blocker) -> Iterator[object]:
    """A ledger with four years behind it, and its superuser."""
    with django_db_blocker.unblock(), own_database(), signed_in(ADMIN) as admin, admin.cursor() as cursor:
        for file, values in (
            ("people.sql", {"members": MEMBERS}),
            ("history_begin.sql", HISTORY),
            ("history.sql", {**HISTORY, "first": 0, "until": MEMBERS * 10}),
        ):
            cursor.execute((SQL / file).read_text(), values)
        yield cursor


def lines_of(file: Path) -> list[dict]:
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def rewrite(file: Path, lines: list[dict]) -> None:
    with gzip.open(file, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def test_the_years_together_are_the_whole_journal(old_ledger, tmp_path):
    manifests = [archive_year(year=year, folder=tmp_path, at=now()) for year in range(2021, 2026)]

    lines = [line for m in manifests for line in lines_of(tmp_path / m.file)]
    found = {kind: {line["id"] for line in lines if line["type"] == kind} for kind in ("posting", "lot")}
    assert manifests[0].postings == 0
    assert found["posting"] == {str(pk) for pk in Posting.objects.values_list("pk", flat=True)}
    assert found["lot"] == {str(pk) for pk in Lot.objects.values_list("pk", flat=True)}
    assert sum(line["type"] == "entry" for line in lines) == Entry.objects.count() == MEMBERS * 10
    assert sum(line["type"] == "draw" for line in lines) == Draw.objects.count() == MEMBERS * 4
    assert sum(m.totals.get("entry redeemed", [0, 0])[1] for m in manifests) == -3500 * MEMBERS


def test_a_year_begins_at_midnight_of_the_group_and_not_of_utc(old_ledger, tmp_path):
    turn = Posting.objects.get(source_ref="past-20")
    assert turn.posted_at == datetime(2022, 12, 31, 18, tzinfo=UTC)

    told = {
        year: lines_of(tmp_path / archive_year(year=year, folder=tmp_path, at=now()).file)
        for year in (2022, 2023)
    }

    assert [year for year, lines in told.items() if str(turn.pk) in {line["id"] for line in lines}] == [2023]


def test_archiving_twice_gives_the_same_bytes_and_overwrites_nothing(old_ledger, tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    one = archive_year(year=2023, folder=first, at=now())
    other = archive_year(year=2023, folder=second, at=now())

    with pytest.raises(AlreadyArchived):
        archive_year(year=2023, folder=first, at=now())

    assert one.sha256 == other.sha256
    assert sorted(path.name for path in first.iterdir()) == [
        "journal-2023.jsonl.gz",
        "journal-2023.manifest.json",
    ]


def test_a_changed_figure_is_found_even_where_the_sums_still_agree(old_ledger, tmp_path):
    manifest = archive_year(year=2023, folder=tmp_path, at=now())
    file = tmp_path / manifest.file
    for kind in ("posting", "entry", "draw", "lot"):
        lines = lines_of(file)
        one, other = [line for line in lines if line["type"] == kind][:2]
        one["points"] += 1
        other["points"] -= 1
        changed = tmp_path / kind
        changed.mkdir()
        (changed / "journal-2023.manifest.json").write_text(
            (tmp_path / "journal-2023.manifest.json").read_text()
        )
        rewrite(changed / manifest.file, lines)

        with pytest.raises(ArchiveDiffers, match="digest"):
            check_archive(changed / "journal-2023.manifest.json")


def test_lines_gone_added_or_moved_are_found(old_ledger, tmp_path):
    manifest = archive_year(year=2024, folder=tmp_path, at=now())
    file = tmp_path / manifest.file
    lines = lines_of(file)
    harmed = {
        "the last line gone": lines[:-1],
        "the first gone": lines[1:],
        "no draws": [line for line in lines if line["type"] != "draw"],
        "two exchanged": [lines[1], lines[0], *lines[2:]],
        "one twice": lines + lines[-1:],
        "one unknown": [*lines, {"type": "wallet", "points": 0}],
    }
    for left in harmed.values():
        rewrite(file, left)

        with pytest.raises(ArchiveDiffers):
            check_archive(tmp_path / "journal-2024.manifest.json")


def test_a_file_cut_short_is_found(old_ledger, tmp_path):
    manifest = archive_year(year=2024, folder=tmp_path, at=now())
    file = tmp_path / manifest.file
    file.write_bytes(file.read_bytes()[:-20])

    with pytest.raises(ArchiveDiffers):
        check_archive(tmp_path / "journal-2024.manifest.json")


def test_a_journal_that_was_changed_is_not_archived_as_if_it_were_whole(old_ledger, tmp_path):
    old_ledger.execute("SET session_replication_role = replica")
    old_ledger.execute(
        "UPDATE points_entry SET points = points + 1 WHERE id = (SELECT max(id) FROM points_entry"
        " WHERE posting_id < points_first_id('2023-12-01'))"
    )

    with pytest.raises(ArchiveDiffers, match="digest"):
        archive_year(year=2023, folder=tmp_path, at=now())

    assert list(tmp_path.iterdir()) == []


def test_a_year_that_runs_is_not_archived(old_ledger, tmp_path):
    with pytest.raises(YearNotOver):
        archive_year(year=now().year, folder=tmp_path, at=now())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("year", [-1, 0, 9999, 99_999])
def test_a_year_that_no_calendar_has_is_refused(year, tmp_path):
    with pytest.raises(NoSuchYear):
        archive_year(year=year, folder=tmp_path, at=now())


@pytest.mark.parametrize("told", [b"", b"x", b"{}", b"[1]", b"\xff", b'{"year": 2022}'])
def test_a_file_that_is_no_manifest_is_refused_by_name(told, tmp_path):
    other = tmp_path / "other.json"
    other.write_bytes(told)

    with pytest.raises(NotAManifest):
        check_archive(other)


def test_the_command_prints_the_manifest_and_checks_it_again(old_ledger, tmp_path):
    told = StringIO()
    call_command("archive_journal", "--year", "2022", "--to", str(tmp_path), stdout=told)
    again = StringIO()
    call_command("archive_journal", "--check", str(tmp_path / "journal-2022.manifest.json"), stdout=again)

    assert json.loads(told.getvalue()) == json.loads(again.getvalue())
    assert json.loads(told.getvalue())["programs"]["BENCH1"] == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--year", "2022"], "--to"),
        (["--year", "2999", "--to", "{}"], "not over"),
        (["--year", "2022", "--to", "{}/absent"], "cannot read or write"),
        (["--check", "{}/absent.json"], "cannot read or write"),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_the_command_says_what_is_wrong(tmp_path, words, says):
    with translation.override("en"), pytest.raises(CommandError, match=says):
        call_command("archive_journal", *(word.format(tmp_path) for word in words))


@pytest.mark.django_db(transaction=True)
def test_what_the_kernel_writes_reads_back_too(tmp_path):
    """A test cannot wait for the end of its year, so it reads the lines directly."""
    program = make_program()
    member = make_member(number="000000000001")
    give(member, program, 600)
    redeem(member, program, 100, unit=make_unit())
    reading = Reading()

    with connection.cursor() as cursor:
        bounds = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]
        cursor.execute("SELECT * FROM points_archive_lines(%s, %s)", bounds)
        for (line,) in cursor.fetchall():
            reading.add(json.loads(line))
        reading.close()
        cursor.execute("SELECT points_archive_totals(%s, %s)", bounds)
        assert reading.totals == json.loads(cursor.fetchone()[0])
    assert reading.postings == 2
