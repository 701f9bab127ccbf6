"""The lots of a wallet, in spending order."""

from datetime import UTC, date, datetime, timedelta

import pytest

from common.errors import NotFound
from points.models import ExpiryKind
from points.rules.local_days import last_valid_day_before
from points.selectors.lots import lots_of_wallet
from points.services.expiry import expire_due_lots
from tests.factories import NOW, give, make_member, make_program, make_unit, redeem

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def member():
    return make_member()


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALL", owner=mall, expiry_kind=ExpiryKind.DAYS, expiry_count=30)


def refs(lots):
    return [lot.posting.source_ref for lot in lots]


def test_lots_stand_in_spending_order_never_expiring_last(member, program, mall):
    give(member, program, 1, source_ref="later", occurred_at=NOW - 2 * DAY)
    give(member, program, 1, source_ref="sooner", occurred_at=NOW - 5 * DAY)
    program.expiry_kind = ExpiryKind.NEVER
    program.save()
    give(member, program, 1, source_ref="never", occurred_at=NOW - 9 * DAY)

    lots = list(lots_of_wallet(member_id=member.pk, program_code="MALL", at=NOW))

    assert refs(lots) == ["sooner", "later", "never"]
    assert lots[-1].expires_at is None


def test_a_redemption_takes_the_first_lot_of_the_list(member, program, mall):
    give(member, program, 10, source_ref="b", occurred_at=NOW - 2 * DAY)
    give(member, program, 10, source_ref="a", occurred_at=NOW - 3 * DAY)

    redeem(member, program, 14, unit=mall)

    lots = list(lots_of_wallet(member_id=member.pk, program_code="MALL", at=NOW))
    assert [(lot.posting.source_ref, lot.remaining) for lot in lots] == [("b", 6)]


def test_a_lot_says_what_was_drawn_from_it_and_by_what(member, program, mall):
    give(member, program, 100)
    redeem(member, program, 14, unit=mall)
    redeem(member, program, 6, unit=mall)

    lot = lots_of_wallet(member_id=member.pk, program_code="MALL", at=NOW).get()

    assert lot.drawn == [{"kind": "redemption", "points": 20, "postings": 2}]
    assert lot.points - sum(draw["points"] for draw in lot.drawn) == lot.remaining


def test_a_lot_nothing_was_drawn_from_says_so(member, program):
    give(member, program, 100)

    assert lots_of_wallet(member_id=member.pk, program_code="MALL", at=NOW).get().drawn == []


def test_a_lot_tells_its_state_at_the_asked_instant(member, program):
    give(member, program, 1, source_ref="expired", occurred_at=NOW - 40 * DAY)
    give(member, program, 1, source_ref="available", occurred_at=NOW - 20 * DAY)
    give(member, program, 1, source_ref="pending", available_at=NOW + DAY)

    lots = lots_of_wallet(member_id=member.pk, program_code="MALL", at=NOW)

    assert [lot.state for lot in lots] == refs(lots) == ["expired", "available", "pending"]


def test_swept_lots_are_gone(member, program):
    give(member, program, 1, occurred_at=NOW - 400 * DAY)
    expire_due_lots(at=datetime.now(UTC) - 10 * DAY)

    assert not lots_of_wallet(member_id=member.pk, program_code="MALL", at=NOW).exists()


def test_another_members_lots_are_out_of_reach(member, program):
    give(make_member(), program, 1)

    assert not lots_of_wallet(member_id=member.pk, program_code="MALL", at=NOW).exists()


def test_lots_of_other_programs_are_left_out(member, program):
    give(member, make_program("HOTEL", owner=make_unit("HOTEL")), 1)

    assert not lots_of_wallet(member_id=member.pk, program_code="MALL", at=NOW).exists()


def test_an_unknown_program_is_not_found(member):
    with pytest.raises(NotFound):
        lots_of_wallet(member_id=member.pk, program_code="NOWHERE", at=NOW)


def test_any_number_of_lots_costs_two_queries(member, program, mall, django_assert_num_queries):
    for _ in range(5):
        give(member, program, 10)
    redeem(member, program, 3, unit=mall)

    with django_assert_num_queries(2):
        lots = list(lots_of_wallet(member_id=member.pk, program_code="MALL", at=NOW))
        told = [(lot.issuer.code, lot.program.time_zone, lot.posting.rule, lot.drawn) for lot in lots]

    assert len(told) == 5


@pytest.mark.parametrize(
    ("expires_at", "time_zone", "day"),
    [
        (datetime(2026, 3, 31, 16, tzinfo=UTC), "Asia/Shanghai", date(2026, 3, 31)),
        (datetime(2026, 3, 31, 16, tzinfo=UTC), "UTC", date(2026, 3, 31)),
        (datetime(2026, 4, 1, 0, tzinfo=UTC), "UTC", date(2026, 3, 31)),
        # Beirut has no midnight on 2026-03-29: that day begins at 01:00 summer time (22:00 UTC).
        (datetime(2026, 3, 28, 22, tzinfo=UTC), "Asia/Beirut", date(2026, 3, 28)),
        (None, "UTC", None),
    ],
)
def test_the_last_valid_day_is_the_local_day_that_the_instant_closes(expires_at, time_zone, day):
    assert last_valid_day_before(expires_at, time_zone) == day
