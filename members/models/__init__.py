"""Who is a member: the person, the identities that find them, their enrolments at the units."""

from members.models.any_of import AnyOf
from members.models.enrolment import Enrolment
from members.models.identity import Identity, IdentityKind
from members.models.member import Member, MemberStatus
from members.models.member_token import MemberToken

__all__ = ["AnyOf", "Enrolment", "Identity", "IdentityKind", "Member", "MemberStatus", "MemberToken"]
