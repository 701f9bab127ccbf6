"""Operators' screens of activities: what members did; rules and tier schemes to write; totals; what waits."""

from activities.admin.activity import ActivityAdmin
from activities.admin.claim_terms import ClaimTermsAdmin
from activities.admin.earn_rule import EarnRuleAdmin
from activities.admin.earn_rule_proposal import EarnRuleProposalAdmin
from activities.admin.member_moments import activities, activity_tiles
from activities.admin.member_panel import activities_panel
from activities.admin.member_tier import tier_history_panel, tier_panel
from activities.admin.reported import DailyTotalAdmin
from activities.admin.source_document import activity_behind
from activities.admin.tier_credit import TierCreditAdmin, TierGrantAdmin
from activities.admin.tier_scheme import TierSchemeAdmin
from activities.admin.waiting_refund import WaitingRefundAdmin

__all__ = [
    "ActivityAdmin",
    "ClaimTermsAdmin",
    "DailyTotalAdmin",
    "EarnRuleAdmin",
    "EarnRuleProposalAdmin",
    "TierCreditAdmin",
    "TierGrantAdmin",
    "TierSchemeAdmin",
    "WaitingRefundAdmin",
    "activities",
    "activities_panel",
    "activity_behind",
    "activity_tiles",
    "tier_history_panel",
    "tier_panel",
]
