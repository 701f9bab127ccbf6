"""Refunds and cancellations: new postings that point at old ones."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from points.ledger.calls import Answer, Outcome, bigint, one, redeemed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversed(Answer):
    """What a refund did to earned points: `taken` from lots, `owed` as a debt, `forgiven`, or `short`."""

    taken: int
    owed: int
    forgiven: int
    short: int


def reverse_accrual(
    *, original_id: UUID, points: int, source_ref: str, at: datetime, actor: str, policy: str
) -> Reversed:
    """Take back `points` of an accrual: its lot, the other lots, then by `policy` debt, clamp or refuse.

    May answer not_an_accrual, reversal_exceeds_original, insufficient_points (policy refuse) or
    reference_reused.
    """
    row = one(
        "SELECT * FROM points_reverse_accrual(%s, %s, %s, %s, %s, %s)",
        [original_id, bigint(points), source_ref, at, actor, policy],
    )
    name, posting_id, *numbers = row
    taken, owed, forgiven, short = (number or 0 for number in numbers)
    return Reversed(name=name, posting_id=posting_id, taken=taken, owed=owed, forgiven=forgiven, short=short)


def reverse_redemption(
    *,
    original_id: UUID,
    points: int,
    source_ref: str,
    at: datetime,
    grace_until: datetime | None,
    actor: str,
) -> Outcome:
    """Put `points` of a price back into the lots they came from; dead ones live on to `grace_until`.

    May answer not_a_redemption, reversal_exceeds_original or reference_reused.
    """
    row = one(
        "SELECT *, 0 FROM points_reverse_redemption(%s, %s, %s, %s, %s, %s)",
        [original_id, bigint(points), source_ref, at, grace_until, actor],
    )
    return redeemed(row)
