"""Refunds and cancellations: new postings that point at old ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common.sql import instant_array, plain_array, text_array
from points.ledger.calls import Answer, Outcome, bigint, every, one, redeemed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversed(Answer):
    """What a refund did to earned points: `taken` from lots, `owed` as a debt, `forgiven`, or `short`."""

    taken: int
    owed: int
    forgiven: int
    short: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakingBack:
    """Points of an accrual to take back; what is spent already, by `policy`: debt, clamp or refuse."""

    original_id: UUID
    points: int
    source_ref: str
    at: datetime
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PuttingBack:
    """Points of a paid price to put back; those of dead lots live on to `grace_until` (None: they do not)."""

    original_id: UUID
    points: int
    source_ref: str
    at: datetime
    grace_until: datetime | None


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
    return _reversed(row)


def reverse_accrual_many(refunds: Sequence[TakingBack], *, actor: str) -> list[Reversed]:
    """Take back a batch in one round trip, in order: one answer each. A refusal leaves the others alone."""
    if not refunds:
        return []
    rows = every(
        "SELECT * FROM points_reverse_accrual_many("
        "%s::uuid[], %s::bigint[], %s::text[], %s::timestamptz[], %s, %s::text[])",
        [
            plain_array(r.original_id for r in refunds),
            plain_array(bigint(r.points) for r in refunds),
            text_array([r.source_ref for r in refunds]),
            instant_array(r.at for r in refunds),
            actor,
            text_array([r.policy for r in refunds]),
        ],
    )
    return [_reversed(row) for row in rows]


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


def reverse_redemption_many(cancellations: Sequence[PuttingBack], *, actor: str) -> list[Outcome]:
    """Put a batch back in one round trip, in order: one answer each. A refusal leaves the others alone."""
    if not cancellations:
        return []
    rows = every(
        "SELECT *, 0 FROM points_reverse_redemption_many("
        "%s::uuid[], %s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s)",
        [
            plain_array(c.original_id for c in cancellations),
            plain_array(bigint(c.points) for c in cancellations),
            text_array([c.source_ref for c in cancellations]),
            instant_array(c.at for c in cancellations),
            instant_array(c.grace_until for c in cancellations),
            actor,
        ],
    )
    return [redeemed(row) for row in rows]


def _reversed(row: tuple[Any, ...]) -> Reversed:
    name, posting_id, *numbers = row
    taken, owed, forgiven, short = (number or 0 for number in numbers)
    return Reversed(name=name, posting_id=posting_id, taken=taken, owed=owed, forgiven=forgiven, short=short)
