"""A membership is frozen, closed and taken up again; its history says who and why; points follow."""

from datetime import date

import pytest

from members.models import HouseholdMember, HouseholdState, MemberEvent, MemberStatus, MemberToken
from members.services.households import found_household
from members.services.lifecycle import (
    GuardianMissing,
    NotClosed,
    ReasonMissing,
    close_member,
    freeze_member,
    reopen_member,
    unfreeze_member,
)
from members.services.tokens import MemberClosed, issue_member_token, proven_member
from points.refusals import MemberNotActive
from points.services.holds import hold_points
from tests.factories import NOW, balance, give, make_program, make_unit, redeem
from tests.members.factories import numbered_member

pytestmark = pytest.mark.django_db
WHY = {"reason": "card reported lost", "by": "user:1", "at": NOW}


@pytest.fixture
def ann():
    return numbered_member(name="Ann")


@pytest.fixture
def mall():
    return make_program(owner=make_unit())


def history(member):
    return [(e.kind, e.reason, e.by) for e in MemberEvent.objects.filter(member=member).order_by("id")]


def test_a_frozen_member_neither_earns_nor_spends_until_unfrozen(ann, mall):
    give(ann, mall, 100)

    frozen = freeze_member(member_id=ann.pk, **WHY)

    with pytest.raises(MemberNotActive):
        give(frozen, mall, 1)
    with pytest.raises(MemberNotActive):
        redeem(frozen, mall, 1, unit=mall.owner)
    active = unfreeze_member(member_id=ann.pk, reason="found again", by="user:2", at=NOW)
    redeem(active, mall, 40, unit=mall.owner)
    assert balance(ann, mall) == 60


def test_history_says_who_and_why_once_for_each_change(ann):
    for act in (freeze_member, freeze_member, unfreeze_member, unfreeze_member, close_member, close_member):
        act(member_id=ann.pk, **WHY)
    reopen_member(member_id=ann.pk, reason="came back", by="user:2", at=NOW)

    why = (WHY["reason"], WHY["by"])
    assert history(ann) == [
        ("frozen", *why),
        ("unfrozen", *why),
        ("closed", *why),
        ("reopened", "came back", "user:2"),
    ]


@pytest.mark.parametrize("act", [freeze_member, unfreeze_member, close_member, reopen_member])
@pytest.mark.parametrize("reason", ["", "  \u3000"])
def test_nobody_changes_a_membership_without_a_reason(ann, act, reason):
    with pytest.raises(ReasonMissing):
        act(member_id=ann.pk, **{**WHY, "reason": reason})


def test_who_leaves_signs_in_no_more(ann):
    _row, token = issue_member_token(member=ann, by="test", at=NOW)

    close_member(member_id=ann.pk, **WHY)

    assert proven_member(token=token, at=NOW) is None
    assert MemberToken.objects.get().expires_at == NOW


def test_who_leaves_is_out_of_the_household(ann):
    found_household(member=ann, shares_points=True, at=NOW)

    close_member(member_id=ann.pk, **WHY)

    place = HouseholdMember.objects.get()
    assert (place.state, place.shares_points) == (HouseholdState.LEFT, False)


def test_points_and_a_sale_in_progress_are_no_reason_to_stay(ann, mall):
    give(ann, mall, 100)
    hold_points(
        member=ann, program=mall, unit=mall.owner, price=30, source_ref="h", by="test", at=NOW
    )  # fmt: skip

    closed = close_member(member_id=ann.pk, **WHY)

    assert (closed.status, balance(ann, mall)) == (MemberStatus.CLOSED, 100)


def test_who_comes_back_finds_the_points(ann, mall):
    give(ann, mall, 100)
    close_member(member_id=ann.pk, **WHY)

    back = reopen_member(member_id=ann.pk, **WHY)

    redeem(back, mall, 100, unit=mall.owner)
    assert balance(ann, mall) == 0


def test_a_closed_membership_is_neither_frozen_nor_unfrozen(ann):
    close_member(member_id=ann.pk, **WHY)

    for act in (freeze_member, unfreeze_member):
        with pytest.raises(MemberClosed):
            act(member_id=ann.pk, **WHY)


def test_only_a_closed_membership_is_reopened(ann):
    with pytest.raises(NotClosed):
        reopen_member(member_id=ann.pk, **WHY)


def test_a_child_without_a_guardian_is_not_unfrozen():
    child = numbered_member(birth_date=date(2016, 1, 1), status=MemberStatus.FROZEN)

    with pytest.raises(GuardianMissing):
        unfreeze_member(member_id=child.pk, **WHY)
