"""Operators' screens of members: found by number, phone or card; personal fields masked."""

from members.admin.household import HouseholdAdmin, household_panel
from members.admin.match_candidate import MatchCandidateAdmin
from members.admin.member import EnrolmentAdmin, MemberAdmin
from members.admin.own_moments import enrolments, events, standing_tiles, tier_changes
from members.admin.own_panels import enrolments_panel, identities_panel
from members.admin.privacy import ConsentTextAdmin, DataAccessAdmin, accesses_panel, consents_panel
from members.admin.residency import (
    CorporateAccountAdmin,
    ResidencyAdmin,
    guardians_panel,
    history_panel,
    residencies_panel,
)
from members.admin.tier import TierAdmin, TierChangeAdmin

__all__ = [
    "ConsentTextAdmin",
    "CorporateAccountAdmin",
    "DataAccessAdmin",
    "EnrolmentAdmin",
    "HouseholdAdmin",
    "MatchCandidateAdmin",
    "MemberAdmin",
    "ResidencyAdmin",
    "TierAdmin",
    "TierChangeAdmin",
    "accesses_panel",
    "consents_panel",
    "enrolments",
    "enrolments_panel",
    "events",
    "guardians_panel",
    "history_panel",
    "household_panel",
    "identities_panel",
    "residencies_panel",
    "standing_tiles",
    "tier_changes",
]
