"""Early release: pending points become spendable, and nothing else about them changes."""

from datetime import timedelta

import pytest

from members.models import MemberStatus
from points import ledger
from points.models import Lot, Posting
from points.refusals import (
    MemberNotActive,
    NothingPending,
    NotReversible,
    ProgramNotActive,
    ReferenceReused,
    UnitNotActive,
)
from points.selectors.audit import audit
from points.selectors.balances import spendable_balance
from points.services.maturing import release_pending
from points.services.reversal import reverse_accrual
from tests.factories import NOW, balance, give, make_member, make_program, make_unit, redeem

pytestmark = pytest.mark.django_db
CHECK_OUT = NOW + timedelta(days=3)


@pytest.fixture
def hotel():
    return make_unit("HOTEL", "hotel")


@pytest.fixture
def program(hotel):
    return make_program("HOTEL", owner=hotel, expiry_kind="days", expiry_count=30)


@pytest.fixture
def member():
    return make_member()


@pytest.fixture
def stay(member, program):
    """300 points for a stay, pending until the check-out."""
    return give(member, program, 300, source_ref="stay", available_at=CHECK_OUT)


def release(hotel, source_ref="out", accrual_ref="stay", at=NOW):
    return release_pending(unit=hotel, accrual_ref=accrual_ref, source_ref=source_ref, by="test", at=at)


def spendable(member, program, at=NOW):
    return spendable_balance(member_id=member.pk, program_id=program.pk, at=at)


def test_released_points_can_be_spent_at_once(member, program, hotel, stay):
    assert spendable(member, program) == 0

    done = release(hotel)

    assert (done.released, done.is_replay) == (300, False)
    assert (spendable(member, program), balance(member, program)) == (300, 300)
    assert not done.posting.entries.exists()
    assert audit().disagreements == ()


def test_a_released_lot_is_otherwise_as_it_was(member, hotel, stay):
    done = release(hotel)

    old, new = Lot.objects.get(posting=stay), Lot.objects.get(posting=done.posting)
    kept = ("wallet", "issuer", "unit_cost", "earned_at", "expires_at", "rolls")
    assert [getattr(new, name) for name in kept] == [getattr(old, name) for name in kept]
    assert (new.available_at, old.remaining) == (NOW, 0)
    assert (done.posting.kind, done.posting.points, done.posting.unit) == ("maturity", 300, hotel)
    assert done.posting.detail == {"accrual": str(stay.pk), "lots": {str(new.pk): str(old.pk)}}


def test_a_pending_lot_matures_by_its_instant_without_a_posting(member, program, hotel, stay):
    assert spendable(member, program, CHECK_OUT) == 300
    with pytest.raises(NothingPending):
        release(hotel, at=CHECK_OUT)
    assert not Posting.objects.filter(kind="maturity").exists()


def test_only_what_is_left_is_released(member, program, hotel, stay):
    reverse_accrual(unit=hotel, accrual_ref="stay", points=100, source_ref="refund", by="test", at=NOW)

    assert release(hotel).released == 200
    redeem(member, program, 200, unit=hotel)
    assert audit().disagreements == ()


def test_the_same_reference_releases_once(member, program, hotel, stay):
    first = release(hotel)

    again = release(hotel)

    assert (again.posting, again.released, again.is_replay) == (first.posting, 300, True)
    with pytest.raises(NothingPending):
        release(hotel, "another")


def test_one_reference_stands_for_one_release(member, program, hotel, stay):
    give(member, program, 10, source_ref="other", available_at=CHECK_OUT)
    release(hotel)

    with pytest.raises(ReferenceReused):
        release(hotel, accrual_ref="other")


def test_points_that_died_pending_stay_dead(member, program, hotel, stay):
    with pytest.raises(NothingPending):
        release(hotel, at=NOW + timedelta(days=40))


def test_what_nobody_accrued_is_not_released(member, hotel, stay):
    with pytest.raises(NotReversible):
        release(hotel, accrual_ref="unknown")
    with pytest.raises(NotReversible):
        release(make_unit())


def test_who_takes_no_part_releases_nothing(member, program, hotel, stay):
    type(member).objects.filter(pk=member.pk).update(status="frozen")
    with pytest.raises(MemberNotActive):
        release(hotel)
    type(member).objects.filter(pk=member.pk).update(status="active")
    type(program).objects.filter(pk=program.pk).update(is_active=False)
    with pytest.raises(ProgramNotActive):
        release(hotel)
    hotel.is_active = False
    with pytest.raises(UnitNotActive):
        release(hotel)
    assert not Posting.objects.filter(kind="maturity").exists()


def test_a_batch_answers_each_in_order(member, program, hotel, stay):
    other = give(make_member(), program, 5, source_ref="b", available_at=CHECK_OUT)
    spent = give(member, program, 5, source_ref="c")

    done = ledger.mature_many(
        [(stay.pk, "1", NOW), (spent.pk, "2", NOW), (other.pk, "3", NOW), (stay.pk, "1", NOW)], actor="test"
    )

    assert [(answer.name, answer.released) for answer in done] == [
        ("posted", 300),
        ("nothing_pending", 0),
        ("posted", 5),
        ("replayed", 300),
    ]


def test_a_retry_hears_what_was_released_before_the_member_was_frozen(member, program, hotel, stay):
    first = release(hotel)
    member.status = MemberStatus.FROZEN
    member.save()

    again = release(hotel)

    assert (again.posting, again.released, again.is_replay) == (first.posting, 300, True)
