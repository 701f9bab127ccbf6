"""What members did and how it earns: activities, earn rules, daily totals, import runs."""

from activities.models.activity import Activity, ActivityKind
from activities.models.daily_total import DailyTotal
from activities.models.earn_rule import EarnRule

__all__ = ["Activity", "ActivityKind", "DailyTotal", "EarnRule"]
