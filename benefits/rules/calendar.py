"""Calendars: on which weekdays, at which time of day and on which days a benefit is honoured."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from benefits.rules.quota import Days


@dataclass(frozen=True, slots=True)
class Calendar:
    """ISO weekdays, a time of day (both or neither; it may run over midnight), and days without."""

    weekdays: frozenset[int]
    opens_at: time | None = None
    closes_at: time | None = None
    blackouts: Sequence[Days] = ()


def closed_because(calendar: Calendar, local: datetime) -> str | None:
    """Why it is not honoured at `local` (the place's clock): `hours`, `weekday`, `blackout`; None: it is.

    After midnight a window of the evening before still belongs to that evening's day.
    """
    day = _day_of(calendar, local)
    if day is None:
        return "hours"
    if day.isoweekday() not in calendar.weekdays:
        return "weekday"
    return "blackout" if any(day in blackout for blackout in calendar.blackouts) else None


def _day_of(calendar: Calendar, local: datetime) -> date | None:
    opens, closes, now = calendar.opens_at, calendar.closes_at, local.time()
    if opens is None or closes is None:
        return local.date()
    if opens < closes:
        return local.date() if opens <= now < closes else None
    if now >= opens:
        return local.date()
    return local.date() - timedelta(days=1) if now < closes else None
