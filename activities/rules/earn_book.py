"""A unit's earn rules made ready: which of them an activity may take, and why not, by what they ask.

Rules ask few things; activities that answer alike share one plan, made once. That is what lets a million
activities be judged by twenty rules at the pace of a file being read.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from functools import lru_cache
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from activities.rules.earn_facts import Deed, Line, Site
from activities.rules.earn_terms import Conditions, Rule

_CACHED_MAX = 100_000
Dims = tuple[Any, ...]
_ASKED_OF_THE_WHOLE = 6


class Book:
    """The rules that look at a unit, by program, then priority (highest first), then code."""

    def __init__(self, site: Site, rules: Iterable[Rule]) -> None:
        self.site = site
        looked = [rule for rule in rules if rule.looks_at(site.unit, site.sector)]
        self.rules: tuple[Rule, ...] = tuple(
            sorted(looked, key=lambda rule: (rule.program_id, -rule.priority, rule.code, rule.version))
        )
        self.needs_history = any(rule.needs_history for rule in self.rules)
        bounds = {instant for rule in self.rules for instant in (rule.starts_at, rule.ends_at) if instant}
        # Seconds since 1970, as all instants here: a double tells microseconds apart until the year 2242.
        self._bounds = sorted(instant.timestamp() for instant in bounds)
        asked = [rule.terms.conditions for rule in self.rules]
        self._asks_outlet = any(c.outlets or c.not_outlets or c.venues for c in asked)
        self._asks_channel = any(c.channels for c in asked)
        self._asks_calendar = any(c.weekdays or c.hours or c.dates or c.birthday for c in asked)
        self.asks_tier = any(c.tiers for c in asked)
        self.asks_segments = any(c.segments for c in asked)
        self.asks_birthday = any(c.birthday for c in asked)
        self._segments = frozenset(segment for c in asked for segment in c.segments)
        self._dates = frozenset(day for c in asked for day in c.dates)
        self._hours = sorted({_minutes(edge) for c in asked if c.hours for edge in c.hours})
        self.minimums = sorted({int(c.minimum_spend * 100) for c in asked if c.minimum_spend is not None})
        # Clocks differ by quarters of an hour: what happened in one quarter happened at one local hour.
        self._alike = 60 if any(edge % 15 for edge in self._hours) else 900
        self._spans: dict[Any, tuple[int, datetime]] = {}
        self._zone = ZoneInfo(site.zone)
        self._zones = {pk: ZoneInfo(zone) for pk, _code, _venue, zone in site.outlets}
        self._is_one_zone = all(zone == site.zone for _pk, _code, _venue, zone in site.outlets)
        self._whos: dict[tuple[str, str, frozenset[str]], int] = {}
        self._numbers: dict[Any, int] = {}
        self._next_number = count(1)
        self._codes = {pk: code for pk, code, _venue, _zone in site.outlets}
        self._venues = {pk: venue for pk, _code, venue, _zone in site.outlets}
        self._standing: dict[Dims, tuple[tuple[Rule, str], ...]] = {}
        self._lines: dict[tuple[str, str], frozenset[int]] = {}
        self._classes: dict[tuple[str, str], int] = {}
        self.plans: dict[Any, Any] = {}
        self.shapes: dict[Any, Any] = {}

    def local(self, deed: Deed) -> datetime:
        """When it happened, by the clock of its venue."""
        zone = self._zones.get(deed.outlet_id, self._zone) if deed.outlet_id is not None else self._zone
        return deed.occurred_at.astimezone(zone)

    def dims(self, deed: Deed) -> Dims:
        """What the rules ask of an activity as a whole: two with the same answers are judged alike."""
        return self.key(deed, 0)[:_ASKED_OF_THE_WHOLE]

    def key(self, deed: Deed, money: int) -> Dims:
        """The same with what they ask of its one line, whose `money` is in hundredths."""
        person, outlet, at = deed.person, deed.outlet_id, deed.occurred_at.timestamp()
        who: int | None = None
        if person is not None:
            told = (person.status, person.tier, person.segments)
            who = self._whos.get(told) or self._who(told)
        return (
            bisect_right(self._bounds, at) if self._bounds else 0,
            deed.kind,
            outlet if self._asks_outlet else None,
            deed.channel if self._asks_channel else None,
            self._calendar(deed, at) if self._asks_calendar else None,
            who,
            deed.category,
            bisect_right(self.minimums, money) if self.minimums else 0,
        )

    def standing(self, deed: Deed, dims: Dims) -> tuple[tuple[Rule, str], ...]:
        """Each rule looked at, with why it cannot be taken; an empty word: it can, by all but its lines."""
        found = self._standing.get(dims)
        if found is None:
            found = tuple((rule, self._why_not(rule, deed)) for rule in self._versions(deed.occurred_at))
            _remember(self._standing, dims, found)
        return found

    def rules_of_line(self, line: Line) -> frozenset[int]:
        """Ids of the rules whose conditions on lines hold for `line`."""
        key = (line.category, line.item)
        found = self._lines.get(key)
        if found is None:
            found = frozenset(rule.rule_id for rule in self.rules if _line_fits(rule.terms.conditions, line))
            _remember(self._lines, key, found)
        return found

    def line_class(self, line: Line) -> int:
        """The number of those lines that no rule tells apart from this one."""
        key = (line.category, line.item)
        found = self._classes.get(key)
        if found is None:
            found = self._number(tuple(_why_not_line(rule.terms.conditions, line) for rule in self.rules))
            _remember(self._classes, key, found)
        return found

    def _who(self, told: tuple[str, str, frozenset[str]]) -> int:
        """The number of those whom the rules do not tell apart from `told`."""
        status, tier, segments = told
        number = self._number(
            (
                status,
                tier if self.asks_tier else None,
                segments & self._segments if self.asks_segments else None,
            )
        )
        _remember(self._whos, told, number)
        return number

    def _calendar(self, deed: Deed, at: float) -> Any:
        """What rules ask of the calendar: the same number, the same answers."""
        span = at // self._alike
        key = span if self._is_one_zone else (span, deed.outlet_id if deed.outlet_id in self._zones else None)
        found = self._spans.get(key)
        if found is None:
            local = self.local(deed)
            day = local.date()
            told = (
                local.isoweekday(),
                bisect_right(self._hours, local.hour * 60 + local.minute),
                day if day in self._dates else None,
            )
            found = (self._number(told), local)
            _remember(self._spans, key, found)
        born = deed.person.birthday if deed.person is not None and self.asks_birthday else None
        if born is None:
            return found[0]
        return found[0], _is_birthday("month", born, found[1]), _is_birthday("day", born, found[1])

    def _number(self, key: Any) -> int:
        """A short name for some answers. None is ever given twice, so that forgetting them is safe."""
        number = self._numbers.get(key)
        if number is None:
            number = next(self._next_number)
            _remember(self._numbers, key, number)
        return number

    def _versions(self, at: datetime) -> list[Rule]:
        """Of each rule the version in force at `at`; else the last before it, else its first."""
        chosen: dict[tuple[int, str], Rule] = {}
        for rule in self.rules:
            key = (rule.program_id, rule.code)
            rival = chosen.get(key)
            if rival is None or _nearness(rule, at) > _nearness(rival, at):
                chosen[key] = rule
        return list(chosen.values())

    def _why_not(self, rule: Rule, deed: Deed) -> str:
        """The first of its conditions, other than those on lines, that does not hold."""
        if not rule.is_in_force(deed.occurred_at):
            return "not_in_force"
        if not rule.program_is_active:
            return "program_not_active"
        if deed.person is None:
            return "anonymous"
        if deed.person.status != "active":
            return "member_not_active"
        asked, outlet = rule.terms.conditions, deed.outlet_id
        code = self._codes.get(outlet, "") if outlet is not None else ""
        venue = self._venues.get(outlet, "") if outlet is not None else ""
        for held, reason in (
            (not asked.kinds or deed.kind in asked.kinds, "other_kind"),
            (not asked.venues or venue in asked.venues, "other_venue"),
            (not asked.outlets or code in asked.outlets, "other_outlet"),
            (code not in asked.not_outlets, "outlet_excluded"),
            (not asked.channels or deed.channel in asked.channels, "other_channel"),
            (not asked.tiers or deed.person.tier in asked.tiers, "other_tier"),
            (not asked.segments or bool(deed.person.segments & set(asked.segments)), "other_segment"),
        ):
            if not held:
                return reason
        return self._why_not_then(asked, deed)

    def _why_not_then(self, asked: Conditions, deed: Deed) -> str:
        local = self.local(deed)
        if asked.weekdays and local.isoweekday() not in asked.weekdays:
            return "other_weekday"
        if asked.hours and not _within(asked.hours, local):
            return "other_hour"
        if asked.dates and local.date() not in asked.dates:
            return "other_date"
        born = deed.person.birthday if deed.person is not None else None
        if asked.birthday and (born is None or not _is_birthday(asked.birthday, born, local)):
            return "no_birthday"
        return ""


@lru_cache(maxsize=64)
def compile_book(site: Site, rules: tuple[Rule, ...]) -> Book:
    """The book of these rules: made once, and kept while the rules stand as they are."""
    return Book(site, rules)


def line_reason(rules: Sequence[Rule], line: Line) -> dict[int, str]:
    """Why each rule does not look at a line, for those that do not."""
    return {rule.rule_id: reason for rule in rules if (reason := _why_not_line(rule.terms.conditions, line))}


def _line_fits(asked: Conditions, line: Line) -> bool:
    return not _why_not_line(asked, line)


def _why_not_line(asked: Conditions, line: Line) -> str:
    category = line.category
    for held, reason in (
        (not asked.categories or _in_categories(category, asked.categories), "other_category"),
        (not _in_categories(category, asked.not_categories), "category_excluded"),
        (not asked.items or line.item in asked.items, "other_item"),
        (line.item not in asked.not_items, "item_excluded"),
    ):
        if not held:
            return reason
    return ""


def _in_categories(category: str, asked: Sequence[str]) -> bool:
    return any(category.startswith(one[:-1]) if one.endswith("/*") else category == one for one in asked)


def _within(hours: tuple[time, time], local: datetime) -> bool:
    start, end = hours
    now = local.time()
    return start <= now < end if start < end else now >= start or now < end


def _is_birthday(kind: str, born: tuple[int, int], local: datetime) -> bool:
    """Who was born on 29 February has their day on the 28th of other years."""
    month, day = born
    if kind == "month":
        return local.month == month
    is_leap = local.year % 4 == 0 and (local.year % 100 != 0 or local.year % 400 == 0)
    if (month, day) == (2, 29) and not is_leap:
        day = 28
    return (local.month, local.day) == (month, day)


def _nearness(rule: Rule, at: datetime) -> tuple[int, int]:
    if rule.is_in_force(at):
        return 2, rule.version
    has_begun = rule.starts_at is None or rule.starts_at <= at
    return (1, rule.version) if has_begun else (0, -rule.version)


def _minutes(edge: time) -> int:
    return edge.hour * 60 + edge.minute


def _remember(cache: dict[Any, Any], key: Any, value: Any) -> None:
    # A flood of odd categories or segments must not fill the memory.
    if len(cache) >= _CACHED_MAX:
        cache.clear()
    cache[key] = value
