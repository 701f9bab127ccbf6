"""What no digest shows the seals do: a posting gone, slipped in or rewritten with all that hangs on it."""

import json

import pytest
from django.db import DatabaseError

from points import seal_files, seal_keys
from points.models import Lot, Posting, Seal
from points.selectors.audit import audit
from points.selectors.seals import database_now
from points.services.sealing import seal_until
from tests.factories import balance, give, make_member, make_program, make_unit, redeem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def seal_folder(settings, tmp_path):
    settings.LEDGER_SEAL_DIR = tmp_path / "seals"
    return settings.LEDGER_SEAL_DIR


@pytest.fixture
def sealed():
    """Two sealed days of one member's accruals, and one accrual since."""
    unit = make_unit()
    program, member = make_program(owner=unit), make_member()
    for _ in range(3):
        give(member, program, 100)
    seal_until(ends_at=database_now())
    give(member, program, 50)
    seal_until(ends_at=database_now())
    give(member, program, 7)
    assert audit().is_clean
    return member, program, unit


def as_superuser(link, *statements):
    with link.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("RESET session_replication_role")


def found_by(report):
    return {found.check for found in report.disagreements}


REDIGESTED = """
    UPDATE points_posting p SET digest = points_digest(
        points_posting_text(p.id, p.kind, p.unit_id, p.source_ref, p.member_id, p.program_id, p.points,
                            p.occurred_at, p.posted_at, p.actor, p.rule, p.reverses, p.detail),
        (SELECT points_entry_text(e.member_id, e.program_id, e.house, e.unit_id, e.points)
         FROM points_entry e WHERE e.posting_id = p.id), NULL,
        (SELECT points_lot_text(l.id, l.issuer_id, l.points, l.unit_cost, l.earned_at, l.available_at, l.expires_at)
         FROM points_lot l WHERE l.posting_id = p.id))
    WHERE p.id = '{0}'
"""


def remove_coherently(link, posting):
    as_superuser(
        link,
        f"DELETE FROM points_entry WHERE posting_id = '{posting.pk}'",
        f"DELETE FROM points_lot WHERE posting_id = '{posting.pk}'",
        f"DELETE FROM points_posting WHERE id = '{posting.pk}'",
        f"UPDATE points_wallet SET balance = balance - {posting.points} WHERE member_id = '{posting.member_id}'",
    )


def forge(link, posting, *, posted_at="p.posted_at + interval '1 microsecond'"):
    """A copy of `posting` under another id and reference, with its entry, its lot and the balance."""
    with link.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"""
            INSERT INTO points_posting (id, kind, unit_id, source_ref, member_id, program_id, points, occurred_at,
                                        posted_at, actor, rule, reverses, detail, digest)
            SELECT (left(p.id::text, 24) || 'f0f0f0f0f0f0')::uuid, kind, unit_id, 'forged', member_id, program_id,
                   points, occurred_at, {posted_at}, actor, rule, reverses, detail, digest
            FROM points_posting p WHERE id = '{posting.pk}' RETURNING id
            """
        )
        (forged,) = cursor.fetchone()
        cursor.execute(
            """
            INSERT INTO points_lot (id, wallet_id, member_id, program_id, issuer_id, posting_id, points, remaining, held,
                                    unit_cost, earned_at, available_at, expires_at, is_open)
            SELECT gen_random_uuid(), wallet_id, member_id, program_id, issuer_id, %s, points, points, 0, unit_cost,
                   earned_at, available_at, expires_at, true
            FROM points_lot WHERE posting_id = %s
            """,
            [forged, str(posting.pk)],
        )
        cursor.execute(
            """
            INSERT INTO points_entry (posting_id, member_id, wallet_id, program_id, house, unit_id, points)
            SELECT %s, member_id, wallet_id, program_id, house, unit_id, points
            FROM points_entry WHERE posting_id = %s
            """,
            [forged, str(posting.pk)],
        )
        cursor.execute(
            "UPDATE points_wallet SET balance = balance + %s WHERE member_id = %s",
            [posting.points, str(posting.member_id)],
        )
        cursor.execute(REDIGESTED.format(forged))
        cursor.execute("RESET session_replication_role")
    return forged


def test_a_posting_removed_with_all_that_hangs_on_it_is_missed(sealed, admin_connection):
    member, program, _ = sealed
    posting = Posting.objects.order_by("pk")[1]

    remove_coherently(admin_connection, posting)

    report = audit()
    assert balance(member, program) == 257
    assert found_by(report) == {"sealed_days_are_whole"}
    assert [found.row for found in report.disagreements] == ["1", "1"]
    assert "3 sealed, 2 there" in report.disagreements[0].detail
    assert str(Posting.objects.order_by("pk")[0].pk) in report.disagreements[1].detail


def test_a_posting_slipped_in_before_the_cut_off_is_named(sealed, admin_connection):
    forged = forge(admin_connection, Posting.objects.order_by("pk")[1])

    report = audit()

    assert found_by(report) == {"sealed_days_are_whole"}
    assert ("points_posting", str(forged)) in {(found.table, found.row) for found in report.disagreements}


def test_a_posting_dated_back_with_an_id_of_today_is_named(sealed, admin_connection):
    forged = forge(
        admin_connection, Posting.objects.order_by("pk").last(), posted_at="p.posted_at - interval '3 days'"
    )

    report = audit()

    assert ("posting_id_tells_its_time", str(forged)) in {
        (found.check, found.row) for found in report.disagreements
    }


def test_a_posting_rewritten_with_a_new_digest_is_missed(sealed, admin_connection):
    posting = Posting.objects.order_by("pk")[1]

    as_superuser(
        admin_connection,
        f"UPDATE points_posting SET actor = 'somebody else' WHERE id = '{posting.pk}'",
        REDIGESTED.format(posting.pk),
    )

    report = audit()
    assert found_by(report) == {"sealed_days_are_whole"}
    assert "3 sealed, 3 there, and not the same" in report.disagreements[0].detail


def test_what_is_posted_since_the_last_seal_is_not_missed_by_it(sealed, admin_connection):
    remove_coherently(admin_connection, Posting.objects.order_by("pk").last())

    assert audit().is_clean


SEAL_TAMPERINGS = {
    "a count": "UPDATE points_seal SET postings = postings + 1 WHERE number = 1",
    "a root": "UPDATE points_seal SET root = digest WHERE number = 1",
    "a total": """UPDATE points_seal SET totals = '{"accrual": {"postings": 3, "points": 1}}' WHERE number = 1""",
    "a block": "UPDATE points_seal SET blocks = '[]' WHERE number = 2",
    "a day's end": "UPDATE points_seal SET ends_at = ends_at - interval '1 microsecond' WHERE number = 2",
    "a signature": "UPDATE points_seal SET signature = digest WHERE number = 2",
    "a key": "UPDATE points_seal SET key = '0123456789abcdef' WHERE number = 2",
    "the first seal gone": "DELETE FROM points_seal WHERE number = 1",
    "the last seal gone": "DELETE FROM points_seal WHERE number = 2",
    "all seals gone": "TRUNCATE points_seal",
}


@pytest.mark.parametrize("statement", SEAL_TAMPERINGS.values(), ids=SEAL_TAMPERINGS)
def test_a_changed_or_removed_seal_is_named(sealed, admin_connection, statement):
    as_superuser(admin_connection, statement)

    report = audit()

    assert "seals_stand" in found_by(report)
    assert all(found.row for found in report.disagreements)
    since = audit(since_last_seal=True)
    assert "seals_stand" in found_by(since)


def test_a_seal_forged_with_its_digest_and_file_lacks_the_key(sealed, admin_connection):
    seal = Seal.objects.get(pk=2)
    seal.postings = 0
    as_superuser(
        admin_connection,
        f"UPDATE points_seal SET postings = 0, digest = '\\x{seal.content.digest().hex()}' WHERE number = 2",
    )
    seal_files.write(Seal.objects.get(pk=2))

    details = [found.detail for found in audit().disagreements if found.check == "seals_stand"]

    assert details == [f"the signature is not that of key {seal.key}"]


@pytest.mark.parametrize("change", ["gone", "changed", "spoilt"])
def test_a_file_that_is_gone_or_says_otherwise_is_named(sealed, change):
    path = seal_files.file_of(1)
    if change == "gone":
        path.unlink()
    elif change == "spoilt":
        path.write_text("{")
    else:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"postings": 4}))

    report = audit()

    assert [(found.check, found.row) for found in report.disagreements] == [("seals_stand", "1")]
    assert "seal-000001.json" in report.disagreements[0].detail


def test_after_a_change_of_keys_the_old_seals_are_verified_by_the_old_public_key(sealed, settings):
    old_public_key = seal_keys.public_key()
    settings.LEDGER_SEAL_KEY = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="
    assert "does not know" in audit().disagreements[0].detail

    settings.LEDGER_SEAL_PUBLIC_KEYS = [old_public_key]

    assert audit().is_clean
    seal_until(ends_at=database_now())
    assert audit().is_clean
    assert Seal.objects.get(pk=3).key != Seal.objects.get(pk=2).key


# --- since the last seal ---


def test_since_the_last_seal_only_what_is_new_is_looked_at_and_found(sealed, admin_connection):
    member, program, unit = sealed
    redeem(member, program, 120, unit=unit)

    clean = audit(since_last_seal=True)
    as_superuser(admin_connection, "UPDATE points_lot SET remaining = 1 WHERE points = 7")
    spoilt = audit(since_last_seal=True)

    assert (clean.is_clean, clean.since_seal) == (True, 2)
    assert found_by(spoilt) == {"wallet_is_its_lots", "lot_is_its_draws"}
    assert {found.row for found in spoilt.disagreements if found.table == "points_lot"} == {
        str(Lot.objects.get(points=7).pk)
    }


def test_since_the_last_seal_the_guards_are_looked_at_too(sealed, admin_connection):
    with admin_connection.cursor() as cursor:
        cursor.execute("ALTER TABLE points_draw DISABLE TRIGGER draw_is_append_only")
        try:
            report = audit(since_last_seal=True)
        finally:
            cursor.execute("ALTER TABLE points_draw ENABLE TRIGGER draw_is_append_only")

    assert [(found.check, found.row) for found in report.disagreements] == [
        ("guards_stand", "draw_is_append_only")
    ]


def test_without_a_seal_everything_is_new():
    unit = make_unit()
    give(make_member(), make_program(owner=unit), 5)

    report = audit(since_last_seal=True)

    assert (report.is_clean, report.since_seal, report.postings) == (True, None, 1)


def test_two_connections_see_one_snapshot_and_find_what_one_finds(sealed, admin_connection, monkeypatch):
    as_superuser(admin_connection, "UPDATE points_lot SET remaining = 1 WHERE points = 7")
    alone = audit()

    monkeypatch.setattr("points.selectors.audit.run.ALONE_MAX", 0)

    assert audit() == alone
    assert not alone.is_clean


def test_what_fails_in_one_connection_fails_the_audit(sealed, monkeypatch):
    monkeypatch.setattr("points.selectors.audit.run.ALONE_MAX", 0)
    monkeypatch.setattr("points.selectors.audit.run._FOR_WHOLE_TABLES", "SELECT 1 / 0")

    with pytest.raises(DatabaseError):
        audit()
