"""When points die: local midnight after the last valid day, in the program's own time zone.

A day that begins in a gap of the clock (a missing midnight) begins at the first instant after the gap;
one whose midnight comes twice begins at the first of the two (PEP 495, fold=0).
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class ExpiryPolicy:
    """`kind` is never, days, month_end, year_end or rolling; `count` is its N; `time_zone` an IANA name."""

    kind: str
    count: int
    time_zone: str

    @property
    def rolls(self) -> bool:
        """Earning and redeeming renew what the member has."""
        return self.kind == "rolling"


def expiry_instant(policy: ExpiryPolicy, earned_at: datetime) -> datetime | None:
    """The instant (UTC) from which points earned at `earned_at` (aware) are dead; None: never.

    Days: N days after accrual, so points earned on the 1st with N = 1 are good through the 2nd. Rolling:
    the same, counted from the last activity, which is what `earned_at` then means.
    """
    zone = ZoneInfo(policy.time_zone)
    # By its parts: a policy's own hash would cost as much as all the rest, for every row of an import.
    return _expiry_of_day(policy.kind, policy.count, policy.time_zone, earned_at.astimezone(zone).date())


@lru_cache(maxsize=16_384)
def _expiry_of_day(kind: str, count: int, time_zone: str, earned_on: date) -> datetime | None:
    last = last_valid_day(ExpiryPolicy(kind, count, time_zone), earned_on)
    return None if last is None else start_of_day(last + timedelta(days=1), ZoneInfo(time_zone))


def last_valid_day(policy: ExpiryPolicy, earned_on: date) -> date | None:
    """The last local day on which points earned on `earned_on` can be spent; None: no last day."""
    match policy.kind:
        case "never":
            return None
        case "days" | "rolling":
            return earned_on + timedelta(days=policy.count)
        case "month_end":
            months = earned_on.year * 12 + earned_on.month - 1 + policy.count
            year, month = divmod(months, 12)
            return date(year, month + 1, calendar.monthrange(year, month + 1)[1])
        case "year_end":
            return date(earned_on.year + policy.count, 12, 31)
        case kind:
            raise ValueError(f"unknown expiry kind {kind!r}")


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of `day` in `zone`, in UTC."""
    midnight = datetime.combine(day, time.min, zone)
    instant = midnight.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return instant
    # The clock jumped over midnight: the day begins where the gap ends.
    return _end_of_gap(midnight)


def _end_of_gap(missing: datetime) -> datetime:
    """The first instant after the gap that holds the wall time `missing`."""
    before = missing.replace(fold=1).astimezone(UTC)
    after = missing.replace(fold=0).astimezone(UTC)
    zone = missing.tzinfo
    # In a gap, fold=1 reads the wall time with the later offset and lands before it, fold=0 after it.
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < missing.replace(tzinfo=None):
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
