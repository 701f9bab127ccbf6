"""Points spent: what a price would take, and taking it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from points.ledger.calls import Outcome, as_quoted, bigint, every, one, redeemed
from points.rules.shares import Share


@dataclass(frozen=True, slots=True)
class Spending:
    """A price in one program's points to pay at a unit, at an instant."""

    member_id: UUID
    program_id: int
    unit_id: int
    price: int
    source_ref: str
    at: datetime


def allocate(*, member_id: UUID, program_id: int, price: int, at: datetime) -> tuple[tuple[Share, ...], int]:
    """How a price would be paid: the shares, and what no wallet covers. Reads only: it is the quote."""
    programs, spent, covered, short = one(
        "SELECT programs, spent, covered, short FROM points_allocate(%s, %s, %s, %s)",
        [member_id, program_id, price, at],
    )
    shares = zip(programs or [], spent or [], covered or [], strict=True)
    return tuple(Share(*share) for share in shares), short


def redeem(spending: Spending, *, actor: str, quoted: Sequence[Share] | None = None) -> Outcome:
    """Spend a price, own wallet first; exactly as `quoted`, where a quote is given.

    May answer insufficient_points (with what is `short`), quote_changed (with the `shares` as they would be
    now), reference_reused or points_out_of_range.
    """
    row = one(
        "SELECT * FROM points_redeem(%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            spending.member_id,
            spending.program_id,
            spending.unit_id,
            bigint(spending.price),
            spending.source_ref,
            spending.at,
            actor,
            as_quoted(quoted),
        ],
    )
    return redeemed(row)


def redeem_many(spendings: Sequence[Spending], *, actor: str) -> list[Outcome]:
    """Spend a batch in one round trip, in order. One outcome each; a refused one leaves the others alone."""
    if not spendings:
        return []
    rows = every(
        "SELECT * FROM points_redeem_many(%s::uuid[], %s::int[], %s::int[], %s::bigint[], %s::text[],"
        " %s::timestamptz[], %s)",
        [
            [s.member_id for s in spendings],
            [s.program_id for s in spendings],
            [s.unit_id for s in spendings],
            [bigint(s.price) for s in spendings],
            [s.source_ref for s in spendings],
            [s.at for s in spendings],
            actor,
        ],
    )
    return [redeemed(row) for row in rows]
