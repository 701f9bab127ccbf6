"""A household comes about, grows, shrinks and ends. Every change is made under the household's row lock."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, NotFound
from members.models import Household, HouseholdMember, HouseholdState, Member, MemberStatus
from members.rules.adulthood import is_adult
from members.rules.normalise import latest_today
from members.selectors.members import member_by_number, member_by_phone

PLACES_MAX = 10
INVITATIONS_MAX = 20


class MemberSuspended(DomainError):
    """A frozen or closed member founds and joins nothing."""

    code = "member_suspended"
    title = _("This membership is not active.")


class NotAnAdult(DomainError):
    """A household is of adults."""

    code = "not_an_adult"
    title = _("Only adults can be in a household.")


class AlreadyInHousehold(DomainError):
    """One household at a time."""

    code = "already_in_household"
    title = _("A member is in one household at a time.")


class NotInHousehold(DomainError):
    """The member is in no household."""

    code = "not_in_household"
    title = _("You are not in a household.")


class NotHouseholdHead(DomainError):
    """Only the head invites, removes and dissolves."""

    code = "not_household_head"
    title = _("Only the head of the household can do this.")


class HouseholdFull(DomainError):
    """Facts: `places`, how many a household has."""

    code = "household_full"
    title = _("This household is full.")


class InvitationNotOpen(DomainError):
    """The invitation was answered before, or its household was dissolved."""

    code = "invitation_not_open"
    title = _("This invitation is no longer open.")


@transaction.atomic
def found_household(*, member: Member, shares_points: bool, at: datetime) -> Household:
    """Found a household of one, with `member` as its head.

    :raises AlreadyInHousehold: they are in one
    :raises NotAnAdult: they are known to be under age
    :raises MemberSuspended: they are frozen or closed
    """
    _refuse_joining(member_id=member.pk, at=at)
    household = Household.objects.create(head=member, founded_at=at)
    HouseholdMember.objects.create(
        household=household,
        member=member,
        state=HouseholdState.ACCEPTED,
        shares_points=shares_points,
        invited_at=at,
        accepted_at=at,
    )
    return household


@transaction.atomic
def invite_to_household(*, by: Member, invited: Mapping[str, str], at: datetime) -> HouseholdMember | None:
    """Invite whom `invited` names by `number` or `phone` into the household that `by` heads.

    None says that nobody was invited: nobody is named so, or they cannot join. Who invites must not learn
    which: whether a phone belongs to a member, and how old they are, is theirs to tell. Inviting twice
    changes nothing.

    :raises NotInHousehold, NotHouseholdHead: `by` heads none
    :raises HouseholdFull: every place is taken
    :raises BadPhone: no phone is written like this
    """
    household = _headed_by(by)
    if household.places.filter(state=HouseholdState.ACCEPTED).count() >= PLACES_MAX:
        raise HouseholdFull(places=PLACES_MAX)
    ((way, value),) = invited.items()
    try:
        member = member_by_phone(value) if way == "phone" else member_by_number(value)
    except NotFound:
        return None
    open_ones = household.places.filter(state__in=[HouseholdState.INVITED, HouseholdState.ACCEPTED])
    place = open_ones.filter(member=member).first()
    if place is not None:
        return place
    if not _may_join(member, at=at) or open_ones.count() >= PLACES_MAX + INVITATIONS_MAX:
        return None
    return HouseholdMember.objects.create(
        household=household, member=member, state=HouseholdState.INVITED, invited_at=at
    )


@transaction.atomic
def accept_invitation(
    *, member: Member, place_id: UUID, shares_points: bool, at: datetime
) -> HouseholdMember:
    """Join the household that invited `member`. Accepting twice joins once.

    :raises NotFound: no such invitation of this member
    :raises InvitationNotOpen: declined or ended since
    :raises AlreadyInHousehold: they are in another household
    :raises HouseholdFull: others were faster
    :raises NotAnAdult, MemberSuspended: they may not join
    """
    place = _own_place(member, place_id)
    if place.state == HouseholdState.ACCEPTED:
        return place
    _refuse_joining(member_id=member.pk, at=at)
    household = _locked(place.household_id)
    place = _own_place(member, place_id)
    if place.state != HouseholdState.INVITED or household.dissolved_at is not None:
        raise InvitationNotOpen
    if household.places.filter(state=HouseholdState.ACCEPTED).count() >= PLACES_MAX:
        raise HouseholdFull(places=PLACES_MAX)
    place.state = HouseholdState.ACCEPTED
    place.shares_points = shares_points
    place.accepted_at = at
    place.save(update_fields=["state", "shares_points", "accepted_at"])
    return place


@transaction.atomic
def decline_invitation(*, member: Member, place_id: UUID, at: datetime) -> HouseholdMember:
    """Say no. Declining twice declines once.

    :raises NotFound: no such invitation of this member
    :raises InvitationNotOpen: it was accepted
    """
    _locked(_own_place(member, place_id).household_id)
    place = _own_place(member, place_id)
    if place.state == HouseholdState.DECLINED:
        return place
    if place.state != HouseholdState.INVITED:
        raise InvitationNotOpen
    return _ended(place, HouseholdState.DECLINED, at=at)


@transaction.atomic
def leave_household(*, member: Member, at: datetime) -> HouseholdMember:
    """Leave. A head hands over to whoever has been in it longest; the last one to leave dissolves it.

    :raises NotInHousehold: they are in none
    """
    place = _place_of(member)
    household = _locked(place.household_id)
    place = _place_of(member)
    _ended(place, HouseholdState.LEFT, at=at)
    if household.head_id == member.pk:
        heir = household.places.filter(state=HouseholdState.ACCEPTED).order_by("accepted_at", "id").first()
        if heir is None:
            _close(household, at=at)
        else:
            household.head_id = heir.member_id
            household.save(update_fields=["head"])
    return place


@transaction.atomic
def remove_from_household(*, by: Member, place_id: UUID, at: datetime) -> HouseholdMember:
    """Take somebody out of the household that `by` heads.

    :raises NotInHousehold, NotHouseholdHead: `by` heads none
    :raises NotFound: nobody has this place in it, or it is their own (who heads it leaves it)
    """
    household = _headed_by(by)
    place = household.places.filter(pk=place_id, state=HouseholdState.ACCEPTED).first()
    if place is None or place.member_id == by.pk:
        raise NotFound
    return _ended(place, HouseholdState.REMOVED, at=at)


@transaction.atomic
def dissolve_household(*, by: Member, at: datetime) -> Household:
    """End the household that `by` heads: everybody is out of it, open invitations end.

    :raises NotInHousehold, NotHouseholdHead: `by` heads none
    """
    household = _headed_by(by)
    for place in household.places.filter(state=HouseholdState.ACCEPTED):
        _ended(place, HouseholdState.LEFT if place.member_id == by.pk else HouseholdState.REMOVED, at=at)
    return _close(household, at=at)


@transaction.atomic
def share_points(*, member: Member, shares: bool) -> HouseholdMember:
    """Let the household pay with the member's points, or no longer.

    :raises NotInHousehold: they are in none
    """
    place = _place_of(member)
    _locked(place.household_id)
    place = _place_of(member)
    place.shares_points = shares
    place.save(update_fields=["shares_points"])
    return place


def _refuse_joining(*, member_id: UUID, at: datetime) -> None:
    """Under the member's row lock: of two households at once, the second finds the first."""
    member = Member.objects.select_for_update(no_key=True).get(pk=member_id)
    if member.status != MemberStatus.ACTIVE:
        raise MemberSuspended
    if not is_adult(member.birth_date, on=latest_today(at)):
        raise NotAnAdult
    if HouseholdMember.objects.filter(member=member, state=HouseholdState.ACCEPTED).exists():
        raise AlreadyInHousehold


def _may_join(member: Member, *, at: datetime) -> bool:
    return member.status == MemberStatus.ACTIVE and is_adult(member.birth_date, on=latest_today(at))


def _headed_by(member: Member) -> Household:
    household = _locked(_place_of(member).household_id)
    # Read again under the lock: the head may have changed hands, or the household its members.
    if _place_of(member).household_id != household.pk or household.head_id != member.pk:
        raise NotHouseholdHead
    return household


def _place_of(member: Member) -> HouseholdMember:
    place = HouseholdMember.objects.filter(member=member, state=HouseholdState.ACCEPTED).first()
    if place is None:
        raise NotInHousehold
    return place


def _own_place(member: Member, place_id: UUID) -> HouseholdMember:
    place = HouseholdMember.objects.filter(pk=place_id, member=member).first()
    if place is None:
        raise NotFound
    return place


def _locked(household_id: UUID) -> Household:
    return Household.objects.select_for_update(no_key=True).get(pk=household_id)


def _ended(place: HouseholdMember, state: HouseholdState, *, at: datetime) -> HouseholdMember:
    place.state = state
    place.ended_at = at
    place.shares_points = False
    place.save(update_fields=["state", "ended_at", "shares_points"])
    return place


def _close(household: Household, *, at: datetime) -> Household:
    household.places.filter(state=HouseholdState.INVITED).update(state=HouseholdState.DECLINED, ended_at=at)
    household.dissolved_at = at
    household.save(update_fields=["dissolved_at"])
    return household
