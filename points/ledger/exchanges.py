"""Points of one program turned into those of another."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from points.ledger.calls import Answer, one


@dataclass(frozen=True, slots=True)
class Swap:
    """Points to turn into another program's; the new lots die at `expires_at` (None: never) or sooner."""

    member_id: UUID
    source_id: int
    target_id: int
    unit_id: int
    points: int
    source_ref: str
    at: datetime
    expires_at: datetime | None
    day_starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged(Answer):
    """The answer to an exchange: what is `given`; what is `short`, or `left` of the day's cap, if refused."""

    given: int
    short: int
    left: int


def exchange(swap: Swap, *, actor: str, quoted: int | None = None) -> Exchanged:
    """Turn points into another program's at the rate in force; exactly `quoted`, where a quote is given.

    May answer no_exchange_rate, exchange_cap_reached, exchange_too_small, quote_changed, insufficient_points,
    reference_reused or points_out_of_range.
    """
    row = one(
        "SELECT * FROM points_exchange(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            swap.member_id,
            swap.source_id,
            swap.target_id,
            swap.unit_id,
            swap.points,
            swap.source_ref,
            swap.at,
            swap.expires_at,
            swap.day_starts_at,
            actor,
            quoted,
        ],
    )
    name, posting_id, *numbers = row
    given, short, left = (number or 0 for number in numbers)
    return Exchanged(name=name, posting_id=posting_id, given=given, short=short, left=left)
