"""How far a member has come on the ladder: what they hold and why, what is missing, what keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection

from activities.models import TierCredit
from activities.rules.standing import Credit, Scheme, Sums, standing_on
from activities.selectors.tier_assessment import Assessed, assess
from activities.selectors.tier_floors import Floor, highest_on
from activities.selectors.tier_schemes import TierBook, group_day, tier_book
from common.sql import plain_array
from members.models import Tier, TierCause, TierChange, TierHeld
from members.selectors.aliases import ids_of

_DAY = timedelta(days=1)
CHANGES_SHOWN = 50

_BY_SECTOR = """
SELECT u.sector, sum(c.milli)::bigint FROM activities_tiercredit AS c
JOIN units_businessunit AS u ON u.id = c.unit_id
WHERE c.member_id = ANY(%s::uuid[]) AND c.counts_on BETWEEN %s AND %s AND c.known_from <= %s
GROUP BY 1 ORDER BY 2 DESC, 1
"""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that holds a level up, through `through` (None: no end is known), and by what."""

    tier: Tier
    cause: TierCause
    through: date | None
    evidence: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Period:
    """The period that counts today, thousandths in it, and by sector."""

    is_calendar: bool
    starts_on: date
    ends_on: date
    milli: int
    by_sector: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Goal:
    """A level, what it asks, what there is of it, and by which day the rest is needed (None: no such day)."""

    tier: Tier
    asked_milli: int
    milli: int
    by: date | None

    @property
    def missing_milli(self) -> int:
        """Never below zero."""
        return max(0, self.asked_milli - self.milli)


@dataclass(frozen=True, slots=True)
class ForLife:
    """A level that can be held for life: credits in all, or years."""

    tier: Tier
    asked_milli: int | None
    years: int | None
    is_reached: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """All there is to tell a member about their tier."""

    tier: Tier
    since: datetime | None
    review_on: date | None
    is_lifetime: bool
    reasons: Sequence[Reason]
    period: Period | None
    next: Goal | None
    keep: Goal | None
    valid_through: date | None
    projected: tuple[Tier, date] | None
    total_milli: int
    for_life: Sequence[ForLife]
    ladder: Sequence[tuple[Tier, int | None]]
    changes: Sequence[TierChange]


def tier_progress(*, member_id: UUID, at: datetime) -> Progress | None:
    """What the member holds at `at`, why, and what comes next; None where there is no ladder.

    It tells how things stand, counted anew from the credits: nothing is written.
    """
    book, today = tier_book(), group_day(at)
    if not book.tiers:
        return None
    ids = ids_of(member_id)
    one = assess([member_id], book=book, today=today)[member_id]
    held = TierHeld.objects.filter(pk=member_id).first()
    earned = _credits_of(ids)
    sums, scheme = Sums(earned), book.scheme_on(today)
    level = one.level
    return Progress(
        tier=book.by_level[level],
        since=held.since if held is not None else None,
        review_on=one.review_on,
        is_lifetime=one.is_lifetime,
        reasons=_reasons(one, book),
        period=None if scheme is None else _period(ids, sums, scheme, today),
        next=None if scheme is None else _next(sums, scheme, book, level, today),
        keep=None if scheme is None else _keep(one, sums, scheme, book, today),
        valid_through=one.standing.valid_until - _DAY if one.standing.valid_until else None,
        projected=_projected(one, earned, book),
        total_milli=sum(row.milli for row in earned if row.known_from <= today),
        for_life=[] if scheme is None else _for_life(one, scheme, book),
        ladder=[(tier, scheme.asked(tier.level) if scheme else None) for tier in book.tiers],
        changes=list(
            TierChange.objects.filter(member__in=ids)
            .select_related("from_tier", "to_tier")
            .order_by("-at", "-id")[:CHANGES_SHOWN]
        ),
    )


def _credits_of(ids: Sequence[UUID]) -> list[Credit]:
    rows = TierCredit.objects.filter(member__in=ids).values_list("counts_on", "known_from", "milli")
    return [Credit(*row) for row in rows]


def _reasons(one: Assessed, book: TierBook) -> list[Reason]:
    """What holds a level above the lowest today: credits first, then each role, unit's tier and hand."""
    reasons = []
    standing = one.standing
    if standing.level > book.levels[0]:
        cause = TierCause.LIFETIME if standing.lifetime_level == standing.level else TierCause.CREDITS
        step = standing.steps[-1]
        evidence = {
            "credits": f"{step.milli / 1000:.3f}",
            "asked": None if step.asked_milli is None else f"{step.asked_milli / 1000:.3f}",
        }
        if step.cause == "review":
            cause = TierCause.REVIEW if cause == TierCause.CREDITS else cause
        through = standing.review_on - _DAY if standing.review_on else None
        reasons.append(Reason(book.by_level[standing.level], cause, through, evidence))
    return reasons + [_floor_told(floor) for floor in one.floors if floor.is_on(one.today)]


def _floor_told(floor: Floor) -> Reason:
    through = floor.until - _DAY if floor.until else None
    return Reason(floor.tier, floor.cause, through, dict(floor.evidence))


def _period(ids: Sequence[UUID], sums: Sums, scheme: Scheme, today: date) -> Period:
    starts_on = scheme.window_ending(today)
    with connection.cursor() as cursor:
        cursor.execute(_BY_SECTOR, [plain_array(ids), starts_on, today, today])
        by_sector = [(sector, milli) for sector, milli in cursor.fetchall()]
    milli = sums.in_window(scheme, today, known=today)
    return Period(scheme.is_calendar, starts_on, today, milli, by_sector)


def _next(sums: Sums, scheme: Scheme, book: TierBook, level: int, today: date) -> Goal | None:
    above = next((terms for terms in scheme.levels if terms.level > level and terms.milli is not None), None)
    if above is None or above.milli is None:
        return None
    by = date(today.year, 12, 31) if scheme.is_calendar else None
    return Goal(book.by_level[above.level], above.milli, sums.in_window(scheme, today, known=today), by)


def _keep(one: Assessed, sums: Sums, scheme: Scheme, book: TierBook, today: date) -> Goal | None:
    """What the review of the earned level will ask; None where there is none to come."""
    standing = one.standing
    asked = scheme.asked(standing.level)
    if standing.review_on is None or standing.valid_until is None or asked is None:
        return None
    last = standing.review_on - _DAY
    collected = max(
        sums.between(max(scheme.window_ending(end), standing.term_from + _DAY), min(end, today), known=today)
        for end in (standing.valid_until - _DAY, last)
    )
    return Goal(book.by_level[standing.level], asked, collected, last)


def _projected(one: Assessed, earned: Sequence[Credit], book: TierBook) -> tuple[Tier, date] | None:
    """What they would hold after the next day of change, if nothing were added until then."""
    on = one.look_on
    if on is None:
        return None
    standing = standing_on(on, earned=earned, schemes=book.schemes, ladder=book.levels)
    floor = highest_on(list(one.floors), on)
    level = max(standing.level, floor.tier.level if floor else standing.level)
    return book.by_level[level], on


def _for_life(one: Assessed, scheme: Scheme, book: TierBook) -> list[ForLife]:
    reached = one.standing.lifetime_level
    return [
        ForLife(
            book.by_level[terms.level],
            terms.lifetime_milli,
            terms.lifetime_years,
            reached is not None and reached >= terms.level,
        )
        for terms in scheme.levels
        if terms.lifetime_milli is not None or terms.lifetime_years is not None
    ]
