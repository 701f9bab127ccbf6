"""Points that change hands or state: adjusted, transferred, released early, moved to another member."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg2.extras import Json

from common.sql import instant_array, plain_array, text_array
from points.ledger.calls import Answer, bigint, every, one


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Points given (or, negative, taken) by hand. A new lot dies at `expires_at` (None: never).

    `detail` is kept on the posting beside the reason: the request, who approved it.
    """

    member_id: UUID
    program_id: int
    unit_id: int
    points: int
    source_ref: str
    at: datetime
    expires_at: datetime | None
    unit_cost: Decimal
    rolls: bool
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> dict[str, Any]:
        """What the posting's detail keeps; the kernel adds the signed points."""
        return {**self.detail, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted(Answer):
    """The answer to an adjustment; `short` is what the wallet lacks, if refused."""

    short: int


def adjust(adjustment: Adjustment, *, actor: str) -> Adjusted:
    """Post one adjustment. May answer insufficient_points, reference_reused or points_out_of_range."""
    a = adjustment
    row = one(
        "SELECT * FROM points_adjust(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            a.member_id,
            a.program_id,
            a.unit_id,
            bigint(a.points),
            a.source_ref,
            a.at,
            a.expires_at,
            a.unit_cost,
            a.rolls,
            Json(a.kept),
            actor,
        ],
    )
    return _adjusted(row)


def adjust_many(adjustments: Sequence[Adjustment], *, actor: str) -> list[Adjusted]:
    """Post a batch in one round trip, in order; a refused one leaves the others alone."""
    if not adjustments:
        return []
    rows = every(
        "SELECT * FROM points_adjust_many(%s::uuid[], %s::int[], %s::int[], %s::bigint[], %s::text[],"
        " %s::timestamptz[], %s::timestamptz[], %s::numeric[], %s::boolean[], %s::text[]::jsonb[], %s)",
        [
            plain_array(a.member_id for a in adjustments),
            plain_array(a.program_id for a in adjustments),
            plain_array(a.unit_id for a in adjustments),
            plain_array(bigint(a.points) for a in adjustments),
            text_array([a.source_ref for a in adjustments]),
            instant_array(a.at for a in adjustments),
            instant_array(a.expires_at for a in adjustments),
            plain_array(a.unit_cost for a in adjustments),
            plain_array(a.rolls for a in adjustments),
            text_array([json.dumps(a.kept) for a in adjustments]),
            actor,
        ],
    )
    return [_adjusted(row) for row in rows]


def _adjusted(row: tuple[Any, ...]) -> Adjusted:
    name, posting_id, short = row
    return Adjusted(name=name, posting_id=posting_id, short=short or 0)
