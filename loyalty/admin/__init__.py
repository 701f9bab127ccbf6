"""Operators' screens that belong to the whole project: the dashboard, sign-ins, jobs and imports."""

from loyalty.admin.erasure import ErasureAdmin
from loyalty.admin.merging import MemberMergeAdmin, merges_panel
from loyalty.admin.people import GroupAdmin, UserAdmin
from loyalty.admin.runs import ImportRunAdmin, JobRunAdmin
from loyalty.admin.schedule import CrontabAdmin, IntervalAdmin, PeriodicTaskAdmin
from loyalty.admin.uploads import ImportUploadAdmin

__all__ = [
    "CrontabAdmin",
    "ErasureAdmin",
    "GroupAdmin",
    "ImportRunAdmin",
    "ImportUploadAdmin",
    "IntervalAdmin",
    "JobRunAdmin",
    "MemberMergeAdmin",
    "PeriodicTaskAdmin",
    "UserAdmin",
    "merges_panel",
]
