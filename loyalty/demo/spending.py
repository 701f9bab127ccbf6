"""A year of spending: month by month, members pay with points at all four businesses; then the sweep.

Each month is one transaction: a killed run leaves whole months. Everything happens in the order of time, so
that no redemption spends what had expired by then.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from random import Random
from uuid import UUID

from django.db import connection, transaction

from loyalty.demo.generated import ZONE
from loyalty.demo.group import GROUP, HOMES, HOTEL, MALL, OFFICE
from points import ledger
from points.models import Program
from points.rules.expiry import start_of_day
from points.services.expiry import expire_due_lots
from units.models import BusinessUnit

ACTOR = "demo"
# Which part of those who can pay something does so in a month.
SHARE_A_MONTH = 0.2
_BATCH = 500
_WHERE = (
    MALL.code,
    MALL.code,
    MALL.code,
    MALL.code,
    HOTEL.code,
    HOTEL.code,
    HOTEL.code,
    HOMES.code,
    OFFICE.code,
)
_PRICES = {
    MALL.code: (200, 500, 800, 1000, 2000, 3000),
    HOTEL.code: (200, 500, 1000, 1500),
    HOMES.code: (150, 300, 600),
    OFFICE.code: (500, 1000, 2000),
}


@dataclass(frozen=True, slots=True)
class Month:
    """[starts_at, ends_at): a calendar month of the group's time zone, or the story's part of it."""

    starts_at: datetime
    ends_at: datetime

    def __str__(self) -> str:
        return self.starts_at.astimezone(ZONE).strftime("%Y-%m")


@dataclass(frozen=True, slots=True)
class Spent:
    """What a month's spending did: redemptions, those refused, and what the sweep at its end booked."""

    redemptions: int
    refused: int
    lots_expired: int
    points_expired: int


def months(starts_at: datetime, ends_at: datetime) -> Iterator[Month]:
    """The months of [starts_at, ends_at), in order, without gap or overlap."""
    start = starts_at
    while start < ends_at:
        first = start.astimezone(ZONE).date().replace(day=1)
        end = min(start_of_day((first + timedelta(days=32)).replace(day=1), ZONE), ends_at)
        yield Month(start, end)
        start = end


@transaction.atomic
def spend_month(month: Month, *, seed: int) -> Spent:
    """Redeem as members of that month would, then sweep at its end."""
    units = {unit.code: unit for unit in BusinessUnit.objects.filter(code__in=[one.code for one in GROUP])}
    programs = {program.code: program for program in Program.objects.filter(code__in=units)}
    spendings = _plan(month, units, programs, Random(f"{seed}:{month}"))  # noqa: S311 -- a story, not a secret
    outcomes = [
        outcome
        for start in range(0, len(spendings), _BATCH)
        for outcome in ledger.redeem_many(spendings[start : start + _BATCH], actor=ACTOR)
    ]
    swept = expire_due_lots(at=month.ends_at, by=ACTOR)
    posted = sum(outcome.name in ledger.RESULTS for outcome in outcomes)
    return Spent(posted, len(outcomes) - posted, swept.lots, swept.points)


def _plan(
    month: Month, units: Mapping[str, BusinessUnit], programs: Mapping[str, Program], random: Random
) -> list[ledger.Spending]:
    """One redemption each for some members, at a price that they can pay all month, in the order of time."""
    means = _means(month, {programs[one.code].pk: one.points.worth for one in GROUP})
    seconds = (month.ends_at - month.starts_at).total_seconds()
    worth = {one.code: one.points.worth for one in GROUP}
    spendings = []
    for card, member_id, mall_points in random.sample(means, int(len(means) * SHARE_A_MONTH)):
        code = random.choice(_WHERE)
        # A tenth is left alone: rounding up in several wallets may ask a little more than the price.
        payable = [price for price in _PRICES[code] if price * worth[code] <= mall_points * Fraction(9, 10)]
        if not payable:
            continue
        spendings.append(
            ledger.Spending(
                member_id=member_id,
                program_id=programs[code].pk,
                unit_id=units[code].pk,
                price=random.choice(payable),
                source_ref=f"DEMO-{month}-{card}",
                at=month.starts_at + timedelta(seconds=random.randrange(int(seconds))),
            )
        )
    return sorted(spendings, key=lambda spending: (spending.at, spending.source_ref))


def _means(month: Month, worth: Mapping[int, Fraction]) -> list[tuple[str, UUID, Fraction]]:
    """(mall card, member id, spendable in mall points) of all whose points live through the whole month."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.legacy_card, l.member_id, l.program_id, sum(l.remaining)::bigint
            FROM points_lot l
            JOIN members_enrolment e ON e.member_id = l.member_id
            JOIN units_businessunit u ON u.id = e.unit_id AND u.code = %s
            WHERE l.is_open AND l.available_at <= %s AND l.expires_at >= %s AND l.program_id = ANY (%s)
            GROUP BY 1, 2, 3
            """,
            [MALL.code, month.starts_at, month.ends_at, list(worth)],
        )
        rows = cursor.fetchall()
    means: dict[tuple[str, UUID], Fraction] = {}
    for card, member_id, program_id, points in rows:
        means[card, member_id] = means.get((card, member_id), Fraction(0)) + points * worth[program_id]
    # Cards are the same in every telling of the story; member numbers are drawn anew.
    return [(*who, mall_points) for who, mall_points in sorted(means.items())]
