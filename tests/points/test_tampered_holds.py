"""A hold's row may end, so a forger could end it wrongly: what can be proved of it is."""

from datetime import timedelta

import pytest

from points.models import Hold
from points.selectors.audit import audit
from points.services.holds import capture_hold, hold_points, time_out_holds, void_hold
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def holds():
    """One captured in part over two programs, one open, one voided, one timed out."""
    unit = make_unit()
    program, other = make_program(owner=unit), make_program(owner=unit)
    make_rate(other, program, 2)
    member = make_member()
    give(member, program, 600)
    give(member, other, 500)
    made = {}
    for name, price in (("captured", 1000), ("open", 100), ("voided", 100), ("timed_out", 100)):
        made[name] = hold_points(
            member=member,
            program=program,
            unit=unit,
            price=price,
            source_ref=name,
            at=NOW,
            by="test",
            life=2 * HOUR if name == "open" else HOUR / 2,
        ).hold
    capture_hold(hold_id=made["captured"].pk, units=[unit], points=900, by="test", at=NOW + MINUTE)
    void_hold(hold_id=made["voided"].pk, units=[unit], at=NOW + MINUTE)
    time_out_holds(at=NOW + HOUR)
    return made


TAMPERINGS = {
    "a void undone by hand": "UPDATE points_hold SET status = 'open', closed_at = NULL WHERE status = 'voided'",
    "a hold ended by hand": "UPDATE points_hold SET status = 'voided', closed_at = held_at WHERE status = 'open'",
    "a capture told as a void": "UPDATE points_hold SET status = 'voided', posting_id = NULL WHERE status = 'captured'",
    "a time-out before its time": "UPDATE points_hold SET closed_at = held_at WHERE status = 'timed_out'",
    "a capture's instant": "UPDATE points_hold SET closed_at = closed_at + interval '1 minute' WHERE status = 'captured'",
    "a capture after its time": "UPDATE points_hold SET expires_at = held_at WHERE status = 'captured'",
    "what was held": "UPDATE points_hold SET points = points + 1 WHERE status = 'voided'",
    "when it was held": "UPDATE points_hold SET held_at = held_at - interval '1 day' WHERE status = 'captured'",
    "its shares": "UPDATE points_hold SET shares = shares - 0 WHERE status = 'captured'",
    "its lots": "UPDATE points_holdlot SET points = points - 1 WHERE points > 1",
    "its lot": "UPDATE points_holdlot SET lot_id = gen_random_uuid()",
    "a lot more": "INSERT INTO points_holdlot (hold_id, lot_id, points) SELECT hold_id, lot_id, 1 FROM points_holdlot",
    "a hold gone": "DELETE FROM points_hold WHERE status = 'captured'",
    "an open hold gone": "DELETE FROM points_hold WHERE status = 'open'",
    "another's capture": "UPDATE points_hold h SET posting_id = gen_random_uuid() WHERE status = 'captured'",
}


@pytest.mark.parametrize("statement", TAMPERINGS.values(), ids=TAMPERINGS)
def test_a_hold_that_was_tampered_with_is_named(holds, admin_connection, statement):
    assert audit().is_clean, audit().disagreements

    with admin_connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement)
        assert cursor.rowcount
        cursor.execute("RESET session_replication_role")

    report = audit()
    assert not report.is_clean
    assert all(found.row for found in report.disagreements)


def test_the_holds_of_the_story_stand_as_told(holds):
    assert set(Hold.objects.values_list("source_ref", "status")) == {
        ("captured", "captured"),
        ("open", "open"),
        ("voided", "voided"),
        ("timed_out", "timed_out"),
    }
