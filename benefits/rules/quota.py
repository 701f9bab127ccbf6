"""Quotas: which period a day belongs to, and what of a quota falls on the days a role lasts."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final

# The one period of a quota in all: it began before anything was given, and does not end.
BEGINNING: Final = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Days:
    """Half-open days `[starts_on, ends_on)`; None: open."""

    starts_on: date
    ends_on: date | None = None

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)


def period_of(period: str, on: date, *, stay: Days | None = None) -> Days:
    """The period (`day`, `month`, `quarter`, `year`, `stay` or `total`) in which the day `on` lies.

    A stay is the residency's own days: they are given, and the quota is given once for all of them.
    """
    match period:
        case "day":
            return Days(on, on + timedelta(days=1))
        case "month":
            return _months(on.year, on.month, 1)
        case "quarter":
            return _months(on.year, (on.month - 1) // 3 * 3 + 1, 3)
        case "year":
            return _months(on.year, 1, 12)
        case "stay":
            assert stay is not None, "a quota a stay is of a residency"
            return stay
        case _:
            assert period == "total", f"nothing is given {period}"
            return Days(BEGINNING)


def share_of(amount: Decimal, *, period: Days, role: Days, step: Decimal) -> Decimal:
    """What of `amount` a period falls to a role that lasts `role`, by its days in it; in whole `step`s.

    Rounded up, so that a right that exists is never worth nothing. A period without an end has no share.
    """
    if period.ends_on is None:
        return amount
    ends_on = period.ends_on if role.ends_on is None else min(role.ends_on, period.ends_on)
    days = max(0, (ends_on - max(role.starts_on, period.starts_on)).days)
    whole = (period.ends_on - period.starts_on).days
    steps = (amount * days / whole / step).to_integral_value(ROUND_CEILING)
    return min(amount, steps * step)


def _months(year: int, month: int, count: int) -> Days:
    after = month - 1 + count
    return Days(date(year, month, 1), date(year + after // 12, after % 12 + 1, 1))
