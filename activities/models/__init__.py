"""What members did and how it earns: activities, earn rules, daily totals, import runs."""

from activities.models.activity import Activity, ActivityKind
from activities.models.activity_line import ActivityLine
from activities.models.claim_terms import CLAIM_DAYS, ClaimTerms
from activities.models.daily_total import DailyTotal
from activities.models.earn_rule import EarnRule
from activities.models.waiting_refund import WaitingRefund, WaitingState

__all__ = [
    "CLAIM_DAYS",
    "Activity",
    "ActivityKind",
    "ActivityLine",
    "ClaimTerms",
    "DailyTotal",
    "EarnRule",
    "WaitingRefund",
    "WaitingState",
]
