"""The end of a lot that rolls may move, so a forger could move it: it must be one that an activity told."""

import pytest

from points import ledger
from points.selectors.audit import audit
from tests.factories import NOW, give, make_member, make_program, make_unit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rolling():
    """A rolling program, in which one member earned and another was credited by hand."""
    unit = make_unit()
    program = make_program(owner=unit, expiry_kind="rolling", expiry_count=30)
    give(make_member(), program, 100, source_ref="earned", unit=unit)
    credit = ledger.Adjustment(
        member_id=make_member().pk,
        program_id=program.pk,
        unit_id=unit.pk,
        points=50,
        source_ref="by hand",
        at=NOW,
        expires_at=NOW.replace(microsecond=0),
        unit_cost=program.unit_cost,
        rolls=True,
        reason="test",
        detail={},
    )
    ledger.adjust(credit, actor="test").or_refuse()


@pytest.mark.parametrize("source_ref", ["earned", "by hand"])
@pytest.mark.parametrize("since_last_seal", [False, True])
def test_an_end_that_nobody_told_is_named(rolling, admin_connection, source_ref, since_last_seal):
    assert audit(since_last_seal=since_last_seal).is_clean
    with admin_connection.cursor() as cursor:
        cursor.execute(
            "UPDATE points_lot l SET expires_at = expires_at + interval '1 day' FROM points_posting p"
            " WHERE p.id = l.posting_id AND p.source_ref = %s RETURNING l.id",
            [source_ref],
        )
        ((lot_id,),) = cursor.fetchall()

    found = audit(since_last_seal=since_last_seal).disagreements

    assert [(one.check, one.row) for one in found] == [("rolling_expiry", str(lot_id))]
