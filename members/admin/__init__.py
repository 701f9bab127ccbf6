"""Operators' screens of members: found by number, phone or card; personal fields masked."""

from members.admin.household import HouseholdAdmin, household_panel
from members.admin.match_candidate import MatchCandidateAdmin
from members.admin.member import EnrolmentAdmin, MemberAdmin
from members.admin.own_panels import enrolments_panel, identities_panel

__all__ = [
    "EnrolmentAdmin",
    "HouseholdAdmin",
    "MatchCandidateAdmin",
    "MemberAdmin",
    "enrolments_panel",
    "household_panel",
    "identities_panel",
]
