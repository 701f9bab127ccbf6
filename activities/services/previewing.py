"""What a rule would have given on last month's real activities, had it been in force. Nothing is stored."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from activities.models import Activity, ActivityLine, EarnRuleProposal
from activities.rules.earn_book import compile_book
from activities.rules.earn_counters import Counters
from activities.rules.earn_plan import assess
from activities.rules.earn_terms import Rule
from activities.rules.earning import judge
from activities.rules.reading import KINDS
from activities.selectors.earn_rules import rule_in, rules_of, sites_of
from activities.selectors.people import People
from activities.services.assessing import deed_recorded
from activities.services.earn_rules import RuleDraft, columns_of
from activities.services.history import firsts_of
from members.models import Member
from units.models import BusinessUnit

DAYS: Final = 30
ACTIVITIES_MAX: Final = 20_000
_DRAFT_ID: Final = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """Points that the rule adds to what the others give, to how many members, at what cost.

    `today` is what the version in force of the same code gave. `one_in` members were looked at, and the
    figures scaled up; 1: all of them.
    """

    activities: int
    points: int
    members: int
    today: int
    cost: Decimal
    currency: str
    one_in: int

    def in_words(self) -> str:
        """On last month's real activities this rule would have given X points to Y members, cost Z."""
        words = _(
            "On the real activities of the last %(days)s days this rule would have given %(points)s points "
            "to %(members)s members, at a cost of %(cost)s %(currency)s."
        )
        return words % {
            "days": DAYS,
            "points": number_format(self.points, force_grouping=True),
            "members": number_format(self.members, force_grouping=True),
            "cost": number_format(self.cost.quantize(Decimal("0.01")), force_grouping=True),
            "currency": self.currency,
        }

    def note(self) -> str:
        """What it was reckoned from, and against what."""
        words = _("%(activities)s activities were looked at; the version in force gave %(today)s points.") % {
            "activities": number_format(self.activities, force_grouping=True),
            "today": number_format(self.today, force_grouping=True),
        }
        if self.one_in > 1:
            words += " " + _("One member in %(one_in)s was looked at, and the figures are scaled up.") % {
                "one_in": self.one_in
            }
        return words


def preview_rule(*, draft: RuleDraft, at: datetime) -> Preview:
    """Judge the last 30 days anew with and without `draft`, as if it had been in force all the time.

    Of more than 20,000 activities a fixed sample of members is judged, and the figures are scaled up.
    """
    row = EarnRuleProposal(**columns_of(draft))
    mine = rule_in(row, rule_id=_DRAFT_ID, version=1, starts_at=None, ends_at=None)
    units = {
        unit.pk: unit
        for unit in BusinessUnit.objects.filter(is_active=True)
        if mine.looks_at(unit.code, unit.sector)
    }
    others = [rule for rule in rules_of(None) if rule.program_id == mine.program_id]
    without = [rule for rule in others if rule.code != mine.code]
    found = Activity.objects.filter(
        unit__in=units,
        kind__in=KINDS,
        member__isnull=False,
        occurred_at__gte=at - timedelta(days=DAYS),
        occurred_at__lt=at,
    )
    one_in = max(1, -(-found.count() // ACTIVITIES_MAX))
    month = _Month(list(_sample(found, one_in)), units)
    given, bare, today = (month.points(rules) for rules in ([*without, mine], without, others))
    added = {member: points - bare.get(member, 0) for member, points in given.items()}
    points = sum(added.values()) * one_in
    if mine.terms.caps.budget is not None:
        points = min(points, mine.terms.caps.budget)
    return Preview(
        activities=len(month.activities),
        points=points,
        members=sum(1 for change in added.values() if change) * one_in,
        today=(sum(today.values()) - sum(bare.values())) * one_in,
        cost=points * draft.program.unit_cost,
        currency=draft.program.currency,
        one_in=one_in,
    )


def _sample(found: QuerySet[Activity], one_in: int) -> QuerySet[Activity]:
    """The activities of one member in so many, the same ones every time."""
    if one_in == 1:
        return found
    return found.extra(
        where=["abs(hashtext(activities_activity.member_id::text)) %% %s = 0"], params=[one_in]
    )


class _Month:
    """Activities to be judged by several sets of rules."""

    def __init__(self, activities: list[Activity], units: dict[int, BusinessUnit]) -> None:
        self.activities = sorted(
            activities, key=lambda one: (one.occurred_at, one.source_ref, units[one.unit_id].code)
        )
        self._sites = dict(zip(units, sites_of(list(units.values())), strict=True))
        self._sectors = {pk: unit.sector for pk, unit in units.items()}
        self._lines: defaultdict[UUID, list[ActivityLine]] = defaultdict(list)
        with_lines = [one.pk for one in activities if one.lines_sha256]
        for line in ActivityLine.objects.filter(activity__in=with_lines).order_by("number"):
            self._lines[line.activity_id].append(line)
        ids = {one.member_id for one in activities if one.member_id is not None}
        self._ids = ids
        self._statuses = dict(Member.objects.filter(pk__in=ids).values_list("pk", "status"))

    def points(self, rules: list[Rule]) -> dict[UUID, int]:
        """What each member earns by these rules, caps and first visits included."""
        books = {pk: compile_book(site, tuple(rules)) for pk, site in self._sites.items()}
        people = People(
            self._ids,
            asks_tier=any(book.asks_tier for book in books.values()),
            asks_segments=any(book.asks_segments for book in books.values()),
            asks_birthday=any(book.asks_birthday for book in books.values()),
        )
        firsts = {}
        if any(rule.terms.conditions.first_visit for rule in rules):
            units = {unit.pk: unit for unit in BusinessUnit.objects.all()}
            firsts = firsts_of({member_id: member_id for member_id in self._ids}, units)
        totals: defaultdict[UUID, int] = defaultdict(int)
        counters: defaultdict[UUID, Counters] = defaultdict(Counters)
        for one in self.activities:
            assert one.member_id is not None, "only members' are looked at"
            person = people.person(one.member_id, self._statuses[one.member_id], one.occurred_at)
            deed = deed_recorded(one, person, self._lines[one.pk])
            outcome = assess(books[one.unit_id], deed)
            if outcome.needs_history:
                sector = self._sectors[one.unit_id]
                first = firsts.get(one.member_id, {}).get(sector)
                is_first = first is not None and first[:2] == (one.occurred_at, one.source_ref)
                outcome = judge(
                    books[one.unit_id],
                    deed,
                    counters=counters[one.member_id],
                    is_first={sector: is_first},
                )
            totals[one.member_id] += sum(parcel.points for parcel in outcome.parcels)
        return totals
