"""Assess members: what their credits, roles, units' tiers and hands make of them is what they hold."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from activities.models import TierStanding
from activities.rules.standing import Step
from activities.selectors.tier_assessment import Assessed, assess
from activities.selectors.tier_schemes import group_day, tier_book
from common.sql import plain_array
from members.models import TierCause, TierHeld
from members.selectors.aliases import survivors_of
from members.services.tiers import Holding, hold_tiers

_LOCK = """
SELECT count(*) FROM (
    SELECT 1 FROM activities_tierstanding WHERE member_id = ANY(%s::uuid[])
    ORDER BY member_id FOR NO KEY UPDATE) AS locked
"""
# Who was never assessed begins at the foot of the ladder, by the scheme of the day.
_MISSING = """
INSERT INTO activities_tierstanding (member_id, level, scheme_version)
SELECT asked.id, coalesce((SELECT min(level) FROM members_tier), 0),
       coalesce((SELECT version FROM activities_tierscheme WHERE state = 'approved' AND starts_on <= %s
                 ORDER BY starts_on DESC LIMIT 1), 0)
FROM unnest(%s::uuid[]) AS asked (id)
ORDER BY asked.id
ON CONFLICT (member_id) DO NOTHING
"""
_FIELDS = (
    *("level", "reached_on", "valid_until", "review_on", "reviewed_on", "lifetime_level", "floor_level"),
    *("floor_until", "look_on", "scheme_version"),
)
_UPDATE = """
UPDATE activities_tierstanding AS s
SET level = n.level, reached_on = n.reached_on, valid_until = n.valid_until, review_on = n.review_on,
    reviewed_on = n.reviewed_on, lifetime_level = n.lifetime_level, floor_level = n.floor_level,
    floor_until = n.floor_until, look_on = n.look_on, scheme_version = n.scheme_version
FROM unnest(%s::uuid[], %s::int[], %s::date[], %s::date[], %s::date[], %s::date[], %s::int[], %s::int[],
            %s::date[], %s::date[], %s::int[])
    AS n (member_id, level, reached_on, valid_until, review_on, reviewed_on, lifetime_level, floor_level,
          floor_until, look_on, scheme_version)
WHERE s.member_id = n.member_id
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many of those assessed rose, and how many came down."""

    looked_at: int = 0
    raised: int = 0
    lowered: int = 0

    def __add__(self, other: "Moved") -> "Moved":
        return Moved(
            self.looked_at + other.looked_at, self.raised + other.raised, self.lowered + other.lowered
        )


def lock_standings(persons: Collection[UUID], *, today: date) -> None:
    """From here to the end of the transaction nobody else sums these members' credits.

    The locks come after those of wallets, in the order of ids: see docs/locking.md.
    """
    asked = plain_array(sorted(persons))
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, [today, asked])
        cursor.execute(_LOCK, [asked])


def assess_members(
    *, member_ids: Collection[UUID], by: str, at: datetime, cause: TierCause = TierCause.REVIEW
) -> Moved:
    """Let each person hold what they should hold at `at`; an alias stands for who it was merged into.

    Safe to repeat: without news nothing changes. `cause` is kept of whoever comes down; of a merge, of all.
    """
    assert connection.in_atomic_block, "a standing and the level held by it are one transaction"
    book, today = tier_book(), group_day(at)
    if book.is_empty or not member_ids:
        return Moved()
    survivors = survivors_of(member_ids)
    persons = sorted(set(survivors.values()))
    lock_standings(persons, today=today)
    assessed = assess(persons, book=book, today=today)
    _store(assessed)
    aliases = [alias for alias, person in survivors.items() if alias != person]
    TierStanding.objects.filter(pk__in=aliases).update(look_on=None)
    return _hold(assessed, cause=cause, by=by, at=at)


def _store(assessed: Mapping[UUID, Assessed]) -> None:
    """Keep what changed of the standings."""
    stored = {
        row[0]: row[1:]
        for row in TierStanding.objects.filter(pk__any_of=assessed).values_list("pk", *_FIELDS)
    }
    fresh = {person: _row(one) for person, one in assessed.items()}
    changed = [person for person, row in fresh.items() if stored.get(person) != row]
    if changed:
        columns = zip(*(fresh[person] for person in changed), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE, [plain_array(changed), *(plain_array(column) for column in columns)])


def _row(one: Assessed) -> tuple[Any, ...]:
    scheme, standing = one.book.scheme_on(one.today), one.standing
    return (
        *(standing.level, standing.reached_on, standing.valid_until, standing.review_on),
        *(standing.reviewed_on, standing.lifetime_level),
        *((one.floor.tier.level, one.floor.until) if one.floor else (None, None)),
        *(one.look_on, scheme.version if scheme else 0),
    )


def _hold(assessed: Mapping[UUID, Assessed], *, cause: TierCause, by: str, at: datetime) -> Moved:
    """Let them hold what was found."""
    held = {
        row[0]: row[1:]
        for row in TierHeld.objects.filter(pk__any_of=assessed).values_list(
            "pk", "tier__level", "review_on", "is_lifetime"
        )
    }
    holdings, raised, lowered = [], 0, 0
    for person, one in assessed.items():
        lowest = one.book.levels[0]
        before = held.get(person, (lowest, None, False))
        if before == (one.level, one.review_on, one.is_lifetime):
            continue
        raised += one.level > before[0]
        lowered += one.level < before[0]
        why, evidence = _reason(one, before[0], cause)
        holding = Holding(person, one.book.by_level[one.level], why, evidence, one.review_on, one.is_lifetime)
        holdings.append(holding)
    hold_tiers(holdings=holdings, by=by, at=at)
    return Moved(len(assessed), raised, lowered)


def _reason(one: Assessed, before: int, cause: TierCause) -> tuple[TierCause, Mapping[str, Any]]:
    """Why the level changed, and by what."""
    is_merge = cause in {TierCause.MERGE, TierCause.UNMERGE}
    by_floor = one.floor is not None and one.floor.tier.level > one.standing.level
    last = one.standing.steps[-1] if one.standing.steps else None
    if by_floor and one.floor is not None:
        why, evidence = one.floor.cause, dict(one.floor.evidence)
    else:
        why, evidence = _cause_of(last), _told(last)
    if one.level < before or is_merge:
        why = cause
    return why, evidence


def _cause_of(step: Step | None) -> TierCause:
    return TierCause.REVIEW if step is None else TierCause(step.cause)


def _told(step: Step | None) -> dict[str, Any]:
    if step is None:
        return {}
    asked = None if step.asked_milli is None else f"{step.asked_milli / 1000:.3f}"
    return {
        "credits": f"{step.milli / 1000:.3f}",
        "asked": asked,
        "on": step.day.isoformat(),
        "scheme": step.scheme,
    }
