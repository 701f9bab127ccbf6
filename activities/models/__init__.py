"""What members did, how it earns points, and how it counts on the ladder."""

from activities.models.activity import Activity, ActivityKind
from activities.models.activity_line import ActivityLine
from activities.models.claim_terms import CLAIM_DAYS, ClaimTerms
from activities.models.claim_try import ClaimTry
from activities.models.daily_total import DailyTotal
from activities.models.earn_rule import EarnRule
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
    "ClaimTerms",
    "ClaimTry",
    "CreditBasis",
    "CreditRule",
    "DailyTotal",
    "EarnRule",
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
