"""The audit finds what was changed behind the application's back, and names the row."""

from datetime import timedelta
from decimal import Decimal

import pytest

from benefits.models import EntitlementEntry, EntryKind
from benefits.selectors.places import Spot
from benefits.services.grants import expire_grants
from benefits.services.usages import hold_right, release_right, restore_usage, use_right
from members.services.member_codes import make_member_code, proven_code
from points.selectors.audit import audit
from tests.benefits.factories import make_benefit, make_grant, make_rule, only_right, use
from tests.factories import NOW, make_unit
from tests.members.factories import numbered_member

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def books():
    """A usage with a code, one restored in part, a hold that was let go, a grant that expired."""
    unit, member = make_unit(), numbered_member()
    make_rule(make_benefit(provider=unit), 180)
    right = only_right(member).id
    taking = {"right_id": right, "member_id": member.pk, "spot": Spot(unit), "by": "test", "at": NOW}
    code = proven_code(code=make_member_code(member=member, at=NOW).text, caller="test", at=NOW)
    use_right(**taking, amount=Decimal(30), source_ref="u1", code=code)
    usage = use_right(**taking, amount=Decimal(60), source_ref="u2").entry
    restore_usage(usage_id=usage.pk, amount=Decimal(20), source_ref="b1", by="test", at=NOW)
    hold = hold_right(**taking, amount=Decimal(10), source_ref="h1", until=NOW + timedelta(minutes=5)).entry
    release_right(hold_id=hold.pk, by="test", at=NOW)
    grant = make_grant(member, make_benefit(kind="GYM", provider=unit), 5)
    use(member, 2, unit=unit, right=grant.pk)
    expire_grants(by="test", at=grant.ends_at)
    assert audit().is_clean
    return member


ENTRY = "benefits_entitlemententry"
TAMPERINGS = {
    "less was used": f"UPDATE {ENTRY} SET amount = 1, value = unit_value WHERE source_ref = 'u1'",
    "another unit honoured it": f"UPDATE {ENTRY} SET unit_id = provider_id, actor = 'x' WHERE source_ref = 'u2'",
    "it was worth more": f"UPDATE {ENTRY} SET unit_value = 9, value = 9 * amount WHERE source_ref = 'u1'",
    "another pays": f"UPDATE {ENTRY} SET payer = 'group' WHERE source_ref = 'u1'",
    "it happened later": f"UPDATE {ENTRY} SET at = at + interval '1 day' WHERE source_ref = 'u1'",
    "the quota was larger": f"UPDATE {ENTRY} SET given = 999 WHERE source_ref = 'u1'",
    "more was restored": f"UPDATE {ENTRY} SET amount = 60, value = 60 * unit_value WHERE source_ref = 'b1'",
    "the last entry's sum": f"UPDATE {ENTRY} SET taken_after = 0 WHERE kind = 'release'",
    "a usage in between is gone": f"DELETE FROM benefits_spentcode; DELETE FROM {ENTRY} WHERE source_ref = 'u1'",
    "a usage told as a hold": f"UPDATE {ENTRY} SET kind = 'hold', hold_until = at + interval '1 h' WHERE source_ref = 'u1'",
    "an entry of another grant": f"UPDATE {ENTRY} SET entitlement = gen_random_uuid() WHERE grant_id IS NOT NULL",
    "a code of a restoring": f"UPDATE benefits_spentcode SET entry_id = (SELECT id FROM {ENTRY} WHERE source_ref = 'b1')",
    "a grant that left more": 'UPDATE benefits_grantend SET "left" = 6',
    "a grant by hand that nobody asked for": "UPDATE benefits_entitlementgrant SET cause = 'by_hand'",
    "a rule of another benefit": """UPDATE benefits_entitlementrule SET benefit_id =
        (SELECT id FROM benefits_benefit WHERE id <> benefit_id LIMIT 1)""",
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_change_behind_our_back_is_found_and_named(books, admin_connection, name):
    with admin_connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(TAMPERINGS[name])

    report = audit()

    assert not report.is_clean
    assert all(row.table.startswith("benefits_") and row.row for row in report.disagreements)


def test_a_guard_that_is_off_is_found(books, owner_connection):
    with owner_connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {ENTRY} DISABLE TRIGGER entitlement_entry_is_append_only")
        try:
            found = {(row.check, row.row) for row in audit().disagreements}
        finally:
            cursor.execute(f"ALTER TABLE {ENTRY} ENABLE TRIGGER entitlement_entry_is_append_only")

    assert found == {("guards_of_entitlements_stand", "entitlement_entry_is_append_only")}


def test_expiry_books_what_nobody_used_and_twice_is_as_once(books):
    assert EntitlementEntry.objects.filter(kind=EntryKind.USE).count() == 3
    assert expire_grants(by="test", at=NOW + timedelta(days=60)) == 0
