"""What was taken of rights in their periods: used and not restored, or held and neither used nor released."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from benefits.models import EntitlementEntry, EntryKind
from common.sql import rows

Period = tuple[UUID, date]
_TAKEN: Final = """
SELECT last.entitlement, last.period_starts_on, last.taken_after - coalesce((
           SELECT sum(h.amount) FROM benefits_entitlemententry h
           WHERE h.entitlement = last.entitlement AND h.period_starts_on = last.period_starts_on
             AND h.kind = 'hold' AND h.hold_until <= %(at)s
             AND NOT EXISTS (SELECT FROM benefits_entitlemententry f
                             WHERE f.of_id = h.id AND f.kind IN ('use', 'release'))), 0)
FROM (
    SELECT DISTINCT ON (e.entitlement, e.period_starts_on) e.entitlement, e.period_starts_on, e.taken_after
    FROM benefits_entitlemententry e
    WHERE e.entitlement = ANY (%(rights)s) AND e.period_starts_on = ANY (%(days)s)
    ORDER BY e.entitlement, e.period_starts_on, e.place DESC
) AS last
"""


def taken_of(periods: Collection[Period], *, at: datetime) -> dict[Period, Decimal]:
    """(right, first day of the period) → what is taken at `at`; nothing where nothing was. One statement.

    What is held past its time counts as let go, whether or not anybody has released it.
    """
    read = {
        "rights": list({right for right, _ in periods}),
        "days": list({day for _, day in periods}),
        "at": at,
    }
    taken = {(right, day): after for right, day, after in rows(_TAKEN, read)} if periods else {}
    return {period: taken.get(period, Decimal(0)) for period in periods}


def overdue_holds(*, at: datetime) -> QuerySet[EntitlementEntry]:
    """What is held past its time, and neither used nor released."""
    return open_holds().filter(hold_until__lte=at)


def open_holds() -> QuerySet[EntitlementEntry]:
    """What is held, and neither used nor released."""
    ended = EntitlementEntry.objects.filter(of=OuterRef("pk"), kind__in=[EntryKind.USE, EntryKind.RELEASE])
    return EntitlementEntry.objects.filter(~Exists(ended), kind=EntryKind.HOLD)
