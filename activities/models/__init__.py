"""What members did, how it earns points, and how it counts on the ladder."""

from activities.models.activity import Activity, ActivityKind
from activities.models.activity_line import ActivityLine
from activities.models.assessment import Assessment, BudgetUse
from activities.models.claim_terms import CLAIM_DAYS, ClaimTerms
from activities.models.claim_try import ClaimTry
from activities.models.daily_total import DailyTotal
from activities.models.earn_rule import EarnRule
from activities.models.earn_rule_proposal import EarnRuleProposal
from activities.models.earn_terms import EarnEffect
from activities.models.tier_credit import TierCredit, TierGrant, TierStanding
from activities.models.tier_scheme import (
    CREDITED_KINDS,
    CreditBasis,
    CreditRule,
    LevelTerms,
    RoleTerms,
    SchemeState,
    TierScheme,
    TierWindow,
    UnitTierMatch,
)
from activities.models.waiting_refund import WaitingRefund, WaitingState

__all__ = [
    "CLAIM_DAYS",
    "CREDITED_KINDS",
    "Activity",
    "ActivityKind",
    "ActivityLine",
    "Assessment",
    "BudgetUse",
    "ClaimTerms",
    "ClaimTry",
    "CreditBasis",
    "CreditRule",
    "DailyTotal",
    "EarnEffect",
    "EarnRule",
    "EarnRuleProposal",
    "LevelTerms",
    "RoleTerms",
    "SchemeState",
    "TierCredit",
    "TierGrant",
    "TierScheme",
    "TierStanding",
    "TierWindow",
    "UnitTierMatch",
    "WaitingRefund",
    "WaitingState",
]
