"""Who is a member: the person, what finds them, their enrolments, their household, who may be whom."""

from members.models.any_of import AnyOf
from members.models.code_guess import CodeGuess
from members.models.consent import Consent, ConsentAct, ConsentEvent, ConsentPurpose, ConsentText
from members.models.corporate_account import CorporateAccount
from members.models.data_access import AccessKind, DataAccess
from members.models.data_export import DataExport
from members.models.enrolment import Enrolment
from members.models.erasure import Erasure
from members.models.guardianship import Guardianship
from members.models.household import Household
from members.models.household_member import HouseholdMember, HouseholdState
from members.models.identity import Identity, IdentityKind
from members.models.match_candidate import MatchCandidate, MatchState
from members.models.match_key import MatchKey, MatchKeyKind
from members.models.member import Member, MemberStatus
from members.models.member_event import EventCause, EventKind, MemberEvent
from members.models.member_key import MemberKey
from members.models.member_merge import MemberMerge, MemberUnmerge
from members.models.member_token import MemberToken
from members.models.proof_code import CodeOutcome, CodePurpose, ProofCode
from members.models.residency import Residency, ResidencyRole
from members.models.tier import Tier, TierCause, TierChange, TierHeld

__all__ = [
    "AccessKind",
    "AnyOf",
    "CodeGuess",
    "CodeOutcome",
    "CodePurpose",
    "Consent",
    "ConsentAct",
    "ConsentEvent",
    "ConsentPurpose",
    "ConsentText",
    "CorporateAccount",
    "DataAccess",
    "DataExport",
    "Enrolment",
    "Erasure",
    "EventCause",
    "EventKind",
    "Guardianship",
    "Household",
    "HouseholdMember",
    "HouseholdState",
    "Identity",
    "IdentityKind",
    "MatchCandidate",
    "MatchKey",
    "MatchKeyKind",
    "MatchState",
    "Member",
    "MemberEvent",
    "MemberKey",
    "MemberMerge",
    "MemberStatus",
    "MemberToken",
    "MemberUnmerge",
    "ProofCode",
    "Residency",
    "ResidencyRole",
    "Tier",
    "TierCause",
    "TierChange",
    "TierHeld",
]
