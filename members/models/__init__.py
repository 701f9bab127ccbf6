"""Who is a member: the person, what finds them, their enrolments at the units, their household."""

from members.models.any_of import AnyOf
from members.models.enrolment import Enrolment
from members.models.household import Household
from members.models.household_member import HouseholdMember, HouseholdState
from members.models.identity import Identity, IdentityKind
from members.models.member import Member, MemberStatus
from members.models.member_token import MemberToken

__all__ = [
    "AnyOf",
    "Enrolment",
    "Household",
    "HouseholdMember",
    "HouseholdState",
    "Identity",
    "IdentityKind",
    "Member",
    "MemberStatus",
    "MemberToken",
]
