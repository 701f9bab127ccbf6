"""A household to test with: who is in it, in this order, and who shares."""

from datetime import timedelta

from members.models import Household, HouseholdMember, HouseholdState, Member
from tests.factories import LONG_AGO


def make_household(*members: Member, sharing: bool = False) -> Household:
    household = Household.objects.create(head=members[0], founded_at=LONG_AGO)
    for place, member in enumerate(members):
        HouseholdMember.objects.create(
            household=household,
            member=member,
            state=HouseholdState.ACCEPTED,
            shares_points=sharing,
            invited_at=LONG_AGO,
            accepted_at=LONG_AGO + timedelta(minutes=place),
        )
    return household
