"""Where a member stands on the ladder by their credits: a function of the credits and the day, nothing else.

The order in which credits came to be known does not matter: a day is judged by the credits that count on the
days before it and were known by then. So late and shuffled deliveries end in the same level.
"""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple

_DAY = timedelta(days=1)
_DAYS_OF_ANY_MONTH = 28


class Credit(NamedTuple):
    """Thousandths of a credit. Negative: taken back by a refund, and missing from `known_from` on."""

    counts_on: date
    known_from: date
    milli: int


@dataclass(frozen=True, slots=True)
class Level:
    """What one level asks: thousandths of credits in the period; for life, in all or for so many years.

    None: it cannot be come by in this way.
    """

    level: int
    milli: int | None
    lifetime_milli: int | None = None
    lifetime_years: int | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """The terms in force from the day `starts_on`; `levels` are those above the lowest, lowest first."""

    version: int
    starts_on: date
    is_calendar: bool
    window_months: int
    validity_months: int
    grace_days: int
    levels: tuple[Level, ...]
    # Whether any level can be held for life.
    has_lifetime: bool = field(init=False, repr=False, compare=False)
    # The fewest thousandths, in a period or in all, by which anything is reached.
    least: int | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once what a review asks of every member."""
        asked = [milli for terms in self.levels for milli in (terms.milli, terms.lifetime_milli)]
        for name, value in (
            ("has_lifetime", any(terms.lifetime_milli or terms.lifetime_years for terms in self.levels)),
            ("least", min((milli for milli in asked if milli is not None), default=None)),
        ):
            object.__setattr__(self, name, value)

    def window_ending(self, day: date) -> date:
        """The first day of the period that ends with `day`."""
        return date(day.year, 1, 1) if self.is_calendar else add_months(day, -self.window_months) + _DAY

    def validity_from(self, day: date) -> date:
        """The first day on which a level that was reached on `day` is not valid any more."""
        if self.is_calendar:
            return date(day.year + 2, 1, 1)
        return add_months(day, self.validity_months) + _DAY

    def next_term(self, last: date) -> date:
        """The same of a level kept or come down to, whose term before ended with the day `last`."""
        if self.is_calendar:
            return date((last + _DAY).year + 1, 1, 1)
        return add_months(last, self.validity_months) + _DAY

    def asked(self, level: int) -> int | None:
        """Thousandths that `level` asks in the period."""
        return next((terms.milli for terms in self.levels if terms.level == level), None)

    def earned_with(self, milli: int, lowest: int) -> int:
        """The highest level that so many thousandths in the period reach."""
        for terms in reversed(self.levels):
            if terms.milli is not None and terms.milli <= milli:
                return terms.level
        return lowest


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the earned level: when, from which to which, why (credits, review, lifetime), by what."""

    day: date
    from_level: int
    to_level: int
    cause: str
    milli: int
    asked_milli: int | None
    scheme: int


@dataclass(slots=True)
class Standing:
    """The earned level on a day. `valid_until` and `review_on` are the first days without and of review."""

    level: int
    reached_on: date | None = None
    valid_until: date | None = None
    review_on: date | None = None
    reviewed_on: date | None = None
    lifetime_level: int | None = None
    # What keeps the level is counted from the day after.
    term_from: date = date.min
    steps: list[Step] = field(default_factory=list)


class Sums:
    """A member's credits, ready to be summed over any days as they were known on any day."""

    def __init__(self, earned: Iterable[Credit]) -> None:
        rows = sorted(earned, key=attrgetter("counts_on"))
        self._late = [row for row in rows if row.known_from > row.counts_on]
        at_once = [row for row in rows if row.known_from <= row.counts_on]
        self.days = [row.counts_on for row in at_once]
        self._upto = [0, *accumulate(row.milli for row in at_once)]

    def between(self, first: date, last: date, *, known: date) -> int:
        """Thousandths that count on the days `first` to `last`, both included, as of the day `known`."""
        upto = self._upto[bisect_right(self.days, last)] - self._upto[bisect_left(self.days, first)]
        if not self._late:
            return upto
        return upto + sum(
            row.milli for row in self._late if first <= row.counts_on <= last and row.known_from <= known
        )

    def in_window(self, scheme: Scheme, last: date, *, known: date) -> int:
        """Thousandths in the period of `scheme` that ends with `last`."""
        return self.between(scheme.window_ending(last), last, known=known)


def standing_on(
    today: date, *, earned: Iterable[Credit], schemes: Sequence[Scheme], ladder: Sequence[int]
) -> Standing:
    """The earned level on `today`. `schemes` in order of their start; `ladder` all levels, lowest first.

    A level is reached on the day on which the credits of the period that ends with it suffice. It is valid
    for the scheme's months (a calendar year: to the end of the next), then has its days of grace, then is
    reviewed: who collected enough since then, in the period that ended with its validity or in the one that
    ends with the review, holds it for another term; who has not goes down one level and holds that for one.
    """
    rows = list(earned)
    least = min((scheme.least for scheme in schemes if scheme.least is not None), default=None)
    if least is None or sum(row.milli for row in rows if row.milli > 0) < least:
        # Most members: no period can hold more than all there is.
        return Standing(level=ladder[0])
    return _Walk(Sums(rows), schemes, ladder).to(today)


class _Walk:
    """One member's way up and down, day by day."""

    def __init__(self, sums: Sums, schemes: Sequence[Scheme], ladder: Sequence[int]) -> None:
        assert ladder, "a standing is one on a ladder"
        self.sums, self.schemes, self.ladder = sums, schemes, ladder
        self.now = Standing(level=ladder[0])
        # Days in which each level, or a higher one, was held before the level held now.
        self.held: dict[int, int] = dict.fromkeys(ladder, 0)
        self.since: date | None = None

    def to(self, today: date) -> Standing:
        # A credit may lie a day ahead (clocks differ): it counts as soon as it is there.
        days = self.sums.days
        events = set(days[: bisect_right(days, today + _DAY)])
        events.update(scheme.starts_on for scheme in self.schemes if scheme.starts_on <= today)
        for day in sorted(events):
            scheme = self._scheme_on(day)
            if scheme is None:
                continue
            if self.now.review_on is not None:
                self._review_until(min(day, today))
            self._rise(day, scheme)
        self._review_until(today)
        scheme = self._scheme_on(today)
        if scheme is not None:
            self._live_on(today, scheme)
        return self.now

    def _scheme_on(self, day: date) -> Scheme | None:
        found = None
        for scheme in self.schemes:
            if scheme.starts_on > day:
                break
            found = scheme
        return found

    def _rise(self, day: date, scheme: Scheme) -> None:
        milli = self.sums.in_window(scheme, day, known=day)
        reached = scheme.earned_with(milli, self.ladder[0])
        if reached > self.now.level:
            self._step(day, reached, "credits", milli, scheme)
            self._begin_term(day, scheme.validity_from(day), scheme)
        self._live_on(day, scheme)

    def _live_on(self, day: date, scheme: Scheme) -> None:
        """Hold for life what the credits in all, or the years, have come to."""
        if not scheme.has_lifetime and self.now.lifetime_level is None:
            return
        total = self.sums.between(date.min, day, known=day) if scheme.has_lifetime else 0
        for terms in reversed(scheme.levels if scheme.has_lifetime else ()):
            if self.now.lifetime_level is not None and terms.level <= self.now.lifetime_level:
                break
            by_credits = terms.lifetime_milli is not None and total >= terms.lifetime_milli
            # 1461 days are four years, leap day included.
            by_years = (
                terms.lifetime_years is not None
                and 4 * self._days_held(terms.level, day) >= 1461 * terms.lifetime_years
            )
            if by_credits or by_years:
                self.now.lifetime_level = terms.level
                if terms.level > self.now.level:
                    self._step(day, terms.level, "lifetime", total, scheme)
                break
        if self.now.lifetime_level is not None and self.now.level <= self.now.lifetime_level:
            self.now.valid_until = self.now.review_on = None

    def _review_until(self, day: date) -> None:
        while self.now.review_on is not None and self.now.review_on <= day:
            review_on = self.now.review_on
            scheme = self._scheme_on(review_on)
            assert scheme is not None, "a level was reached by a scheme"
            assert self.now.valid_until is not None, "what is reviewed was valid until some day"
            self._live_on(review_on, scheme)
            if self.now.review_on is not None:
                self._review(review_on, self.now.valid_until, scheme)

    def _review(self, review_on: date, valid_until: date, scheme: Scheme) -> None:
        asked, known = scheme.asked(self.now.level), review_on - _DAY
        self.now.reviewed_on = review_on
        in_term = self._collected(scheme, valid_until - _DAY, known)
        in_grace = self._collected(scheme, known, known)
        if asked is not None and in_term >= asked:
            self._begin_term(valid_until - _DAY, scheme.next_term(valid_until - _DAY), scheme)
        elif asked is not None and in_grace >= asked:
            self._begin_term(known, scheme.validity_from(known), scheme)
        else:
            below = max(level for level in self.ladder if level < self.now.level)
            self._step(review_on, below, "review", max(in_term, in_grace), scheme)
            self._begin_term(known, scheme.next_term(known), scheme)
        is_for_life = self.now.lifetime_level is not None and self.now.level <= self.now.lifetime_level
        if is_for_life or self.now.level == self.ladder[0]:
            self.now.valid_until = self.now.review_on = None

    def _collected(self, scheme: Scheme, last: date, known: date) -> int:
        """What counts towards keeping the level: the period that ends with `last`, within the term."""
        first = max(scheme.window_ending(last), self.now.term_from + _DAY)
        return self.sums.between(first, last, known=known)

    def _begin_term(self, day: date, valid_until: date, scheme: Scheme) -> None:
        self.now.term_from, self.now.valid_until = day, valid_until
        self.now.review_on = valid_until + timedelta(days=scheme.grace_days)

    def _step(self, day: date, level: int, cause: str, milli: int, scheme: Scheme) -> None:
        for below in self.ladder:
            if self.since is not None and below <= self.now.level:
                self.held[below] += (day - self.since).days
        asked = scheme.asked(max(level, self.now.level))
        self.now.steps.append(Step(day, self.now.level, level, cause, milli, asked, scheme.version))
        self.now.level, self.now.reached_on, self.since = level, day, day

    def _days_held(self, level: int, day: date) -> int:
        running = (day - self.since).days if self.since is not None and level <= self.now.level else 0
        return self.held[level] + running


@lru_cache(maxsize=65_536)
def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = day.day if day.day <= _DAYS_OF_ANY_MONTH else min(day.day, monthrange(years, month + 1)[1])
    return date(years, month + 1, last)
