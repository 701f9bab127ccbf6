"""Receipts: purchases of members as proof of shopping, for whoever gives something for them (parking)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F

from activities.models import Activity, ActivityKind
from units.models import BusinessUnit


@dataclass(frozen=True, slots=True)
class Receipt:
    """A purchase of a member; `amount` as sold, `refunded` of it since, in the unit's currency."""

    activity_id: UUID
    member_id: UUID
    unit_id: int
    venue_id: int | None
    outlet_id: int | None
    source_ref: str
    occurred_at: datetime
    amount: Decimal
    refunded: Decimal
    currency: str

    @property
    def standing(self) -> Decimal:
        """What of it was not given back."""
        return self.amount - self.refunded


def receipts_of(
    member_ids: Collection[UUID],
    since: datetime,
    until: datetime,
    units: Iterable[BusinessUnit],
    *,
    kinds: Collection[str] = (ActivityKind.PURCHASE,),
    is_locked: bool = False,
) -> list[Receipt]:
    """What the members bought at `units` in `[since, until)` and did not wholly give back, oldest first.

    Give all ids of a person (members.selectors.aliases.ids_of). `is_locked`, inside a transaction, keeps the
    receipts from being refunded until its end, in the order of their ids; whether one was used for something
    before is for the caller to know.
    """
    found = Activity.objects.filter(
        member_id__in=member_ids,
        unit__in=list(units),
        kind__in=kinds,
        occurred_at__gte=since,
        occurred_at__lt=until,
        refunded__lt=F("amount"),
    )
    if is_locked:
        found = found.select_for_update(no_key=True, of=("self",)).order_by("id")
    rows = found.values_list(
        *(
            "id",
            "member_id",
            "unit_id",
            "outlet__venue_id",
            "outlet_id",
            "source_ref",
            "occurred_at",
            "amount",
        ),
        *("refunded", "currency"),
    )
    return sorted(
        (Receipt(*row) for row in rows), key=lambda receipt: (receipt.occurred_at, receipt.activity_id)
    )
