"""Which local day an instant closes: the last day on which points that die at that instant can be spent."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


def last_valid_day_before(expires_at: datetime | None, time_zone: str) -> date | None:
    """The local date in `time_zone` that ends when points expire at `expires_at` (aware); None: never.

    Points die at the first instant of a day (points/rules/expiry.py): the day before is their last.
    """
    if expires_at is None:
        return None
    return (
        (expires_at.astimezone(ZoneInfo("UTC")) - timedelta(microseconds=1))
        .astimezone(ZoneInfo(time_zone))
        .date()
    )
