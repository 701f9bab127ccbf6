"""The review of tiers: whoever may rise or come down by the day alone is assessed, chunk by chunk.

Each chunk is its own transaction, so that a review can be killed and run again; a second one at the same time
waits for the first one's rows and finds nothing left to change.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction

from activities.models import TierGrant, TierScheme, TierStanding
from activities.rules.standing import add_months
from activities.selectors.tier_floors import floors_of, highest_on
from activities.selectors.tier_schemes import group_day, scheme_in_force
from activities.services.tier_assessing import Moved, assess_members
from common.sql import plain_array, retrying
from members.models import Enrolment, Residency
from members.selectors.aliases import survivors_of

MEMBERS_A_CHUNK = 2_000

_DUE = """
SELECT look_on, member_id FROM activities_tierstanding
WHERE look_on <= %s AND (look_on, member_id) > (%s, %s::uuid)
ORDER BY look_on, member_id LIMIT %s
"""
_OF_ANOTHER_SCHEME = """
SELECT member_id FROM activities_tierstanding WHERE scheme_version <> %s AND member_id > %s::uuid
ORDER BY member_id LIMIT %s
"""
_NOBODY = UUID(int=0)
# For each month on whose first day a role is in force, what the scheme of that day gives for it. What is
# there already is subtracted: a second run adds nothing, and a residency withdrawn takes its credits back.
_ROLES = """
WITH month AS (
    SELECT m::date AS day,
           (SELECT s.id FROM activities_tierscheme AS s WHERE s.state = 'approved' AND s.starts_on <= m::date
            ORDER BY s.starts_on DESC LIMIT 1) AS scheme_id
    FROM generate_series(%(first)s::date, %(last)s::date, interval '1 month') AS m),
held AS (
    SELECT r.id, r.member_id, v.unit_id, month.day, month.scheme_id, r.role,
           r.withdrawn_at IS NULL AND r.starts_on <= month.day
           AND (r.ends_on IS NULL OR r.ends_on > month.day)
           AND (p.id IS NULL OR (p.withdrawn_at IS NULL AND p.starts_on <= month.day
                                 AND (p.ends_on IS NULL OR p.ends_on > month.day)))
           AND (a.id IS NULL OR (a.starts_on <= month.day
                                 AND (a.ends_on IS NULL OR a.ends_on > month.day))) AS is_in_force
    FROM members_residency AS r
    JOIN units_venue AS v ON v.id = r.venue_id
    LEFT JOIN members_residency AS p ON p.id = r.principal_id
    LEFT JOIN members_corporateaccount AS a ON a.id = r.account_id
    CROSS JOIN month
    WHERE r.id = ANY(%(residencies)s::uuid[])),
due AS (
    SELECT held.id, held.member_id, held.unit_id, held.day, line.id AS role_id,
           CASE WHEN held.is_in_force THEN trunc(1000 * line.credits_per_month)::bigint ELSE 0 END AS milli
    FROM held
    JOIN LATERAL (
        SELECT line.id, line.credits_per_month FROM activities_roleterms AS line
        WHERE line.scheme_id = held.scheme_id AND line.role = held.role
            AND (line.unit_id = held.unit_id OR line.unit_id IS NULL)
        ORDER BY line.unit_id NULLS LAST LIMIT 1) AS line ON line.credits_per_month > 0),
told AS (
    SELECT residency_id, counts_on, sum(milli) AS milli, max(serial) + 1 AS serial
    FROM activities_tiercredit WHERE residency_id = ANY(%(residencies)s::uuid[]) GROUP BY 1, 2)
INSERT INTO activities_tiercredit
    (member_id, unit_id, residency_id, role_id, serial, milli, counts_on, known_from, recorded_at)
SELECT due.member_id, due.unit_id, due.id, due.role_id, coalesce(told.serial, 0),
       due.milli - coalesce(told.milli, 0), due.day, due.day, %(at)s
FROM due LEFT JOIN told ON told.residency_id = due.id AND told.counts_on = due.day
WHERE due.milli <> coalesce(told.milli, 0)
RETURNING member_id
"""
_MONTHS_BACK = 12


def review_tiers(
    *, at: datetime, by: str, a_chunk: int = MEMBERS_A_CHUNK, show: Callable[[int], None] = lambda _done: None
) -> Moved:
    """Assess everybody whom the day may move: reviews due, roles and grants begun or ended, a new scheme.

    Returns how many were looked at, rose and came down. `show` hears after each chunk how many are done.
    """
    today, moved = group_day(at), Moved()
    moved += _credit_roles(today, at=at, by=by, a_chunk=a_chunk)
    for chunks in (
        _due(today, a_chunk),
        _of_another_scheme(today, a_chunk),
        _with_other_floors(today, a_chunk),
    ):
        for chunk in chunks:
            moved += retrying(lambda members=chunk: _assess(members, by=by, at=at))  # type: ignore[misc]
            show(moved.looked_at)
    return moved


@transaction.atomic
def _assess(members: Sequence[UUID], *, by: str, at: datetime) -> Moved:
    return assess_members(member_ids=members, by=by, at=at)


def _due(today: date, a_chunk: int) -> Iterator[list[UUID]]:
    """By the index: what a chunk has done lies behind the next."""
    last: tuple[date, UUID] = (date.min, _NOBODY)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_DUE, [today, last[0], str(last[1]), a_chunk])
            rows = cursor.fetchall()
        if not rows:
            return
        last = rows[-1]
        yield [member_id for _day, member_id in rows]


def _of_another_scheme(today: date, a_chunk: int) -> Iterator[list[UUID]]:
    """Everybody once when a new scheme begins."""
    scheme, last = scheme_in_force(today), _NOBODY
    while scheme is not None:
        with connection.cursor() as cursor:
            cursor.execute(_OF_ANOTHER_SCHEME, [scheme.version, str(last), a_chunk])
            members = [member_id for (member_id,) in cursor.fetchall()]
        if not members:
            return
        last = members[-1]
        yield members


def _with_other_floors(today: date, a_chunk: int) -> Iterator[list[UUID]]:
    """Whose roles, unit's tiers and grants say something else than when they were last assessed."""
    scheme, last = scheme_in_force(today), _NOBODY
    while True:
        members = _with_floors(scheme, last, a_chunk)
        if not members:
            return
        last = members[-1]
        changed = _changed(members, scheme, today)
        if changed:
            yield changed


def _with_floors(scheme: TierScheme | None, after: UUID, count: int) -> list[UUID]:
    """The next members, by id, who have or had anything that may hold them up."""
    sources = [
        TierStanding.objects.filter(floor_level__isnull=False).values_list("member_id", flat=True),
        TierGrant.objects.filter(ended_at__isnull=True).values_list("member_id", flat=True),
    ]
    if scheme is not None:
        roles = scheme.roles.filter(at_least__isnull=False).values("role")
        sources.append(Residency.objects.filter(role__in=roles).values_list("member_id", flat=True))
        units = scheme.matches.values("unit")
        hinted = Enrolment.objects.filter(unit__in=units).exclude(tier_hint="")
        sources.append(hinted.values_list("member_id", flat=True))
    found: set[UUID] = set()
    for source in sources:
        found.update(source.filter(member_id__gt=after).order_by("member_id").distinct()[:count])
    return sorted(found)[:count]


def _changed(members: Sequence[UUID], scheme: TierScheme | None, today: date) -> list[UUID]:
    survivors = survivors_of(members)
    persons = set(survivors.values())
    stored = {
        person: (level, until)
        for person, level, until in TierStanding.objects.filter(pk__any_of=persons).values_list(
            "pk", "floor_level", "floor_until"
        )
    }
    # Of an alias only its own rows are seen here; the assessment sees all of the person's.
    floors = floors_of(dict(survivors), scheme=scheme, today=today)
    changed = []
    for person in sorted(persons):
        floor = highest_on(floors.get(person, []), today)
        found = (floor.tier.level, floor.until) if floor else (None, None)
        if stored.get(person, (None, None)) != found:
            changed.append(person)
    return changed


def _credit_roles(today: date, *, at: datetime, by: str, a_chunk: int) -> Moved:
    """Credits for months of roles, and back where a role turned out not to have been.

    Most nights look at this month and the last; the first nights of a month at a year, for what came late.
    """
    if not _gives_role_credits():
        return Moved()
    months_back = _MONTHS_BACK if today.day <= 3 else 1
    moved, last = Moved(), _NOBODY
    while True:
        rows = Residency.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:a_chunk]
        residencies = list(rows)
        if not residencies:
            return moved
        last = residencies[-1]
        moved += retrying(
            lambda some=residencies: _credit_some(some, today, months_back, by=by, at=at)  # type: ignore[misc]
        )


@transaction.atomic
def _credit_some(
    residencies: Sequence[UUID], today: date, months_back: int, *, by: str, at: datetime
) -> Moved:
    this = today.replace(day=1)
    first = add_months(this, -months_back)
    with connection.cursor() as cursor:
        cursor.execute(
            _ROLES,
            {
                "residencies": plain_array(residencies),
                "first": first.isoformat(),
                "last": this.isoformat(),
                "at": at.isoformat(),
            },
        )
        members = {member_id for (member_id,) in cursor.fetchall()}
    return assess_members(member_ids=members, by=by, at=at)


def _gives_role_credits() -> bool:
    return TierScheme.objects.filter(state="approved", roles__credits_per_month__gt=0).exists()
