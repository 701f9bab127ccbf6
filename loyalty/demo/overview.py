"""What happened, per unit: members, activities, points issued, honoured, expired, left, and who owes whom.

Every figure comes from the rows: points from entries, draws and lots, money from draws (points × the cost
that their lot was given with).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from points.selectors.audit import audit
from units.models import BusinessUnit


@dataclass(frozen=True, slots=True)
class UnitOverview:
    """One unit's year. Points are counted in the program of the lots they came from; money is in CNY."""

    unit: BusinessUnit
    members: int
    activities: int
    generated_activities: int
    sales: Decimal
    issued: int
    own_redeemed_here: int
    others_redeemed_here: int
    redeemed_elsewhere: int
    expired: int
    exchanged: int
    """What exchanges made of its points in other programs, less what they took. Rates make it any number."""
    outstanding: int
    owed_by_others: Decimal
    owed_to_others: Decimal

    @property
    def is_generated(self) -> bool:
        """All that this unit's members did was made up for the demo."""
        return 0 < self.activities == self.generated_activities

    @property
    def adds_up(self) -> bool:
        """Each point issued or made by an exchange was honoured, expired, or is still outstanding."""
        gone = self.own_redeemed_here + self.redeemed_elsewhere + self.expired
        return self.issued + self.exchanged == gone + self.outstanding


@dataclass(frozen=True, slots=True)
class Overview:
    """The group's year, and whether the books agree."""

    units: tuple[UnitOverview, ...]
    sum_owed: Decimal
    """What the units are owed less what they owe, summed. Always zero."""
    postings: int
    is_clean: bool


def group_overview() -> Overview:
    """The figures of every unit, and the audit of the whole ledger."""
    units = tuple(_unit_overviews())
    report = audit()
    return Overview(
        units=units,
        sum_owed=sum((unit.owed_by_others - unit.owed_to_others for unit in units), Decimal(0)),
        postings=report.postings,
        is_clean=report.is_clean and all(unit.adds_up for unit in units),
    )


def _unit_overviews() -> list[UnitOverview]:
    members = _by_unit("SELECT unit_id, count(DISTINCT member_id) FROM members_enrolment GROUP BY 1")
    activities = {
        unit: figures
        for unit, *figures in _rows(
            """
            SELECT unit_id, count(*), count(*) FILTER (WHERE is_generated),
                   sum(CASE kind WHEN 'refund' THEN -amount ELSE amount END)
            FROM activities_activity GROUP BY 1
            """
        )
    }
    issued = _by_unit(
        "SELECT unit_id, sum(points)::bigint FROM points_entry WHERE house = 'issued' GROUP BY 1"
    )
    expired = _by_unit(
        "SELECT unit_id, -sum(points)::bigint FROM points_entry WHERE house = 'expired' GROUP BY 1"
    )
    outstanding = _by_unit(
        "SELECT issuer_id, sum(remaining)::bigint FROM points_lot WHERE is_open GROUP BY 1"
    )
    exchanged = _exchanged()
    points, money = _honoured()
    overviews = []
    for unit in BusinessUnit.objects.order_by("pk"):
        key = unit.pk
        count, generated, sales = activities.get(key, (0, 0, Decimal(0)))
        overviews.append(
            UnitOverview(
                unit=unit,
                members=members.get(key, 0),
                activities=count,
                generated_activities=generated,
                sales=sales,
                issued=issued.get(key, 0),
                own_redeemed_here=points[key, key],
                others_redeemed_here=sum(n for (at, issuer), n in points.items() if at == key != issuer),
                redeemed_elsewhere=sum(n for (at, issuer), n in points.items() if issuer == key != at),
                expired=expired.get(key, 0),
                exchanged=exchanged.get(key, 0),
                outstanding=outstanding.get(key, 0),
                owed_by_others=sum(
                    (n for (at, issuer), n in money.items() if at == key != issuer), Decimal(0)
                ),
                owed_to_others=sum(
                    (n for (at, issuer), n in money.items() if issuer == key != at), Decimal(0)
                ),
            )
        )
    return overviews


def _exchanged() -> dict[int, int]:
    """By issuing unit: the points of the lots that exchanges made, less what they drew."""
    return _by_unit(
        """
        SELECT issuer_id, sum(points)::bigint FROM (
            SELECT l.issuer_id, l.points FROM points_lot l
            JOIN points_posting p ON p.id = l.posting_id AND p.kind = 'exchange'
            UNION ALL
            SELECT l.issuer_id, -d.points FROM points_draw d
            JOIN points_posting p ON p.id = d.posting_id AND p.kind = 'exchange'
            JOIN points_lot l ON l.id = d.lot_id
        ) moved GROUP BY 1
        """
    )


def _honoured() -> tuple[Mapping[tuple[int, int], int], Mapping[tuple[int, int], Decimal]]:
    """Points, and their cost, by (honouring unit, issuing unit); what was given back is taken off again."""
    points: dict[tuple[int, int], int] = defaultdict(int)
    money: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for honoured_by, issuer, drawn, cost in _rows(
        """
        WITH drawn AS (
            SELECT p.unit_id, d.lot_id, d.points
            FROM points_posting p JOIN points_draw d ON d.posting_id = p.id
            WHERE p.kind = 'redemption'
            UNION ALL
            SELECT p.unit_id, d.lot_id, d.points
            FROM points_posting p
            JOIN points_posting back ON back.reverses = p.id
            JOIN points_draw d ON d.posting_id = back.id
            WHERE p.kind = 'redemption')
        SELECT drawn.unit_id, l.issuer_id, sum(drawn.points)::bigint, sum(drawn.points * l.unit_cost)
        FROM drawn JOIN points_lot l ON l.id = drawn.lot_id
        GROUP BY 1, 2
        """
    ):
        points[honoured_by, issuer] += drawn
        money[honoured_by, issuer] += cost
    return points, money


def _by_unit(sql: str) -> dict[int, Any]:
    return dict(_rows(sql))


def _rows(sql: str) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: Sequence[Any] = cursor.fetchall()
    return rows
