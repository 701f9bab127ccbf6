"""The journal only grows: refused to the app and the owner; the audit names what a superuser changed."""

import json
from io import StringIO

import psycopg2
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from points.models import Entry, Posting
from points.selectors.audit import audit
from points.services.expiry import expire_due_lots
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit, redeem

JOURNAL = ("points_posting", "points_entry", "points_draw", "points_lot", "points_wallet")


def a_story():
    """Earned in two programs, spent across both, one lot expired."""
    mall, hotel = make_unit("MALL"), make_unit("HOTEL", "hotel")
    mall_program = make_program("MALL", owner=mall)
    hotel_program = make_program("HOTEL", owner=hotel, expiry_kind="days", expiry_count=30)
    make_rate(hotel_program, mall_program, 2)
    member = make_member()
    give(member, mall_program, 600)
    give(member, hotel_program, 500)
    redeem(member, mall_program, 1000, unit=mall)
    expire_due_lots(at=NOW.replace(month=9))
    return member


@pytest.mark.parametrize("table", JOURNAL)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {0} SET member_id = member_id",
        "DELETE FROM {0}",
        "TRUNCATE {0} CASCADE",
        "INSERT INTO {0} DEFAULT VALUES",
    ],
)
@pytest.mark.django_db
def test_the_app_may_not_write_the_ledger(table, statement):
    a_story()

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement.format(table))


@pytest.mark.parametrize("table", JOURNAL)
@pytest.mark.parametrize(
    "statement", ["UPDATE {0} SET member_id = member_id", "DELETE FROM {0}", "TRUNCATE {0}"]
)
@pytest.mark.django_db(transaction=True)
def test_not_even_the_owner_changes_what_is_written(owner_connection, table, statement):
    a_story()

    with pytest.raises(psycopg2.errors.RestrictViolation, match="append-only"):
        owner_connection.cursor().execute(statement.format(table))


@pytest.mark.django_db(transaction=True)
def test_the_owner_cannot_touch_what_a_lot_gave(owner_connection):
    a_story()

    for column, value in (
        ("points", "1"),
        ("expires_at", "'infinity'"),
        ("unit_cost", "0"),
        ("issuer_id", "1"),
    ):
        with pytest.raises(psycopg2.errors.RestrictViolation):
            owner_connection.cursor().execute(f"UPDATE points_lot SET {column} = {value}")


TAMPERINGS = {
    "a posting's source": "UPDATE points_posting SET source_ref = 'other' WHERE kind = 'redemption'",
    "a posting's actor": "UPDATE points_posting SET actor = 'nobody' WHERE kind = 'expiry'",
    "a posting's instant": "UPDATE points_posting SET occurred_at = occurred_at - interval '1 second'",
    "a posting's shares": "UPDATE points_posting SET detail = '{}' WHERE kind = 'redemption'",
    "a posting gone": "DELETE FROM points_posting WHERE kind = 'redemption'",
    "all postings gone": "TRUNCATE points_posting",
    "an entry's points": "UPDATE points_entry SET points = points + 1 WHERE points < 0",
    "an entry's unit": "UPDATE points_entry SET unit_id = unit_id + 1 WHERE points < 0",
    "an entry's house account": "UPDATE points_entry SET house = 'adjusted' WHERE house = 'expired'",
    "an entry gone": "DELETE FROM points_entry WHERE points < 0",
    "all entries gone": "TRUNCATE points_entry",
    "a draw's points": "UPDATE points_draw SET points = points - 1",
    "a draw's lot": "UPDATE points_draw SET lot_id = gen_random_uuid()",
    "a draw gone": "DELETE FROM points_draw WHERE id = (SELECT min(id) FROM points_draw)",
    "all draws gone": "TRUNCATE points_draw",
    "a lot's remaining": "UPDATE points_lot SET remaining = 1, is_open = true WHERE points = 600",
    "a lot's expiry": "UPDATE points_lot SET expires_at = 'infinity' WHERE expires_at < 'infinity'",
    "a lot's cost": "UPDATE points_lot SET unit_cost = 9 WHERE points = 500",
    "a lot's issuer": "UPDATE points_lot SET issuer_id = issuer_id + 1 WHERE points = 500",
    "a lot gone": "DELETE FROM points_lot WHERE points = 500",
    "all lots gone": "TRUNCATE points_lot",
    "a wallet's balance": "UPDATE points_wallet SET balance = balance + 100",
    "a wallet gone": "DELETE FROM points_wallet",
    "all wallets gone": "TRUNCATE points_wallet",
    "a guard off": "ALTER TABLE points_entry DISABLE TRIGGER entry_is_append_only",
    "a guard gone": "DROP TRIGGER draw_is_never_emptied ON points_draw",
    "a right on one column": "GRANT UPDATE (points) ON points_entry TO loyalty_app",
    "a right given": "GRANT UPDATE ON points_posting TO loyalty_app",
}


@pytest.mark.parametrize("statement", TAMPERINGS.values(), ids=TAMPERINGS)
@pytest.mark.django_db(transaction=True)
def test_the_audit_names_what_a_superuser_changed(admin_connection, statement):
    a_story()
    assert audit().is_clean
    undo = {
        TAMPERINGS["a right on one column"]: "REVOKE UPDATE (points) ON points_entry FROM loyalty_app",
        TAMPERINGS["a guard off"]: "ALTER TABLE points_entry ENABLE TRIGGER entry_is_append_only",
        TAMPERINGS["a guard gone"]: "CREATE TRIGGER draw_is_never_emptied BEFORE TRUNCATE ON points_draw"
        " FOR EACH STATEMENT EXECUTE FUNCTION points_refuse_change()",
        TAMPERINGS["a right given"]: "REVOKE UPDATE ON points_posting FROM loyalty_app",
    }.get(statement, "SELECT 1")

    with admin_connection.cursor() as cursor:
        try:
            cursor.execute(f"SET session_replication_role = replica; {statement}")
            out = StringIO()
            with pytest.raises(SystemExit) as stopped:
                call_command("audit_ledger", "--json", stdout=out)
        finally:
            cursor.execute(f"RESET session_replication_role; {undo}")

    report = json.loads(out.getvalue())
    assert stopped.value.code == 1
    assert report["clean"] is False
    assert all(found["row"] for found in report["disagreements"])


@pytest.mark.django_db(transaction=True)
def test_the_audit_names_the_very_row(admin_connection):
    a_story()
    entry = Entry.objects.filter(points__lt=0).first()

    with admin_connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE points_entry SET unit_id = unit_id + 1 WHERE id = %s", [entry.pk])
        cursor.execute("RESET session_replication_role")

    assert [(d.check, d.row) for d in audit().disagreements] == [("posting_digest", str(entry.posting_id))]


@pytest.mark.django_db(transaction=True)
def test_the_auditor_can_audit_and_write_nothing(auditor_connection):
    a_story()
    with auditor_connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM points_posting")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("SELECT points_expire(now(), 0, 1, 'x')")

    assert Posting.objects.count() == 4


@pytest.mark.django_db
def test_a_clean_ledger_audits_clean_and_exits_zero():
    a_story()
    out = StringIO()

    call_command("audit_ledger", "--json", stdout=out)

    assert json.loads(out.getvalue())["clean"] is True
