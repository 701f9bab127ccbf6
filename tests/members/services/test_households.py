"""Households: founded, grown by invitation, handed over, ended; one at a time, of adults, who want to."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError

from common.errors import NotFound
from members.models import Household, HouseholdMember, HouseholdState, IdentityKind
from members.selectors.households import are_one_household, household_of, invitations_of, sharing_with
from members.services import households
from members.services.households import (
    AlreadyInHousehold,
    HouseholdFull,
    InvitationNotOpen,
    MemberSuspended,
    NotAnAdult,
    NotHouseholdHead,
    NotInHousehold,
    accept_invitation,
    decline_invitation,
    dissolve_household,
    found_household,
    invite_to_household,
    leave_household,
    remove_from_household,
    share_points,
)
from tests.factories import NOW
from tests.members.factories import add_identity, numbered_member

pytestmark = pytest.mark.django_db


def founded(member, **fields):
    return found_household(member=member, **{"shares_points": False, "at": NOW} | fields)


def invite(head, member, at=NOW):
    return invite_to_household(by=head, invited={"number": member.number}, at=at)


def accept(place, at=NOW, **fields):
    return accept_invitation(
        member=place.member, place_id=place.pk, **{"shares_points": False, "at": at} | fields
    )


def join(head, member, *, minutes=1):
    """`member` is invited by `head` and accepts."""
    at = NOW + timedelta(minutes=minutes)
    return accept(invite(head, member, at), at)


@pytest.fixture
def head():
    return numbered_member()


@pytest.fixture
def family(head):
    """The head and two others, in this order."""
    founded(head)
    others = [numbered_member(), numbered_member()]
    places = [join(head, other, minutes=i + 1) for i, other in enumerate(others)]
    return head, *others, *places


def test_who_founds_a_household_heads_it_and_is_in_it(head):
    household = founded(head)

    assert household.head == head
    assert household_of(member_id=head.pk) == household


def test_who_accepts_is_one_household_with_the_head(head):
    founded(head)
    guest, stranger = numbered_member(), numbered_member()
    place = invite(head, guest)

    assert not are_one_household(one_id=head.pk, other_id=guest.pk)
    accept(place)

    assert are_one_household(one_id=head.pk, other_id=guest.pk)
    assert are_one_household(one_id=guest.pk, other_id=head.pk)
    assert not are_one_household(one_id=stranger.pk, other_id=guest.pk)
    assert not are_one_household(one_id=stranger.pk, other_id=numbered_member().pk)


def test_a_phone_invites_too(head):
    founded(head)
    guest = numbered_member()
    add_identity(guest, IdentityKind.PHONE, "+8613812345678")

    place = invite_to_household(by=head, invited={"phone": "138 1234 5678"}, at=NOW)

    assert place.member == guest
    assert list(invitations_of(member_id=guest.pk)) == [place]


def test_nobody_is_invited_by_a_name_that_is_nobodys(head):
    founded(head)

    assert invite_to_household(by=head, invited={"phone": "13812345678"}, at=NOW) is None
    assert invite_to_household(by=head, invited={"number": "1"}, at=NOW) is None


@pytest.mark.parametrize(
    "fields", [{"birth_date": date(2010, 1, 1)}, {"status": "frozen"}, {"status": "closed"}]
)
def test_who_may_not_join_is_not_invited_and_the_head_is_not_told_why(head, fields):
    founded(head)

    assert invite(head, numbered_member(**fields)) is None
    assert HouseholdMember.objects.count() == 1


def test_inviting_twice_invites_once(head):
    founded(head)
    guest = numbered_member()

    assert invite(head, guest) == invite(head, guest)


def test_accepting_twice_joins_once_and_keeps_the_first_instant(head):
    founded(head)
    place = invite(head, numbered_member())

    first = accept(place)
    again = accept(place, NOW + timedelta(days=1))

    assert (again.pk, again.accepted_at) == (first.pk, NOW)


def test_one_household_at_a_time(family):
    _head, one, *_ = family
    other = numbered_member()
    founded(other)
    place = invite(other, one)

    with pytest.raises(AlreadyInHousehold):
        accept(place)
    with pytest.raises(AlreadyInHousehold):
        founded(one)

    assert place.state == HouseholdState.INVITED


def test_the_database_refuses_a_second_household_even_from_elsewhere(family):
    _head, one, *_ = family
    other = founded(numbered_member())

    with pytest.raises(IntegrityError, match="one_household_at_a_time"):
        HouseholdMember.objects.create(
            household=other, member=one, state="accepted", invited_at=NOW, accepted_at=NOW
        )


def test_a_known_child_founds_and_joins_nothing(head):
    child = numbered_member(birth_date=date(2010, 1, 1))
    founded(head)
    place = HouseholdMember.objects.create(
        household=household_of(member_id=head.pk), member=child, state="invited", invited_at=NOW
    )

    with pytest.raises(NotAnAdult):
        founded(child)
    with pytest.raises(NotAnAdult):
        accept(place)


@pytest.mark.parametrize("status", ["frozen", "closed"])
def test_a_suspended_member_founds_and_joins_nothing(head, status):
    founded(head)
    guest = numbered_member()
    place = invite(head, guest)
    type(guest).objects.filter(pk=guest.pk).update(status=status)

    with pytest.raises(MemberSuspended):
        accept(place)
    with pytest.raises(MemberSuspended):
        founded(numbered_member(status=status))


def test_an_invitation_is_its_receivers_alone(head):
    founded(head)
    place = invite(head, numbered_member())

    with pytest.raises(NotFound):
        accept_invitation(member=numbered_member(), place_id=place.pk, shares_points=True, at=NOW)
    with pytest.raises(NotFound):
        decline_invitation(member=head, place_id=place.pk, at=NOW)


def test_a_declined_invitation_stays_declined(head):
    founded(head)
    place = invite(head, numbered_member())

    declined = decline_invitation(member=place.member, place_id=place.pk, at=NOW)
    again = decline_invitation(member=place.member, place_id=place.pk, at=NOW)

    assert declined == again
    assert (again.state, again.ended_at) == (HouseholdState.DECLINED, NOW)
    with pytest.raises(InvitationNotOpen):
        accept(place)


def test_an_accepted_invitation_is_left_not_declined(family):
    _head, one, _two, place, _ = family

    with pytest.raises(InvitationNotOpen):
        decline_invitation(member=one, place_id=place.pk, at=NOW)


def test_only_the_head_invites_and_removes_and_dissolves(family):
    head, one, two, _place, place_of_two = family
    calls = (
        lambda by: invite_to_household(by=by, invited={"number": head.number}, at=NOW),
        lambda by: remove_from_household(by=by, place_id=place_of_two.pk, at=NOW),
        lambda by: dissolve_household(by=by, at=NOW),
    )

    for call in calls:
        with pytest.raises(NotHouseholdHead):
            call(one)
        with pytest.raises(NotInHousehold):
            call(numbered_member())

    assert are_one_household(one_id=head.pk, other_id=two.pk)


def test_who_is_removed_is_out_of_it(family):
    head, one, _two, place, _ = family

    removed = remove_from_household(by=head, place_id=place.pk, at=NOW)

    assert (removed.state, removed.shares_points) == (HouseholdState.REMOVED, False)
    assert household_of(member_id=one.pk) is None


def test_a_head_removes_neither_themself_nor_a_stranger(family):
    head, *_ = family
    mine = HouseholdMember.objects.get(member=head)
    founded(stranger := numbered_member())

    for place in (mine, HouseholdMember.objects.get(member=stranger)):
        with pytest.raises(NotFound):
            remove_from_household(by=head, place_id=place.pk, at=NOW)


def test_a_head_who_leaves_hands_over_to_who_was_in_it_longest(family):
    head, one, two, *_ = family

    leave_household(member=head, at=NOW)

    household = household_of(member_id=one.pk)
    assert household.head == one
    assert household_of(member_id=head.pk) is None
    assert are_one_household(one_id=one.pk, other_id=two.pk)


def test_the_last_one_to_leave_dissolves_it(head):
    household = founded(head)
    place = invite(head, numbered_member())

    leave_household(member=head, at=NOW)

    household.refresh_from_db()
    assert household.dissolved_at == NOW
    assert not invitations_of(member_id=place.member_id).exists()
    with pytest.raises(InvitationNotOpen):
        accept(place)


def test_who_left_may_found_and_join_again(family):
    head, one, *_ = family
    leave_household(member=one, at=NOW)

    place = join(head, one)

    assert place.state == HouseholdState.ACCEPTED


def test_who_is_in_none_leaves_none(head):
    with pytest.raises(NotInHousehold):
        leave_household(member=head, at=NOW)
    with pytest.raises(NotInHousehold):
        share_points(member=head, shares=True)


def test_a_dissolved_household_is_over_for_everybody(family):
    head, one, two, *_ = family

    dissolve_household(by=head, at=NOW)

    assert [household_of(member_id=m.pk) for m in (head, one, two)] == [None] * 3
    assert Household.objects.get().dissolved_at == NOW


def test_nobody_shares_points_unless_they_said_so(family):
    head, one, two, *_ = family
    assert sharing_with(member_id=head.pk) == []

    share_points(member=two, shares=True)
    share_points(member=one, shares=True)

    assert [place.member for place in sharing_with(member_id=head.pk)] == [one, two]
    share_points(member=one, shares=False)
    assert [place.member for place in sharing_with(member_id=head.pk)] == [two]
    assert sharing_with(member_id=two.pk) == []


def test_a_frozen_members_points_are_not_shared(family):
    head, one, *_ = family
    share_points(member=one, shares=True)
    type(one).objects.filter(pk=one.pk).update(status="frozen")

    assert sharing_with(member_id=head.pk) == []


def test_a_full_household_takes_nobody_more(head, monkeypatch):
    monkeypatch.setattr(households, "PLACES_MAX", 2)
    founded(head)
    places = [invite(head, numbered_member()) for _ in range(2)]
    accept(places[0])

    with pytest.raises(HouseholdFull):
        accept(places[1])
    with pytest.raises(HouseholdFull):
        invite(head, numbered_member())


def test_open_invitations_have_an_end(head, monkeypatch):
    monkeypatch.setattr(households, "INVITATIONS_MAX", 1)
    monkeypatch.setattr(households, "PLACES_MAX", 2)
    founded(head)
    invited = [invite(head, numbered_member()) for _ in range(4)]

    assert [place is None for place in invited] == [False, False, True, True]
