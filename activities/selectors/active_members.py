"""Who was active: members with at least one activity in a period."""

from datetime import datetime

from activities.models import Activity


def active_members(*, starts_at: datetime, ends_at: datetime) -> int:
    """How many members had an activity, other than a refund, that happened in `[starts_at, ends_at)`."""
    return (
        Activity.objects.filter(member__isnull=False, occurred_at__gte=starts_at, occurred_at__lt=ends_at)
        .exclude(kind="refund")
        .values("member_id")
        .distinct()
        .count()
    )
