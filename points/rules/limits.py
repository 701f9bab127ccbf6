"""The local day and month that a limit counts in, as instants."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from points.rules.expiry import start_of_day

Span = tuple[datetime, datetime]


def day_of(at: datetime, zone: ZoneInfo) -> Span:
    """[first instant, first instant of the next) of the local day that `at` lies in, in UTC."""
    today = at.astimezone(zone).date()
    return start_of_day(today, zone), start_of_day(today + timedelta(days=1), zone)


def month_of(at: datetime, zone: ZoneInfo) -> Span:
    """[first instant, first instant of the next) of the local calendar month that `at` lies in, in UTC."""
    today = at.astimezone(zone).date()
    years, month = divmod(today.month, 12)
    following = date(today.year + years, month + 1, 1)
    return start_of_day(today.replace(day=1), zone), start_of_day(following, zone)
