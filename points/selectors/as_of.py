"""What the books said at a past instant: balances, lots, liability. The same answer whenever it is asked.

"At" an instant means: all that was posted before it, by the clock that dates postings; a sweep that ran a day
late shows a day late. Answers go back from the present state by what was posted since, so that the recent
past costs little; a member's are made of that member's rows alone. What holds reserve is not in the books.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from points.models import Program
from points.selectors.seals import InstantYetToCome, database_now, has_settled, lowest_id
from units.models import BusinessUnit

# A transaction cannot stay open for longer: statements and idle sessions have time limits.
SETTLED_AFTER = timedelta(hours=1)
SETTLE_SECONDS = 5.0


class NotSettledYet(DomainError):
    """A transaction from before the instant is still running: the answer could still change. Ask again."""

    code = "not_settled_yet"
    title = _("The books of this instant are not settled yet.")
    retry_after = 5


@dataclass(frozen=True, slots=True)
class WalletAsOf:
    """A wallet: `balance` is what remained in its lots (`points`) less its `debt`."""

    program_id: int
    balance: int
    points: int
    debt: int


@dataclass(frozen=True, slots=True)
class LotAsOf:
    """A lot with points left; `expires_at` None: never."""

    lot_id: UUID
    program_id: int
    issuer_id: int
    points: int
    remaining: int
    unit_cost: Decimal
    earned_at: datetime
    available_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class LiabilityLine:
    """What points of one program, issued by one unit, would have cost, to the last decimal.

    `expired_points` and `expired_cost` are apart: past their end, but no sweep had booked them yet.
    """

    program: Program
    issuer: BusinessUnit
    points: int
    cost: Decimal
    expired_points: int
    expired_cost: Decimal


def wallets_as_of(*, member_id: UUID, at: datetime) -> list[WalletAsOf]:
    """The member's wallets that had ever been moved before `at`, by program.

    :raises InstantYetToCome, NotSettledYet: nobody knows yet
    """
    with _settled_snapshot(at) as cursor:
        cursor.execute(_WALLETS, _of_member(member_id, at))
        return [
            WalletAsOf(program_id, int(balance), int(points), int(points) - int(balance))
            for program_id, balance, points in cursor.fetchall()
        ]


def lots_as_of(*, member_id: UUID, at: datetime) -> list[LotAsOf]:
    """The member's lots that had points left at `at`, in spending order.

    :raises InstantYetToCome, NotSettledYet: nobody knows yet
    """
    with _settled_snapshot(at) as cursor:
        cursor.execute(_LOTS, _of_member(member_id, at))
        return [LotAsOf(*row) for row in cursor.fetchall()]


def liability_as_of(*, at: datetime) -> list[LiabilityLine]:
    """Points outstanding at `at` and their cost, by program and issuing unit.

    :raises InstantYetToCome, NotSettledYet: nobody knows yet
    """
    with _settled_snapshot(at) as cursor:
        cursor.execute(_LIABILITY, {"at": at, "low": str(lowest_id(at))})
        rows = cursor.fetchall()
    programs = Program.objects.in_bulk({row[0] for row in rows})
    units = BusinessUnit.objects.in_bulk({row[1] for row in rows})
    lines = [
        LiabilityLine(programs[program], units[issuer], int(points), cost, int(expired), expired_cost)
        for program, issuer, points, cost, expired, expired_cost in rows
    ]
    return sorted(lines, key=lambda line: (line.program.code, line.issuer.code))


@contextmanager
def _settled_snapshot(at: datetime) -> Iterator[CursorWrapper]:
    """A cursor on one snapshot in which everything dated before `at` is visible, for good."""
    now = database_now()
    if at > now:
        raise InstantYetToCome(now=now.isoformat())
    if at > now - SETTLED_AFTER and not has_settled(at, seconds_max=SETTLE_SECONDS):
        raise NotSettledYet(at=at.isoformat())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield cursor


def _of_member(member_id: UUID, at: datetime) -> dict[str, Any]:
    return {"member": member_id, "at": at, "low": str(lowest_id(at))}


# A lot that rolls ended then where the renewals told before then had put it: from its first end on, each that
# happened while it lived, of its member, and, where it came from another lot (a transfer, a move, an early
# release), of that one's member until then, and so on. In what order they were told does not matter.
_END_THEN = """
    CASE WHEN l.rolls THEN coalesce((
        WITH RECURSIVE line AS (
            SELECT l.id, l.posting_id, l.member_id, %(at)s::timestamptz AS until, 1 AS depth
            UNION ALL
            SELECT o.id, o.posting_id, o.member_id, b.posted_at, n.depth + 1
            FROM line n
            JOIN points_posting b ON b.id = n.posting_id AND b.kind IN ('transfer', 'move', 'maturity')
            JOIN points_lot o ON o.id = (b.detail -> 'lots' ->> n.id::text)::uuid
        ), told AS (
            SELECT q.occurred_at,
                   (q.detail #>> ARRAY['renews_until', l.program_id::text])::timestamptz AS until
            FROM line n JOIN points_posting q ON q.member_id = n.member_id AND q.posted_at < n.until
            WHERE q.detail -> 'renews_until' ? l.program_id::text
        ), ends AS (
            (SELECT coalesce(b.detail #>> ARRAY['renews_until', l.program_id::text],
                             b.detail #>> ARRAY['lives_until', l.program_id::text])::timestamptz AS at
             FROM line n JOIN points_posting b ON b.id = n.posting_id ORDER BY n.depth DESC LIMIT 1)
            UNION ALL
            SELECT (SELECT max(t.until) FROM told t
                    WHERE t.occurred_at < e.at AND t.until > e.at AND t.until <= l.expires_at)
            FROM ends e WHERE e.at IS NOT NULL
        )
        SELECT max(ends.at) FROM ends), l.expires_at)
    ELSE l.expires_at END
"""

# By the member's postings and those that moved its wallets: lots have no index of their own by member.
_MEMBERS_LOTS = f"""
    WITH mine AS MATERIALIZED (
        SELECT id FROM points_posting WHERE member_id = %(member)s
        UNION SELECT posting_id FROM points_entry
              WHERE wallet_id IN (SELECT id FROM points_wallet WHERE member_id = %(member)s)
    ), lots AS MATERIALIZED (
        SELECT l.id, l.wallet_id, l.program_id, l.issuer_id, l.points, l.unit_cost, l.earned_at,
               l.available_at, {_END_THEN} AS expires_at,
               l.remaining + coalesce((
                   SELECT sum(d.points)::bigint
                   FROM points_draw d JOIN points_posting q ON q.id = d.posting_id
                   WHERE d.lot_id = l.id AND q.id >= %(low)s AND q.posted_at >= %(at)s), 0) AS remaining
        FROM mine
        JOIN points_posting p ON p.id = mine.id AND p.posted_at < %(at)s
        JOIN points_lot l ON l.posting_id = p.id
        WHERE l.member_id = %(member)s
    )
"""  # noqa: S608 -- our own words

_LOTS = f"""
    {_MEMBERS_LOTS}
    SELECT id, program_id, issuer_id, points, remaining, unit_cost, earned_at, available_at,
           NULLIF(expires_at, 'infinity')
    FROM lots WHERE remaining > 0 ORDER BY lots.expires_at, earned_at, id
"""  # noqa: S608 -- our own words

_WALLETS = f"""
    {_MEMBERS_LOTS}
    SELECT w.program_id, e.points, coalesce((SELECT sum(l.remaining) FROM lots l WHERE l.wallet_id = w.id), 0)
    FROM points_wallet w
    CROSS JOIN LATERAL (SELECT sum(e.points) AS points
                        FROM points_entry e JOIN points_posting p ON p.id = e.posting_id
                        WHERE e.wallet_id = w.id AND p.posted_at < %(at)s) e
    WHERE w.member_id = %(member)s AND e.points IS NOT NULL
    ORDER BY w.program_id
"""  # noqa: S608 -- our own words

# Where a member's renewal of the time since was told late, a lot may have lapsed before and come back: only
# there does the end then decide differently from the end now.
_LIABILITY = f"""
    WITH since AS MATERIALIZED (
        SELECT id, member_id, detail ? 'renews_until' AND occurred_at < %(at)s AS renewed_late
        FROM points_posting WHERE id >= %(low)s AND posted_at >= %(at)s
    ), drawn AS MATERIALIZED (
        SELECT d.lot_id, sum(d.points)::bigint AS points
        FROM points_draw d JOIN since s ON s.id = d.posting_id
        WHERE d.posting_id >= %(low)s GROUP BY d.lot_id
    ), lots AS (
        SELECT l.*, l.remaining + coalesce(d.points, 0) AS remaining_then
        FROM points_lot l LEFT JOIN drawn d ON d.lot_id = l.id WHERE l.is_open
        UNION ALL
        SELECT l.*, d.points FROM points_lot l JOIN drawn d ON d.lot_id = l.id WHERE NOT l.is_open
    ), late AS (
        SELECT DISTINCT member_id FROM since WHERE renewed_late
    ), then_there AS (
        SELECT l.program_id, l.issuer_id, l.unit_cost, l.remaining_then AS remaining,
               CASE WHEN l.rolls AND late.member_id IS NOT NULL
                    THEN {_END_THEN}
                    ELSE l.expires_at END > %(at)s AS lives
        FROM lots l
        LEFT JOIN since made ON made.id = l.posting_id
        LEFT JOIN late ON late.member_id = l.member_id
        WHERE l.remaining_then > 0 AND made.id IS NULL
    )
    SELECT program_id, issuer_id,
           coalesce(sum(remaining) FILTER (WHERE lives), 0),
           coalesce(sum(remaining * unit_cost) FILTER (WHERE lives), 0.000000),
           coalesce(sum(remaining) FILTER (WHERE NOT lives), 0),
           coalesce(sum(remaining * unit_cost) FILTER (WHERE NOT lives), 0.000000)
    FROM then_there GROUP BY program_id, issuer_id
"""  # noqa: S608 -- our own words
