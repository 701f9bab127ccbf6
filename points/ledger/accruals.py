"""Points given: one accrual, or many in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from common.sql import instant_array, plain_array, text_array
from points.ledger.calls import Outcome, as_uuid, bigint, every, told


@dataclass(frozen=True, slots=True)
class Accrual:
    """Points to give: by which unit, for what, from when, until when (None: for ever), at what cost each."""

    member_id: UUID
    program_id: int
    unit_id: int
    points: int
    source_ref: str
    occurred_at: datetime
    available_at: datetime
    expires_at: datetime | None
    unit_cost: Decimal
    rule: str
    # Of a rolling program: earning and redeeming move `expires_at` on.
    rolls: bool = False


def accrue(accrual: Accrual, *, actor: str) -> Outcome:
    """Post one accrual: one lot, one round trip. May answer reference_reused or points_out_of_range."""
    name, posting_id = told(
        "SELECT points_accrue(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            accrual.member_id,
            accrual.program_id,
            accrual.unit_id,
            bigint(accrual.points),
            accrual.source_ref,
            accrual.occurred_at,
            accrual.available_at,
            accrual.expires_at,
            accrual.unit_cost,
            actor,
            accrual.rule,
            accrual.rolls,
        ],
    )
    return Outcome(name=str(name), posting_id=as_uuid(posting_id))


def accrue_many(accruals: Sequence[Accrual], *, actor: str) -> list[Outcome]:
    """Post a batch in one round trip. One outcome each, in order; a refused one leaves the others alone."""
    if not accruals:
        return []
    earned = instant_array(a.occurred_at for a in accruals)
    is_at_once = all(a.available_at is a.occurred_at for a in accruals)
    rows = every(
        "SELECT * FROM points_accrue_many(%s::uuid[], %s::int[], %s::int[], %s::bigint[], %s::text[],"
        " %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::numeric[], %s, %s::text[],"
        " %s::boolean[])",
        [
            plain_array(a.member_id for a in accruals),
            plain_array(a.program_id for a in accruals),
            plain_array(a.unit_id for a in accruals),
            plain_array(bigint(a.points) for a in accruals),
            text_array([a.source_ref for a in accruals]),
            earned,
            earned if is_at_once else instant_array(a.available_at for a in accruals),
            instant_array(a.expires_at for a in accruals),
            plain_array(a.unit_cost for a in accruals),
            actor,
            text_array([a.rule for a in accruals]),
            plain_array(a.rolls for a in accruals) if any(a.rolls for a in accruals) else None,
        ],
    )
    return [Outcome(name=name, posting_id=posting_id) for name, posting_id in rows]
