"""The sweep: what is past its instant becomes breakage once."""

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection

from points.models import Entry, Lot, Posting
from points.selectors.audit import audit
from points.services.expiry import expire_due_lots
from tests.factories import NOW, balance, give, make_member, make_program, make_unit, redeem

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return make_program(expiry_kind="days", expiry_count=10)


def test_due_lots_become_breakage_of_their_issuers(program):
    mall, hotel, member = make_unit(), make_unit(), make_member()
    give(member, program, 10, unit=mall)
    give(member, program, 5, unit=hotel)

    breakage = expire_due_lots(at=NOW + timedelta(days=30))

    assert (breakage.lots, breakage.points) == (2, 15)
    assert balance(member, program) == 0
    assert dict(Entry.objects.filter(house="expired").values_list("unit", "points")) == {
        mall.pk: -10,
        hotel.pk: -5,
    }
    assert audit().is_clean


def test_the_posting_is_dated_when_the_points_died_not_when_the_sweep_ran(program):
    give(make_member(), program, 10)
    expires_at = Lot.objects.get().expires_at

    expire_due_lots(at=NOW + timedelta(days=300))

    assert Posting.objects.get(kind="expiry").occurred_at == expires_at


def test_sweeping_twice_expires_once(program):
    give(make_member(), program, 10)
    expire_due_lots(at=NOW + timedelta(days=30))

    again = expire_due_lots(at=NOW + timedelta(days=30))

    assert (again.lots, again.points, again.chunks) == (0, 0, 0)


def test_only_what_remains_of_a_lot_expires(program):
    mall, member = make_unit(), make_member()
    give(member, program, 10, unit=mall)
    redeem(member, program, 4, unit=mall)

    assert expire_due_lots(at=NOW + timedelta(days=30)).points == 6


def test_a_lot_lives_until_its_instant(program):
    give(make_member(), program, 10)
    expires_at = Lot.objects.get().expires_at

    assert expire_due_lots(at=expires_at - timedelta(microseconds=1)).lots == 0
    assert expire_due_lots(at=expires_at).lots == 1


def test_never_expiring_points_stay():
    member, program = make_member(), make_program()
    give(member, program, 10)

    expire_due_lots(at=datetime(2100, 1, 1, tzinfo=NOW.tzinfo))

    assert balance(member, program) == 10


def test_chunks_cover_every_wallet(program):
    members = [make_member() for _ in range(25)]
    for member in members:
        give(member, program, 3)
        give(member, program, 4)

    breakage = expire_due_lots(at=NOW + timedelta(days=30), wallets_a_chunk=10)

    assert (breakage.chunks, breakage.lots, breakage.points) == (3, 50, 175)
    assert audit().is_clean


def test_a_clock_that_runs_ahead_ends_nothing(program):
    give(make_member(), program, 10)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL loyalty.clock = 'strict'")
        cursor.execute("SELECT clock_timestamp() + interval '10 minutes'")
        ahead = cursor.fetchone()[0]

    with pytest.raises(DatabaseError, match="yet to come"):
        expire_due_lots(at=ahead)
