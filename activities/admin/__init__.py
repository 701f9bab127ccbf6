"""Operators' screens of activities: earn rules to edit; what members did and daily totals to look at."""

from activities.admin.earn_rule import EarnRuleAdmin
from activities.admin.member_moments import activities, activity_tiles
from activities.admin.member_panel import activities_panel
from activities.admin.reported import ActivityAdmin, DailyTotalAdmin
from activities.admin.source_document import activity_behind

__all__ = [
    "ActivityAdmin",
    "DailyTotalAdmin",
    "EarnRuleAdmin",
    "activities",
    "activities_panel",
    "activity_behind",
    "activity_tiles",
]
