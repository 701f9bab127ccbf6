"""Who is a member: the person, the identities that find them, their enrolments at the units."""

from members.models.enrolment import Enrolment
from members.models.identity import Identity, IdentityKind
from members.models.member import Member, MemberStatus
from members.models.member_token import MemberToken

__all__ = ["Enrolment", "Identity", "IdentityKind", "Member", "MemberStatus", "MemberToken"]
