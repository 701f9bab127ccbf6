"""Points spent: what a price would take, and taking it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from points.ledger.calls import Outcome, as_quoted, as_uuid, bigint, every, one, redeemed, told
from points.ledger.renewals import as_renewals
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


def redeem(
    spending: Spending,
    *,
    actor: str,
    quoted: Sequence[Share] | None = None,
    renewals: Mapping[int, datetime] | None = None,
) -> Outcome:
    """Spend a price, own wallet first; exactly as `quoted`, where a quote is given.

    `renewals` says until when each rolling program's points live on from now; those that pay are renewed. If
    one has to pay of which it does not say, the answer is renewals_wanted.

    May answer insufficient_points (with what is `short`), quote_changed (with the `shares` as they would be
    now), reference_reused or points_out_of_range.
    """
    name, posting_id, shares, short = told(
        "SELECT points_redeem(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            spending.member_id,
            spending.program_id,
            spending.unit_id,
            bigint(spending.price),
            spending.source_ref,
            spending.at,
            actor,
            as_quoted(quoted),
            as_renewals(renewals),
        ],
    )
    return redeemed((name, as_uuid(posting_id), shares, int(short or 0)))


def redeem_many(
    spendings: Sequence[Spending],
    *,
    actor: str,
    renewals: Sequence[Mapping[int, datetime] | None] | None = None,
) -> list[Outcome]:
    """Spend a batch in one round trip, in order. One outcome each; a refused one leaves the others alone.

    `renewals`, where given, has one for each spending, as in `redeem`; without, nothing is renewed.
    """
    if not spendings:
        return []
    rows = every(
        "SELECT * FROM points_redeem_many(%s::uuid[], %s::int[], %s::int[], %s::bigint[], %s::text[],"
        " %s::timestamptz[], %s, %s::jsonb[])",
        [
            [s.member_id for s in spendings],
            [s.program_id for s in spendings],
            [s.unit_id for s in spendings],
            [bigint(s.price) for s in spendings],
            [s.source_ref for s in spendings],
            [s.at for s in spendings],
            actor,
            [as_renewals(one) for one in renewals] if renewals else None,
        ],
    )
    return [redeemed(row) for row in rows]
