"""Seals: whole days, complete whatever runs at the time, chained, signed, kept in files, refused by name."""

import json
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction

from points import seal_files
from points.models import Posting, Seal
from points.rules.merkle import tree_root
from points.rules.seals import BEGINNING, NO_SEAL_BEFORE, day_ends, digest_of
from points.selectors.seals import InstantYetToCome, database_now
from points.services.sealing import (
    PostingsWereChanged,
    SealDeferred,
    SealDiffersFromFile,
    SealEndsTooEarly,
    SealInProgress,
    SealKeyMissing,
    keep_files,
    seal_days,
    seal_until,
)
from tests.factories import give, make_member, make_program, make_unit, redeem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def seal_folder(settings, tmp_path):
    settings.LEDGER_SEAL_DIR = tmp_path / "seals"
    return settings.LEDGER_SEAL_DIR


def some_postings(count=3):
    unit = make_unit()
    program, member = make_program(owner=unit), make_member()
    return [give(member, program, 100) for _ in range(count)], member, program, unit


def backdated(admin_connection, posting, days):
    """As if `posting` had been made days ago: its id, date and digest, with all that hangs on it."""
    with admin_connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            """
            CREATE TEMP TABLE moved AS
            SELECT old, posted_at,
                   encode(overlay(uuid_send(old) PLACING
                       substring(int8send((extract(epoch FROM posted_at) * 1000)::bigint) FROM 3)
                       FROM 1 FOR 6), 'hex')::uuid AS new
            FROM (SELECT p.id AS old, p.posted_at - %s AS posted_at FROM points_posting p WHERE p.id = %s) x
            """,
            [timedelta(days=days), str(posting.pk)],
        )
        for table in ("points_entry", "points_lot", "points_draw"):
            cursor.execute(f"UPDATE {table} t SET posting_id = m.new FROM moved m WHERE t.posting_id = m.old")
        cursor.execute(
            """
            UPDATE points_posting p SET id = m.new, posted_at = m.posted_at, digest = points_digest(
                points_posting_text(m.new, p.kind, p.unit_id, p.source_ref, p.member_id, p.program_id,
                                    p.points, p.occurred_at, m.posted_at, p.actor, p.rule, p.reverses,
                                    p.detail),
                (SELECT points_entry_text(e.member_id, e.program_id, e.house, e.unit_id, e.points)
                 FROM points_entry e WHERE e.posting_id = m.new),
                NULL,
                (SELECT points_lot_text(l.id, l.issuer_id, l.points, l.unit_cost, l.earned_at, l.available_at,
                                        l.expires_at)
                 FROM points_lot l WHERE l.posting_id = m.new))
            FROM moved m WHERE p.id = m.old RETURNING p.id
            """
        )
        (new,) = cursor.fetchone()
        cursor.execute("DROP TABLE moved; RESET session_replication_role")
    return Posting.objects.get(pk=new)


def test_a_seal_covers_all_that_was_posted_and_the_next_one_what_came_after():
    postings, member, program, unit = some_postings()
    first = seal_until(ends_at=database_now())
    spent = redeem(member, program, 150, unit=unit)

    second = seal_until(ends_at=database_now())

    digests = [bytes(p.digest) for p in Posting.objects.order_by("pk")]
    assert (first.number, first.starts_at, first.postings) == (1, BEGINNING, 3)
    assert bytes(first.root) == tree_root(digests[:3])
    assert bytes(first.previous) == NO_SEAL_BEFORE
    assert (second.number, second.starts_at, second.postings) == (2, first.ends_at, 1)
    assert bytes(second.root) == tree_root(digests[3:])
    assert bytes(second.previous) == bytes(first.digest)
    assert first.totals == {"accrual": {"postings": 3, "points": 300}}
    assert second.totals == {"redemption": {"postings": 1, "points": 150}}
    assert first.blocks == [{"first": str(postings[0].pk), "root": bytes(first.root).hex()}]
    assert spent.posting.pk == Posting.objects.order_by("pk").last().pk


def test_missed_days_get_a_seal_each_and_an_empty_day_one_too(admin_connection, settings):
    settings.SEAL_TIME_ZONE = "Asia/Shanghai"
    (posting, *_rest), *_ = some_postings()
    old = backdated(admin_connection, posting, 3)
    until = database_now()

    seals = seal_days(until=until)

    assert [seal.ends_at for seal in seals] == list(
        day_ends(after=old.posted_at, until=until, time_zone="Asia/Shanghai")
    )
    assert len(seals) >= 3
    assert [seal.postings for seal in seals][:2] == [1, 0]
    assert all(seal.ends_at.astimezone(UTC).hour == 16 for seal in seals)
    assert seal_days(until=until) == []


def test_a_day_that_is_not_over_is_not_sealed():
    some_postings()
    tomorrow = datetime.now(UTC) + timedelta(days=400)

    seals = seal_days(until=tomorrow)

    assert all(seal.ends_at <= database_now() for seal in seals)


def test_an_empty_ledger_has_nothing_to_seal():
    assert seal_days(until=database_now()) == []


def test_nothing_to_come_is_sealed():
    some_postings()

    with pytest.raises(InstantYetToCome):
        seal_until(ends_at=database_now() + timedelta(hours=1))

    assert not Seal.objects.exists()


def test_what_is_sealed_is_not_sealed_again():
    some_postings()
    seal = seal_until(ends_at=database_now())

    with pytest.raises(SealEndsTooEarly) as refused:
        seal_until(ends_at=seal.ends_at)

    assert refused.value.facts == {"sealed_until": seal.ends_at.isoformat()}


def test_a_posting_still_uncommitted_at_the_cut_off_defers_the_seal_and_is_in_the_next(app_dsn):
    _, member, program, unit = some_postings(1)
    with closing(psycopg2.connect(app_dsn)) as other, other.cursor() as cursor:
        cursor.execute(
            "SELECT points_accrue(%s, %s, %s, 7::bigint, 'late', now(), now(), NULL, 0.01, 'test', '')",
            [str(member.pk), program.pk, unit.pk],
        )
        cut_off = database_now()

        with pytest.raises(SealDeferred):
            seal_until(ends_at=cut_off, settle_seconds=0.2)
        other.commit()

    assert not Seal.objects.exists()
    assert seal_until(ends_at=cut_off).postings == 2


def test_the_seal_waits_for_a_posting_that_commits_meanwhile(app_dsn):
    some_postings(1)
    with closing(psycopg2.connect(app_dsn)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
        commits = threading.Timer(0.5, other.commit)
        commits.start()
        started = time.monotonic()

        seal = seal_until(ends_at=database_now(), settle_seconds=60)
        commits.join()

    assert seal.postings == 1
    assert time.monotonic() - started >= 0.4


def test_only_one_process_seals_at_a_time(app_dsn):
    some_postings(1)
    with closing(psycopg2.connect(app_dsn)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('points.seal'))")

        with pytest.raises(SealInProgress):
            seal_until(ends_at=database_now())

    assert not Seal.objects.exists()


def test_a_tampered_posting_is_not_vouched_for_and_named(admin_connection):
    (posting, *_rest), *_ = some_postings()
    with admin_connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE points_posting SET points = 999 WHERE id = %s", [str(posting.pk)])
        cursor.execute("RESET session_replication_role")

    with pytest.raises(PostingsWereChanged) as refused:
        seal_until(ends_at=database_now())

    assert refused.value.facts == {"postings": [str(posting.pk)]}
    assert not Seal.objects.exists()


def test_without_a_key_nothing_is_sealed(settings):
    some_postings(1)
    settings.LEDGER_SEAL_KEY = ""

    with pytest.raises(SealKeyMissing):
        seal_until(ends_at=database_now())


# --- files ---


def test_the_file_says_what_the_row_says_and_its_digest_can_be_made_again(seal_folder):
    some_postings()

    seal = seal_until(ends_at=database_now())

    (path,) = seal_folder.iterdir()
    said = json.loads(path.read_text())
    assert path.name == "seal-000001.json"
    assert said.pop("signature") == bytes(seal.signature).hex()
    assert said.pop("digest") == digest_of(said).hex() == bytes(seal.digest).hex()


def test_a_missing_file_is_written_by_the_next_run():
    some_postings()
    seal = seal_until(ends_at=database_now())
    seal_files.file_of(1).unlink()

    assert keep_files() == 1
    assert seal_files.read(1) == seal_files.as_file(seal)
    assert keep_files() == 0


@pytest.mark.parametrize("content", ['{"number": 1}', "half a fi"])
def test_a_file_that_says_otherwise_is_never_overwritten_and_stops_the_sealing(content):
    some_postings()
    seal_until(ends_at=database_now())
    seal_files.file_of(1).write_text(content)

    with pytest.raises(SealDiffersFromFile) as refused:
        seal_until(ends_at=database_now())

    assert refused.value.facts["number"] == 1
    assert seal_files.file_of(1).read_text() == content
    assert Seal.objects.count() == 1


# --- guards ---


@pytest.mark.parametrize(
    "statement",
    ["UPDATE points_seal SET postings = 0", "DELETE FROM points_seal", "TRUNCATE points_seal"],
)
def test_the_app_may_not_change_a_seal_and_the_owner_cannot(owner_connection, statement):
    some_postings()
    seal_until(ends_at=database_now())

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)
    with pytest.raises(psycopg2.errors.RestrictViolation, match="append-only"):
        owner_connection.cursor().execute(statement)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("number", 7),
        ("previous", b"x" * 32),
        ("starts_at", BEGINNING),
        ("ends_at", datetime(2100, 1, 1, tzinfo=UTC)),
    ],
    ids=["a number left out", "another seal before", "an overlap", "a day to come"],
)
def test_the_database_refuses_a_seal_that_does_not_follow(column, value):
    some_postings()
    first = seal_until(ends_at=database_now())
    row = {field.name: getattr(first, field.name) for field in Seal._meta.fields}
    good = row | {
        "number": 2,
        "starts_at": first.ends_at,
        "ends_at": database_now(),
        "previous": bytes(first.digest),
    }

    with pytest.raises(DatabaseError, match=r"does not follow|yet to come"), transaction.atomic():
        Seal.objects.create(**good | {column: value})

    Seal.objects.create(**good)


def test_two_first_seals_cannot_both_stand():
    some_postings()
    first = seal_until(ends_at=database_now())
    row = {field.name: getattr(first, field.name) for field in Seal._meta.fields}

    with pytest.raises(DatabaseError), transaction.atomic():
        Seal.objects.create(**row)
