"""Receipts: purchases of members as proof of shopping, for whoever gives something for them (parking)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from activities.models import ActivityKind
from common.sql import rows

_READ: Final = """
SELECT a.id, a.member_id, a.unit_id, o.venue_id, a.outlet_id, a.source_ref, a.occurred_at, a.amount,
       a.refunded, a.currency
FROM activities_activity a LEFT JOIN units_outlet o ON o.id = a.outlet_id
WHERE a.member_id = ANY (%(members)s) AND a.unit_id = ANY (%(units)s) AND a.kind = ANY (%(kinds)s)
  AND a.occurred_at >= %(since)s AND a.occurred_at < %(until)s AND a.refunded < a.amount
"""
_LOCKED: Final = f"{_READ} ORDER BY a.id FOR NO KEY UPDATE OF a"


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
    unit_ids: Collection[int],
    *,
    kinds: Collection[str] = (ActivityKind.PURCHASE,),
    is_locked: bool = False,
) -> list[Receipt]:
    """What the members bought at these units in `[since, until)` and did not wholly give back, oldest first.

    Give all ids of a person (members.selectors.aliases.ids_of). `is_locked`, inside a transaction, keeps the
    receipts from being refunded until its end, in the order of their ids; whether one was used for something
    before is for the caller to know.
    """
    asked: dict[str, object] = {"members": list(member_ids), "units": list(unit_ids)}
    asked["kinds"] = [str(kind) for kind in kinds]
    found = rows(_LOCKED if is_locked else _READ, {**asked, "since": since, "until": until})
    return sorted(
        (Receipt(*row) for row in found), key=lambda receipt: (receipt.occurred_at, receipt.activity_id)
    )
