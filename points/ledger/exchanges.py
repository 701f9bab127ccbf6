"""Points of one program turned into those of another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common.sql import instant_array, plain_array, text_array
from points.ledger.calls import Answer, bigint, every, one


@dataclass(frozen=True, slots=True)
class Swap:
    """Points to turn into another program's; the new lots die at `expires_at` (None: never) or sooner.

    A cap counts the local day from `day_starts_at` to before `day_ends_at`.
    """

    member_id: UUID
    source_id: int
    target_id: int
    unit_id: int
    points: int
    source_ref: str
    at: datetime
    expires_at: datetime | None
    day_starts_at: datetime
    day_ends_at: datetime


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
        "SELECT * FROM points_exchange(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            swap.member_id,
            swap.source_id,
            swap.target_id,
            swap.unit_id,
            bigint(swap.points),
            swap.source_ref,
            swap.at,
            swap.expires_at,
            swap.day_starts_at,
            swap.day_ends_at,
            actor,
            quoted,
        ],
    )
    return _exchanged(row)


def exchange_many(swaps: Sequence[Swap], *, actor: str) -> list[Exchanged]:
    """Exchange a batch in one round trip, in order: one answer each. A refusal leaves the others alone."""
    if not swaps:
        return []
    rows = every(
        "SELECT * FROM points_exchange_many(%s::uuid[], %s::int[], %s::int[], %s::int[], %s::bigint[],"
        " %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s)",
        [
            plain_array(s.member_id for s in swaps),
            plain_array(s.source_id for s in swaps),
            plain_array(s.target_id for s in swaps),
            plain_array(s.unit_id for s in swaps),
            plain_array(bigint(s.points) for s in swaps),
            text_array([s.source_ref for s in swaps]),
            instant_array(s.at for s in swaps),
            instant_array(s.expires_at for s in swaps),
            instant_array(s.day_starts_at for s in swaps),
            instant_array(s.day_ends_at for s in swaps),
            actor,
        ],
    )
    return [_exchanged(row) for row in rows]


def _exchanged(row: tuple[Any, ...]) -> Exchanged:
    name, posting_id, *numbers = row
    given, short, left = (number or 0 for number in numbers)
    return Exchanged(name=name, posting_id=posting_id, given=given, short=short, left=left)
