"""Give tier credits for what was recorded, take them back for what was refunded, raise who reached a level.

Set-based and in the caller's transaction, after the postings: wallets are locked before standings.
"""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db import connection

from activities.selectors.reference import Reference
from activities.selectors.tier_schemes import group_day
from activities.services.tier_assessing import Moved, assess_members, lock_standings
from common.sql import plain_array
from members.models import TierCause
from units.models import BusinessUnit

# Of an active member only, as for points; what was paid with points alone counts for nothing.
_GIVE = """
WITH made AS (
    INSERT INTO activities_tiercredit
        (member_id, unit_id, activity_id, rule_id, serial, milli, counts_on, known_from, recorded_at)
    SELECT given.member_id, given.unit_id, given.id, given.rule_id, 0, given.milli, given.day, given.day, %s
    FROM (
        SELECT a.id, a.member_id, a.unit_id, line.rule_id, (a.occurred_at AT TIME ZONE %s)::date AS day,
               trunc(line.milli * CASE line.basis WHEN 'amount' THEN a.amount - a.paid_with_points
                                                  WHEN 'quantity' THEN coalesce(a.quantity, 0)
                                                  ELSE 1 END)::bigint AS milli,
               line.starts_on, line.ends_on
        FROM activities_activity AS a
        JOIN members_member AS m ON m.id = a.member_id AND m.status = 'active'
        JOIN unnest(%s::text[], %s::text[], %s::bigint[], %s::int[], %s::date[], %s::date[])
            AS line (kind, basis, milli, rule_id, starts_on, ends_on) ON line.kind = a.kind
        WHERE a.id = ANY(%s::uuid[]) AND (a.amount = 0 OR a.amount > a.paid_with_points)) AS given
    WHERE given.milli <> 0 AND given.day >= given.starts_on
        AND (given.ends_on IS NULL OR given.day < given.ends_on)
    ON CONFLICT (activity_id, rule_id, serial) DO NOTHING
    RETURNING member_id, counts_on)
SELECT coalesce(m.merged_into_id, m.id), min(made.counts_on), max(made.counts_on)
FROM made JOIN members_member AS m ON m.id = made.member_id GROUP BY 1 ORDER BY 1
"""
# What a sale keeps is floor(its credits × the share not refunded), as for points. Its refunds share out the
# rest in the order in which they happened; one that comes to be known late corrects those after it.
_TAKE_BACK = """
WITH sale AS (
    SELECT DISTINCT s.id, s.unit_id, s.source_ref, s.amount, s.occurred_at
    FROM activities_activity AS r
    JOIN activities_activity AS s ON s.unit_id = r.unit_id AND s.source_ref = r.refund_of
    WHERE r.id = ANY(%(refunds)s::uuid[])),
share AS (
    SELECT r.id, sale.id AS sale_id, sale.amount, r.amount AS mine,
           (r.occurred_at AT TIME ZONE %(zone)s)::date AS day,
           sum(r.amount) OVER in_order AS upto, row_number() OVER in_order AS place
    FROM sale JOIN activities_activity AS r
        ON r.unit_id = sale.unit_id AND r.refund_of = sale.source_ref AND r.refund_of <> ''
    WINDOW in_order AS (PARTITION BY sale.id ORDER BY r.occurred_at, r.source_ref COLLATE "C")),
due AS (
    SELECT share.id, c.member_id, c.unit_id, c.rule_id, c.counts_on,
           CASE WHEN share.day - c.counts_on <= scheme.refund_days
                THEN c.counts_on ELSE share.day END AS known_from,
           -- Of a sale for nothing the first refund takes everything.
           CASE WHEN share.amount = 0 THEN CASE WHEN share.place = 1 THEN -c.milli ELSE 0 END
                ELSE div(c.milli * (share.amount - share.upto), share.amount)
                     - div(c.milli * (share.amount - share.upto + share.mine), share.amount) END AS milli
    FROM share
    JOIN activities_tiercredit AS c ON c.activity_id = share.sale_id
    JOIN activities_creditrule AS rule ON rule.id = c.rule_id
    JOIN activities_tierscheme AS scheme ON scheme.id = rule.scheme_id),
told AS (
    SELECT activity_id, rule_id, sum(milli) AS milli, max(serial) + 1 AS serial
    FROM activities_tiercredit WHERE activity_id IN (SELECT id FROM share) GROUP BY 1, 2),
made AS (
    INSERT INTO activities_tiercredit
        (member_id, unit_id, activity_id, rule_id, serial, milli, counts_on, known_from, recorded_at)
    SELECT due.member_id, due.unit_id, due.id, due.rule_id, coalesce(told.serial, 0),
           due.milli - coalesce(told.milli, 0), due.counts_on, due.known_from, %(at)s
    FROM due LEFT JOIN told ON told.activity_id = due.id AND told.rule_id = due.rule_id
    WHERE due.milli <> coalesce(told.milli, 0)
    ORDER BY due.id, due.rule_id
    RETURNING member_id)
SELECT DISTINCT coalesce(m.merged_into_id, m.id)
FROM made JOIN members_member AS m ON m.id = made.member_id
"""
# Whom a new credit can move: an upper bound that errs only by looking at too many. The next level may be
# reached by what counts within a period of the new credits; a review that is over may end otherwise.
_MAY_RISE = """
WITH fresh AS (
    SELECT * FROM unnest(%(persons)s::uuid[], %(first)s::date[], %(last)s::date[])
        AS f (person, first, last)),
terms AS (
    SELECT make_interval(months => max(CASE s."window" WHEN 'calendar' THEN 12
                                                       ELSE s.window_months END)) AS span
    FROM activities_tierscheme AS s WHERE s.state = 'approved'),
needed AS (
    SELECT tier.level, 1000 * min(line.credits) AS milli, 1000 * min(line.lifetime_credits) AS lifetime_milli
    FROM members_tier AS tier
    LEFT JOIN (activities_levelterms AS line
        JOIN activities_tierscheme AS s ON s.id = line.scheme_id AND s.state = 'approved'
        JOIN members_tier AS up ON up.id = line.tier_id) ON up.level > tier.level
    GROUP BY tier.level),
mine AS (
    SELECT person, person AS member_id, first, last FROM fresh
    UNION ALL
    SELECT fresh.person, m.id, fresh.first, fresh.last
    FROM members_member AS m JOIN fresh ON fresh.person = m.merged_into_id
    WHERE m.merged_into_id = ANY(%(persons)s::uuid[])),
summed AS (
    SELECT mine.person, min(mine.first) AS first, sum(c.milli) AS total,
           sum(c.milli) FILTER (WHERE c.counts_on > mine.first - terms.span
                                AND c.counts_on < mine.last + terms.span) AS near
    FROM mine CROSS JOIN terms
    JOIN activities_tiercredit AS c ON c.member_id = mine.member_id AND c.milli > 0
    GROUP BY mine.person)
SELECT summed.person
FROM summed
JOIN activities_tierstanding AS standing ON standing.member_id = summed.person
JOIN needed ON needed.level = standing.level
WHERE summed.near >= needed.milli OR summed.total >= needed.lifetime_milli
    OR summed.first < standing.reviewed_on
"""


def credit_recorded(
    *,
    unit: BusinessUnit,
    sale_ids: Collection[UUID],
    refund_ids: Collection[UUID],
    by: str,
    at: datetime,
    reference: Reference,
) -> Moved:
    """Give what new activities of `unit` count, take back what new refunds undo, and raise at once.

    Safe to repeat: an activity counts once by each rule. Where no scheme is approved nothing counts.
    """
    assert connection.in_atomic_block, "an activity and its credits are one transaction"
    if not sale_ids and not refund_ids:
        return Moved()
    today = group_day(at)
    fresh = _given(unit, sale_ids, at, reference)
    refunded = _taken_back(refund_ids, at)
    persons = {person for person, _first, _last in fresh} | set(refunded)
    if not persons:
        return Moved()
    lock_standings(persons, today=today)
    moved = Moved()
    if refunded:
        moved += assess_members(member_ids=refunded, by=by, at=at, cause=TierCause.REFUND)
    rising = _may_rise(fresh) - set(refunded)
    if rising:
        moved += assess_members(member_ids=rising, by=by, at=at)
    return moved


def _given(
    unit: BusinessUnit, sale_ids: Collection[UUID], at: datetime, reference: Reference
) -> list[tuple[UUID, date, date]]:
    """(person, first day, last day) of what was given."""
    lines = reference.credit_lines_of(unit) if sale_ids else []
    if not lines:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _GIVE,
            [
                *(at, settings.TIME_ZONE),
                plain_array(line.kind for line in lines),
                plain_array(line.basis for line in lines),
                plain_array(line.milli for line in lines),
                plain_array(line.rule_id for line in lines),
                plain_array(line.starts_on for line in lines),
                plain_array(line.ends_on for line in lines),
                plain_array(sale_ids),
            ],
        )
        return [(person, first, last) for person, first, last in cursor.fetchall()]


def _taken_back(refund_ids: Collection[UUID], at: datetime) -> list[UUID]:
    """Whose credits the refunds took."""
    if not refund_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE_BACK, {"refunds": plain_array(refund_ids), "zone": settings.TIME_ZONE, "at": at.isoformat()}
        )
        return [person for (person,) in cursor.fetchall()]


def _may_rise(fresh: Collection[tuple[UUID, date, date]]) -> set[UUID]:
    if not fresh:
        return set()
    with connection.cursor() as cursor:
        asked = {
            "persons": plain_array(person for person, _first, _last in fresh),
            "first": plain_array(first for _person, first, _last in fresh),
            "last": plain_array(last for _person, _first, last in fresh),
        }
        cursor.execute(_MAY_RISE, asked)
        return {person for (person,) in cursor.fetchall()}
