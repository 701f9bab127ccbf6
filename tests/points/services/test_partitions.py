"""The journal in parts by year: all goes on as before, each part is guarded, coming ones are made in time."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import psycopg2
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from common.clock import now
from points import tasks
from points.models import Draw, Entry, Posting
from points.selectors.audit import audit
from points.selectors.statements import statement
from points.services.expiry import expire_due_lots
from points.services.partitions import AlreadyParted, is_parted, make_coming_parts, partition_journal
from points.services.reversal import reverse_redemption
from tests.databases import signed_in
from tests.factories import NOW, give, make_member, make_program, make_unit, redeem
from tests.points.own_database import OWNER, own_database
from tests.schemas import PROJECT


@pytest.fixture
def owner(django_db_setup, django_db_blocker) -> Iterator[object]:
    """The owner of a database of the test's own: parting changes the schema for good."""
    with django_db_blocker.unblock(), own_database(), signed_in(OWNER) as owner:
        yield owner


def a_year_of_shopping():
    """Earned, spent, taken back in part, expired: of one member."""
    unit = make_unit()
    program = make_program(owner=unit, expiry_kind="days", expiry_count=30)
    member = make_member()
    give(member, program, 600)
    give(member, program, 500)
    redeem(member, program, 700, unit=unit, source_ref="sale")
    reverse_redemption(unit=unit, redemption_ref="sale", points=100, source_ref="back", by="test", at=NOW)
    expire_due_lots(at=NOW + timedelta(days=60))
    return member


def parts(table: str = "points_entry") -> dict[str, int]:
    """Rows by part."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tableoid::regclass::text, count(*) FROM {table} GROUP BY 1")
        return dict(cursor.fetchall())


def test_what_was_written_is_the_first_part_and_no_row_moves(owner):
    a_year_of_shopping()
    before = list(Entry.objects.order_by("id").values_list("id", "posting_id", "points"))
    with owner.cursor() as cursor:
        cursor.execute("SELECT pg_relation_filenode('points_entry')")
        (file,) = cursor.fetchone()

    partition_journal(owner=owner, at=now())

    with owner.cursor() as cursor:
        cursor.execute(f"SELECT pg_relation_filenode('points_entry_to_{now().year}')")
        assert cursor.fetchone() == (file,)
    assert list(Entry.objects.order_by("id").values_list("id", "posting_id", "points")) == before
    assert is_parted()


def test_the_kernel_and_every_proof_go_on_in_parts(owner, tmp_path):
    a_year_of_shopping()
    partition_journal(owner=owner, at=now())

    member = a_year_of_shopping()

    assert audit().is_clean
    page = list(statement(member_id=member.pk)[:20])
    assert sum(entry.points for posting in page for entry in posting.entries.all()) == 0
    journal = tmp_path / "journal.jsonl"
    call_command("export_journal", "--out", str(journal), stderr=StringIO())
    replayed = subprocess.run(
        [sys.executable, PROJECT / "tools" / "replay_journal.py", journal, "--json"],
        capture_output=True,
        check=False,
    )
    assert replayed.returncode == 0, replayed.stdout


def test_ids_go_on_where_they_were(owner):
    a_year_of_shopping()
    last = Entry.objects.order_by("-id").first().pk
    partition_journal(owner=owner, at=now())

    a_year_of_shopping()

    ids = list(Entry.objects.order_by("id").values_list("id", flat=True))
    assert len(ids) == len(set(ids))
    assert Entry.objects.filter(pk__gt=last).count() == len(ids) // 2
    assert Draw.objects.count() == Draw.objects.values("id").distinct().count()


def test_neither_the_whole_nor_a_part_can_be_changed(owner):
    a_year_of_shopping()
    partition_journal(owner=owner, at=now())
    names = ["points_entry", "points_draw", *parts("points_entry"), *parts("points_draw")]

    for name in names:
        for order in (f"UPDATE {name} SET points = points + 1", f"DELETE FROM {name}", f"TRUNCATE {name}"):
            with owner.cursor() as cursor, pytest.raises(psycopg2.errors.RestrictViolation):
                cursor.execute(order)
            with connection.cursor() as cursor, pytest.raises(DatabaseError, match="permission denied"):
                cursor.execute(order)


def test_the_parts_to_come_are_guarded_and_stored_like_the_first(owner):
    partition_journal(owner=owner, at=now())
    with owner.cursor() as cursor:
        cursor.execute("SELECT part::text FROM points_parts('points_entry')")
        names = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT relname, reloptions FROM pg_class WHERE relname = ANY (%s)", [list(names)])
        assert len({tuple(sorted(options)) for _name, options in cursor.fetchall()}) == 1

    year = now().year
    assert audit().is_clean
    assert names == {f"points_entry_{end}" for end in (f"to_{year}", year + 1, year + 2, "later")}
    for name in names:
        with connection.cursor() as cursor, pytest.raises(DatabaseError, match="permission denied"):
            cursor.execute(f"INSERT INTO {name} SELECT * FROM points_entry")


def test_a_part_without_its_guard_is_named(owner):
    year = now().year
    partition_journal(owner=owner, at=now())

    with owner.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER part_is_never_emptied ON points_draw_{year + 1}")
        cursor.execute(f"ALTER TABLE points_entry_to_{year} DISABLE TRIGGER entry_is_append_only")
        cursor.execute(f"GRANT UPDATE (points) ON points_entry_{year + 1} TO loyalty_app")
        cursor.execute("GRANT DELETE ON points_entry_later TO loyalty_app")

    harmed = {
        f"points_draw_{year + 1}",
        f"points_entry_to_{year}",
        f"points_entry_{year + 1}",
        "points_entry_later",
    }
    assert {found.row for found in audit().disagreements} >= harmed


def test_coming_parts_are_made_once_and_by_the_app(owner):
    partition_journal(owner=owner, at=now() - timedelta(days=2 * 366))

    made = make_coming_parts(at=now())

    assert made > 0
    assert make_coming_parts(at=now()) == 0


def test_the_nightly_job_makes_them(owner):
    partition_journal(owner=owner, at=now() - timedelta(days=2 * 366))

    assert tasks.make_coming_parts(as_of=now().isoformat())["parts"] > 0


def test_rows_that_came_before_their_part_become_it(owner):
    partition_journal(owner=owner, at=now() - timedelta(days=6 * 366))
    a_year_of_shopping()
    assert set(parts()) == {"points_entry_later"}
    rows = Entry.objects.count()

    make_coming_parts(at=now())

    assert parts() == {f"points_entry_to_{now().year}": rows}
    with owner.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM points_entry_later")
        assert cursor.fetchone() == (0,)
    a_year_of_shopping()
    assert audit().is_clean


def test_reading_a_posting_looks_into_one_part(owner):
    a_year_of_shopping()
    partition_journal(owner=owner, at=now())
    posting = Posting.objects.first()

    plan = posting.entries.all().explain(format="json")

    (node,) = json.loads(plan)
    assert "Plans" not in node["Plan"]
    assert node["Plan"]["Relation Name"] == f"points_entry_to_{now().year}"


def test_parting_twice_is_refused_and_changes_nothing(owner):
    partition_journal(owner=owner, at=now())

    with pytest.raises(AlreadyParted):
        partition_journal(owner=owner, at=now())


def test_parting_that_cannot_be_finished_leaves_the_tables_as_they_were(owner):
    """Rows newer than the bound: here the year is told wrong."""
    a_year_of_shopping()

    with pytest.raises(psycopg2.errors.CheckViolation):
        partition_journal(owner=owner, at=now() - timedelta(days=3 * 366))

    assert not is_parted()
    a_year_of_shopping()
    assert audit().is_clean
    partition_journal(owner=owner, at=now())


@pytest.mark.django_db
def test_a_journal_in_one_piece_needs_no_parts():
    assert not is_parted()
    assert make_coming_parts(at=now()) == 0
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="permission denied"):
        cursor.execute("SELECT points_part_table('points_entry', 'entry', 'x', 2026, NULL)")
