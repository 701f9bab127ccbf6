"""How people write a tariff: a line a rate. `every 08:00-20:00 after 60: 30 min 4.00`."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from common.errors import InvalidRequest
from parking.rules.fees import DAY_MINUTES, Days, Rate, cents_of, money

LINES_MAX: Final = 60
BLOCK_MINUTES_MAX: Final = DAY_MINUTES
AFTER_MINUTES_MAX: Final = 30 * DAY_MINUTES
CENTS_MAX: Final = 10_000_00
_LINE = re.compile(
    r"(every|workday|weekend)\s+([0-9]{2}):([0-9]{2})\s*-\s*([0-9]{2}):([0-9]{2})"
    r"(?:\s+after\s+([0-9]{1,5}))?\s*:\s*([0-9]{1,4})\s*min\s+([0-9]{1,5}(?:\.[0-9]{1,2})?)",
    re.ASCII,
)


class BadTariff(InvalidRequest):
    """A line that cannot be read, or a minute of the week with no rate or with two."""

    code = "bad_tariff"


def rates_of(text: str) -> tuple[Rate, ...]:
    """The rates that `text` writes, a line each.

    :raises BadTariff: a line cannot be read, or they leave a minute without a rate or give it two
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= LINES_MAX:
        raise BadTariff(_("A tariff has 1 to %(most)s rates.") % {"most": LINES_MAX}, field="rates")
    rates = tuple(_read(number, line) for number, line in enumerate(lines, start=1))
    refuse_gaps(rates)
    return rates


def _read(number: int, line: str) -> Rate:
    found = _LINE.fullmatch(line)
    if found is None:
        words = _('Line %(number)s cannot be read. Write "every 08:00-20:00 after 60: 30 min 4.00".')
        raise BadTariff(words % {"number": number}, field="rates", line=number)
    days, from_hour, from_minute, to_hour, to_minute, after, block, price = found.groups()
    rate = Rate(
        days=Days(days),
        starts=int(from_hour) * 60 + int(from_minute),
        ends=int(to_hour) * 60 + int(to_minute),
        after=int(after or 0),
        block=int(block),
        cents=cents_of(Decimal(price)),
    )
    times = rate.starts < rate.ends <= DAY_MINUTES and int(from_minute) < 60 and int(to_minute) < 60
    sizes = (
        1 <= rate.block <= BLOCK_MINUTES_MAX and rate.after <= AFTER_MINUTES_MAX and rate.cents <= CENTS_MAX
    )
    if not (times and sizes):
        words = _("Line %(number)s names a time, a length or a price that no tariff has.")
        raise BadTariff(words % {"number": number}, field="rates", line=number)
    return rate


def refuse_gaps(rates: Iterable[Rate]) -> None:
    """Let only rates pass that give every minute of every day exactly one first step.

    :raises BadTariff: names the first minute that has none, or two
    """
    every = tuple(rates)
    for kind in (Days.WORKDAY, Days.WEEKEND):
        there = [rate for rate in every if rate.days in (Days.EVERY, kind)]
        spans = sorted({(rate.starts, rate.ends) for rate in there})
        at = 0
        for starts, ends in [*spans, (DAY_MINUTES, DAY_MINUTES)]:
            if starts != at:
                words = (
                    _("No rate holds at %(time)s (%(days)s).")
                    if starts > at
                    else _("Two rates hold at %(time)s (%(days)s).")
                )
                raise BadTariff(
                    words % {"time": clock_time(min(at, starts)), "days": told_days(kind)}, field="rates"
                )
            at = ends
        for span in spans:
            steps = [rate.after for rate in there if (rate.starts, rate.ends) == span]
            if 0 not in steps or len(set(steps)) < len(steps):
                words = _("Each period begins with one rate from the first minute on: look at %(time)s.")
                raise BadTariff(words % {"time": clock_time(span[0])}, field="rates")


def text_of(rates: Iterable[Rate]) -> str:
    """The rates as people write them."""
    return "\n".join(
        f"{rate.days.value} {clock_time(rate.starts)}-{clock_time(rate.ends)}"
        + (f" after {rate.after}" if rate.after else "")
        + f": {rate.block} min {money(rate.cents)}"
        for rate in rates
    )


def kept(rates: Iterable[Rate]) -> list[dict[str, Any]]:
    """The rates as the table keeps them."""
    return [
        {
            "days": rate.days.value, "starts": rate.starts, "ends": rate.ends,
            "after": rate.after, "block": rate.block, "cents": rate.cents,
        }
        for rate in rates
    ]  # fmt: skip


def from_kept(rows: Iterable[Mapping[str, Any]]) -> tuple[Rate, ...]:
    """The rates that the table keeps."""
    return tuple(Rate(**{**row, "days": Days(row["days"])}) for row in rows)


def clock_time(minute: int) -> str:
    """Minute 485 of a day is 08:05."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def told_days(days: Days) -> str:
    """Days in words."""
    return {Days.EVERY: _("every day"), Days.WORKDAY: _("Monday to Friday"), Days.WEEKEND: _("weekends")}[
        days
    ]
