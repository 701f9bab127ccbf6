"""What a stay costs: a tariff's rates, blocks of minutes, free minutes, the cap of a day, line by line.

A stay is counted in whole minutes: seconds that do not make one are not charged. Time is cut into blocks from
the entry on (from the end of the free minutes, where these are deducted). Which rate a block has is decided
where it begins: by the local day and time of day, and by how long the car has been charged. A block that has
begun is charged whole, and belongs to the day in which it began. So the fee of a shorter stay is the fee of
the first blocks of a longer one: `Curve` knows them all.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

DAY_MINUTES: Final = 1440
CENTS: Final = 100


class Days(StrEnum):
    """On which days a rate holds. Public holidays are days like others."""

    EVERY = "every"
    WORKDAY = "workday"
    WEEKEND = "weekend"


class CapDay(StrEnum):
    """What a day is to the cap: the venue's calendar day, or 24 hours from the entry on."""

    CALENDAR = "calendar"
    ROLLING = "rolling"


@dataclass(frozen=True, slots=True)
class Rate:
    """Between `starts` and `ends` (minutes of the local day), from the `after`th charged minute of the stay
    on: each `block` minutes cost `cents` hundredths of the currency.
    """

    days: Days
    starts: int
    ends: int
    after: int
    block: int
    cents: int


@dataclass(frozen=True, slots=True)
class TariffTerms:
    """A tariff as the fee needs it. `cap_cents`: at most so much a day; None: no cap."""

    rates: tuple[Rate, ...]
    zone: str
    free_minutes: int = 0
    free_is_deducted: bool = False
    cap_cents: int | None = None
    cap_day: CapDay = CapDay.CALENDAR


@dataclass(frozen=True, slots=True)
class FeeLine:
    """One line of a fee: `count` blocks at a rate on a day, or, without a rate, what the cap of the day
    takes off.
    """

    day: date
    count: int
    rate: Rate | None
    cents: int


@dataclass(frozen=True, slots=True)
class _Block:
    begins: int
    day: int
    on: date
    rate: Rate


@dataclass(frozen=True, slots=True)
class Curve:
    """What the first so many minutes of a stay cost, for every length up to `minutes`."""

    minutes: int
    terms: TariffTerms
    _blocks: tuple[_Block, ...]
    _begins: tuple[int, ...]
    _sums: tuple[int, ...]

    def cents(self, minutes: int) -> int:
        """The fee of the first `minutes` minutes, in hundredths."""
        assert minutes <= self.minutes, "the curve was drawn for a shorter stay"
        if minutes <= self.terms.free_minutes:
            return 0
        return self._sums[bisect_left(self._begins, minutes)]

    def longest_within(self, cents: int) -> int:
        """The longest stay that costs `cents` at most."""
        most = self._sums[-1]
        if most <= cents:
            return self.minutes
        first_dearer = bisect_right(self._sums, cents)
        # So many blocks cost more: the stay may reach where the last of them begins.
        return max(self._begins[first_dearer - 1], min(self.terms.free_minutes, self.minutes))

    def lines(self, minutes: int) -> list[FeeLine]:
        """The fee of the first `minutes` minutes, line by line; the lines add up to it."""
        if minutes <= self.terms.free_minutes:
            return []
        begun = self._blocks[: bisect_left(self._begins, minutes)]
        told = []
        for _day, of_day in groupby(begun, key=lambda block: block.day):
            total = 0
            blocks = list(of_day)
            for (on, rate), same in groupby(blocks, key=lambda block: (block.on, block.rate)):
                count = sum(1 for _ in same)
                total += count * rate.cents
                told.append(FeeLine(on, count, rate, count * rate.cents))
            cap = self.terms.cap_cents
            if cap is not None and total > cap:
                told.append(FeeLine(blocks[0].on, 0, None, cap - total))
        return told


def whole_minutes(start: datetime, end: datetime) -> int:
    """The whole minutes from `start` to `end`; 0 where the clocks of two gates disagree about the order."""
    return max(0, int((end - start).total_seconds() // 60))


def curve_of(terms: TariffTerms, *, start: datetime, minutes: int) -> Curve:
    """What a stay from `start` on costs, for every length up to `minutes` minutes."""
    zone = ZoneInfo(terms.zone)
    free = terms.free_minutes if terms.free_is_deducted else 0
    origin = start.astimezone(UTC)
    by_kind = {kind: _table(terms.rates, kind) for kind in (Days.WORKDAY, Days.WEEKEND)}
    blocks: list[_Block] = []
    sums = [0]
    of_day, day, total = 0, None, 0
    begins = free
    while begins < minutes:
        local = (origin + timedelta(minutes=begins)).astimezone(zone)
        on = local.date()
        own = on.toordinal() if terms.cap_day is CapDay.CALENDAR else begins // DAY_MINUTES
        if own != day:
            of_day, day = 0, own
        rate = _rate_at(by_kind[_kind_of(on)], local.hour * 60 + local.minute, begins - free)
        charged = rate.cents if terms.cap_cents is None else min(rate.cents, terms.cap_cents - of_day)
        of_day += charged
        total += charged
        blocks.append(_Block(begins, own, on, rate))
        sums.append(total)
        begins += rate.block
    return Curve(minutes, terms, tuple(blocks), tuple(block.begins for block in blocks), tuple(sums))


def _kind_of(on: date) -> Days:
    return Days.WEEKEND if on.isoweekday() >= 6 else Days.WORKDAY


def _table(rates: Sequence[Rate], kind: Days) -> list[tuple[int, int, list[Rate]]]:
    """(starts, ends, rates by `after`) of the days of `kind`."""
    there = sorted(
        (rate for rate in rates if rate.days in (Days.EVERY, kind)),
        key=lambda rate: (rate.starts, rate.ends, rate.after),
    )
    return [
        (starts, ends, list(steps))
        for (starts, ends), steps in groupby(there, key=lambda rate: (rate.starts, rate.ends))
    ]


def _rate_at(table: list[tuple[int, int, list[Rate]]], minute: int, charged: int) -> Rate:
    for starts, ends, steps in table:
        if starts <= minute < ends:
            return next(rate for rate in reversed(steps) if rate.after <= charged)
    raise AssertionError("a published tariff covers every minute of every day")


def money(cents: int) -> Decimal:
    """Hundredths as an amount."""
    return Decimal(cents).scaleb(-2)


def cents_of(amount: Decimal) -> int:
    """An amount as hundredths, exactly."""
    cents = amount * CENTS
    assert cents == cents.to_integral_value(), "an amount has two decimals at most"
    return int(cents)
