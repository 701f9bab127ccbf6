"""What was taken of rights in their periods: used and not restored, or held and neither used nor released."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Sum

from benefits.models import EntitlementEntry, EntryKind

Period = tuple[UUID, date]


def taken_of(periods: Collection[Period], *, at: datetime) -> dict[Period, Decimal]:
    """(right, first day of the period) → what is taken at `at`; nothing where nothing was. Two queries.

    What is held past its time counts as let go, whether or not anybody has released it.
    """
    rights, days = {right for right, _day in periods}, {day for _right, day in periods}
    mine = EntitlementEntry.objects.filter(entitlement__in=rights, period_starts_on__in=days)
    last = mine.order_by("entitlement", "period_starts_on", "-place").distinct(
        "entitlement", "period_starts_on"
    )
    taken = {
        (right, day): after
        for right, day, after in last.values_list("entitlement", "period_starts_on", "taken_after")
    }
    if taken:
        late = overdue_holds(at=at).filter(entitlement__in=rights, period_starts_on__in=days)
        sums = late.values("entitlement", "period_starts_on").annotate(held=Sum("amount"))
        for row in sums.order_by():
            taken[row["entitlement"], row["period_starts_on"]] -= row["held"]
    return {period: taken.get(period, Decimal(0)) for period in periods}


def overdue_holds(*, at: datetime) -> QuerySet[EntitlementEntry]:
    """What is held past its time, and neither used nor released."""
    return open_holds().filter(hold_until__lte=at)


def open_holds() -> QuerySet[EntitlementEntry]:
    """What is held, and neither used nor released."""
    ended = EntitlementEntry.objects.filter(of=OuterRef("pk"), kind__in=[EntryKind.USE, EntryKind.RELEASE])
    return EntitlementEntry.objects.filter(~Exists(ended), kind=EntryKind.HOLD)
