"""Households: whose it is, who is in it, who was asked to join."""

from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from common.errors import NotFound
from common.sql import rows
from members.models import Household, HouseholdMember, HouseholdState, MemberStatus

_MATES: Final = """
SELECT coalesce(m.merged_into_id, m.id)
FROM members_householdmember own
JOIN members_householdmember p ON p.household_id = own.household_id
JOIN members_member m ON m.id = p.member_id
WHERE own.member_id = %(member)s AND own.state = 'accepted'
  AND p.state = 'accepted' AND p.shares_points AND m.status = 'active'
  AND coalesce(m.merged_into_id, m.id) <> %(member)s
"""
_IN_IT = {"state": HouseholdState.ACCEPTED}


def household_of(*, member_id: UUID) -> Household | None:
    """The household that the member is in; None: they are in none."""
    return Household.objects.filter(
        places__member_id=member_id, places__state=HouseholdState.ACCEPTED
    ).first()


def are_one_household(*, one_id: UUID, other_id: UUID) -> bool:
    """Whether two members are in one household at present."""
    of_one = HouseholdMember.objects.filter(**_IN_IT, member_id=one_id).values("household")
    return HouseholdMember.objects.filter(**_IN_IT, member_id=other_id, household__in=of_one).exists()


def places_in(*, household: Household) -> QuerySet[HouseholdMember]:
    """Who is in it, longest first, with the member."""
    places = HouseholdMember.objects.filter(**_IN_IT, household=household)
    return places.select_related("member").order_by("accepted_at", "id")


def place_beside(*, member_id: UUID, place_id: UUID) -> HouseholdMember:
    """Another's place in the member's own household.

    :raises NotFound: there is no such place, it ended, or it is in another household
    """
    mine = HouseholdMember.objects.filter(**_IN_IT, member_id=member_id).values("household")
    found = HouseholdMember.objects.filter(**_IN_IT, pk=place_id, household__in=mine)
    place = found.select_related("member").first()
    if place is None:
        raise NotFound
    return place


def sharing_with(*, member_id: UUID) -> list[HouseholdMember]:
    """The others of the member's household who let it pay with their points; longest in it first."""
    mine = HouseholdMember.objects.filter(**_IN_IT, member_id=member_id).values("household")
    sharing = HouseholdMember.objects.filter(
        **_IN_IT, household__in=mine, shares_points=True, member__status=MemberStatus.ACTIVE
    )
    return list(sharing.exclude(member_id=member_id).select_related("member").order_by("accepted_at", "id"))


def mates_of(*, member_id: UUID) -> set[UUID]:
    """Those of `sharing_with`, by the ids under which they go on. One plain statement: gates wait for it."""
    return {mate for (mate,) in rows(_MATES, {"member": member_id})}


def invitations_of(*, member_id: UUID) -> QuerySet[HouseholdMember]:
    """The invitations that the member has not answered, newest first, with who invites."""
    open_ones = HouseholdMember.objects.filter(
        member_id=member_id, state=HouseholdState.INVITED, household__dissolved_at__isnull=True
    )
    return open_ones.select_related("household__head").order_by("-invited_at", "-id")
