"""All that has a say in what some activities earn, read under the locks of their members."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from activities.models import Activity, ActivityKind, ActivityLine
from activities.rules.earn_book import Book, compile_book
from activities.rules.earn_facts import Deed, cents_of
from activities.rules.earn_fold import Entry, Order, period_of
from activities.rules.earn_terms import Rule
from activities.rules.refunds import LineState, lines_left, share_left
from activities.selectors.earn_rules import rules_of, sites_of
from activities.selectors.people import People
from activities.services.assessing import deed_recorded, person_kept
from common.clock import uuid7
from members.models import Member
from units.models import BusinessUnit

# Two venues' days may begin 26 hours apart, and a month has 31 days.
_AROUND = {"day": timedelta(days=2), "month": timedelta(days=33)}


@dataclass(frozen=True, slots=True)
class History:
    """The activities that share caps with some, and what they are judged by. Members by their survivor."""

    activities: Sequence[Activity]
    entries: dict[UUID, list[Entry]]
    firsts: dict[UUID, dict[str, Order]]
    rules: Mapping[int, Rule]
    units: Mapping[int, BusinessUnit]
    person_of: Mapping[UUID, UUID]


def history_of(touched: Iterable[tuple[UUID, UUID, str]]) -> History:
    """Lock the members of these activities, by id, and read what has a say in what they earn."""
    own = {activity_id: member_id for activity_id, member_id, _cause in touched}
    person_of = _people(set(own.values()), is_locked=True)
    instants = Activity.objects.filter(pk__in=list(own)).values_list("occurred_at", flat=True)
    world = _World(person_of, list(instants))
    periods = {
        world.period(activity.member_id, world.entries[activity.pk])
        for activity in world.found
        if activity.pk in own
    }
    return world.within(periods)


def history_with(*, unit: BusinessUnit, member_id: UUID, deed: Deed, source_ref: str) -> tuple[History, UUID]:
    """What has a say in an activity that nobody reported, with it among the entries. Locks nothing."""
    person_of = _people({member_id}, is_locked=False)
    world = _World(person_of, [deed.occurred_at])
    imagined = uuid7()
    order = (deed.occurred_at, source_ref, unit.code)
    entry = Entry(imagined, order, world.books[unit.pk], deed, Fraction(1))
    history = world.within({world.period(member_id, entry)})
    person = person_of[member_id]
    history.entries.setdefault(person, []).append(entry)
    first = history.firsts.setdefault(person, {})
    first[unit.sector] = min(first.get(unit.sector, order), order)
    return history, imagined


class _World:
    """All that these people did about these instants where one activity may have a say in another."""

    def __init__(self, person_of: Mapping[UUID, UUID], instants: Sequence[datetime]) -> None:
        self.person_of = person_of
        self.rules = rules_of(None)
        self.scope = _scope(self.rules)
        self.found = _activities(person_of, instants, self.scope)
        self.units = {unit.pk: unit for unit in BusinessUnit.objects.all()}
        sites = sites_of(list(self.units.values()))
        self.books = {pk: compile_book(site, self.rules) for pk, site in zip(self.units, sites, strict=True)}
        self.entries = _entries(self.found, self.books, self.units, person_of)

    def period(self, member_id: UUID | None, entry: Entry) -> tuple[UUID, str]:
        """Whose, and in which of the widest periods of caps."""
        assert member_id is not None, "what is assessed is somebody's"
        return self.person_of[member_id], period_of(entry, self.scope)

    def within(self, periods: set[tuple[UUID, str]]) -> History:
        """What happened in these periods."""
        mine: defaultdict[UUID, list[Entry]] = defaultdict(list)
        together = []
        for activity in self.found:
            period = self.period(activity.member_id, self.entries[activity.pk])
            if period in periods:
                mine[period[0]].append(self.entries[activity.pk])
                together.append(activity)
        is_first_asked = any(rule.terms.conditions.first_visit for rule in self.rules)
        return History(
            activities=together,
            entries=mine,
            firsts=firsts_of(self.person_of, self.units) if is_first_asked else {},
            rules={rule.rule_id: rule for rule in self.rules},
            units=self.units,
            person_of=self.person_of,
        )


def _people(member_ids: set[UUID], *, is_locked: bool) -> dict[UUID, UUID]:
    """Every id of these people and the one they go on as; the latter's rows locked, by id."""
    merged = Member.objects.filter(pk__in=member_ids, merged_into__isnull=False)
    into = {pk: survivor for pk, survivor in merged.values_list("pk", "merged_into_id") if survivor}
    survivors = {into.get(pk, pk) for pk in member_ids}
    rows = Member.objects.filter(pk__in=survivors).order_by("pk")
    if is_locked:
        rows = rows.select_for_update(no_key=True)
    people = {pk: pk for pk in rows.values_list("pk", flat=True)}
    aliases = Member.objects.filter(merged_into__in=survivors).values_list("pk", "merged_into_id")
    return people | {pk: survivor for pk, survivor in aliases if survivor is not None}


def _scope(rules: Sequence[Rule]) -> str:
    """The widest period in which one activity may have a say in another: day, month or all."""
    shared = [rule for rule in rules if rule.needs_history]
    caps = [rule.terms.caps for rule in shared]
    if any(rule.terms.conditions.first_visit for rule in shared) or any(
        cap.per_member is not None or cap.budget is not None for cap in caps
    ):
        return "all"
    return "month" if any(cap.per_month is not None for cap in caps) else "day"


def _activities(person_of: Mapping[UUID, UUID], instants: Sequence[datetime], scope: str) -> list[Activity]:
    mine = Activity.objects.filter(member_id__in=list(person_of), assessment__needs_history=True)
    mine = mine.select_related("assessment").order_by("pk")
    around = _AROUND.get(scope)
    if around is not None:
        mine = mine.filter(occurred_at__gte=min(instants) - around, occurred_at__lte=max(instants) + around)
    return list(mine)


def _entries(
    activities: Sequence[Activity],
    books: Mapping[int, Book],
    units: Mapping[int, BusinessUnit],
    person_of: Mapping[UUID, UUID],
) -> dict[UUID, Entry]:
    lines = _lines([activity.pk for activity in activities if activity.lines_sha256])
    asks_birthday = any(book.asks_birthday for book in books.values())
    people = People(person_of, asks_tier=False, asks_segments=False, asks_birthday=asks_birthday)
    returned = _returned_for_nothing(activities)
    entries = {}
    for activity in activities:
        assert activity.member_id is not None, "what is assessed is somebody's"
        person = person_kept(activity.assessment.facts, people.birthday(person_of[activity.member_id]))
        entries[activity.pk] = Entry(
            activity.pk,
            (activity.occurred_at, activity.source_ref, units[activity.unit_id].code),
            books[activity.unit_id],
            deed_recorded(activity, person, lines[activity.pk]),
            _left(activity, lines[activity.pk], returned),
        )
    return entries


def _left(
    activity: Activity, lines: Sequence[ActivityLine], returned: set[tuple[int, str]]
) -> Fraction | tuple[Fraction, ...]:
    """What refunds leave of it: of each line, where there are some."""
    if not activity.amount:
        return Fraction((activity.unit_id, activity.source_ref) not in returned)
    if not lines:
        return share_left(activity.amount, activity.refunded)
    states = [LineState(line.amount, line.refunded, cents_of(line.amount)) for line in lines]
    return lines_left(activity.amount, activity.refunded, states)


def _returned_for_nothing(activities: Sequence[Activity]) -> set[tuple[int, str]]:
    """The activities for nothing that a refund names: all that they gave is taken back."""
    free = [activity for activity in activities if not activity.amount]
    if not free:
        return set()
    refunds = Activity.objects.filter(
        kind=ActivityKind.REFUND,
        unit_id__in={activity.unit_id for activity in free},
        refund_of__in={activity.source_ref for activity in free},
    )
    return set(refunds.values_list("unit_id", "refund_of"))


def _lines(activity_ids: Sequence[UUID]) -> defaultdict[UUID, list[ActivityLine]]:
    lines: defaultdict[UUID, list[ActivityLine]] = defaultdict(list)
    if activity_ids:
        for line in ActivityLine.objects.filter(activity_id__in=activity_ids).order_by("number"):
            lines[line.activity_id].append(line)
    return lines


def firsts_of(
    person_of: Mapping[UUID, UUID], units: Mapping[int, BusinessUnit]
) -> dict[UUID, dict[str, Order]]:
    """Each person's first activity in each sector, whether or not it earned."""
    rows = Activity.objects.filter(member_id__in=list(person_of)).exclude(
        kind__in=[ActivityKind.REFUND, ActivityKind.RETURN]
    )
    firsts: defaultdict[UUID, dict[str, Order]] = defaultdict(dict)
    for member_id, unit_id, occurred_at, ref in rows.values_list(
        "member_id", "unit_id", "occurred_at", "source_ref"
    ):
        unit, mine = units[unit_id], firsts[person_of[member_id]]
        order = (occurred_at, ref, unit.code)
        mine[unit.sector] = min(mine.get(unit.sector, order), order)
    return dict(firsts)
