"""Points reserved: hold a price, then capture it, void it or let it time out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common.sql import instant_array, plain_array, text_array
from points.ledger.calls import Answer, Outcome, as_quoted, bigint, every, one, redeemed, shares_of
from points.ledger.renewals import as_renewals
from points.ledger.spending import Spending
from points.rules.shares import Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Outcome):
    """The answer to a hold: the hold, or the first one where it is a replay."""

    hold_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """All or a part of a hold to spend, and until when that renews each rolling program it may pay from."""

    hold_id: UUID
    price: int
    at: datetime
    renewals: Mapping[int, datetime] | None = None


def hold(
    spending: Spending, *, expires_at: datetime, actor: str, quoted: Sequence[Share] | None = None
) -> Held:
    """Reserve a price: allocated like a redemption, kept from every other use until it ends.

    May answer what `redeem` answers.
    """
    row = one(
        "SELECT * FROM points_hold_price(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            spending.member_id,
            spending.program_id,
            spending.unit_id,
            bigint(spending.price),
            spending.source_ref,
            spending.at,
            expires_at,
            actor,
            as_quoted(quoted),
        ],
    )
    return _held(row)


def hold_many(spendings: Sequence[Spending], *, expires_at: Sequence[datetime], actor: str) -> list[Held]:
    """Reserve a batch in one round trip, in order: one answer each. A refusal leaves the others alone.

    `expires_at`: when each times out.
    """
    assert len(spendings) == len(expires_at), "each hold has its own time"
    if not spendings:
        return []
    rows = every(
        "SELECT * FROM points_hold_price_many(%s::uuid[], %s::int[], %s::int[], %s::bigint[], %s::text[],"
        " %s::timestamptz[], %s::timestamptz[], %s)",
        [
            plain_array(s.member_id for s in spendings),
            plain_array(s.program_id for s in spendings),
            plain_array(s.unit_id for s in spendings),
            plain_array(bigint(s.price) for s in spendings),
            text_array([s.source_ref for s in spendings]),
            instant_array(s.at for s in spendings),
            instant_array(expires_at),
            actor,
        ],
    )
    return [_held(row) for row in rows]


def capture_hold(
    *,
    hold_id: UUID,
    price: int,
    at: datetime,
    actor: str,
    renewals: Mapping[int, datetime] | None = None,
) -> Outcome:
    """Spend all or a part of a hold, release the rest; renew what rolls in the programs that pay.

    May answer no_such_hold, hold_not_open, capture_exceeds_hold, reference_reused (captured before for
    another price), renewals_wanted (see `redeem`) or points_out_of_range.
    """
    row = one(
        "SELECT *, 0 FROM points_capture_hold(%s, %s, %s, %s, %s)",
        [hold_id, bigint(price), at, actor, as_renewals(renewals)],
    )
    return redeemed(row)


def capture_many(captures: Sequence[Capture], *, actor: str) -> list[Outcome]:
    """Capture a batch in one round trip, in order: one answer each. A refusal leaves the others alone."""
    if not captures:
        return []
    rows = every(
        "SELECT *, 0 FROM points_capture_hold_many("
        "%s::uuid[], %s::bigint[], %s::timestamptz[], %s, %s::jsonb[])",
        [
            plain_array(c.hold_id for c in captures),
            plain_array(bigint(c.price) for c in captures),
            instant_array(c.at for c in captures),
            actor,
            [as_renewals(c.renewals) for c in captures],
        ],
    )
    return [redeemed(row) for row in rows]


def void_hold(*, hold_id: UUID, at: datetime) -> Answer:
    """Let go of what a hold reserved. May answer no_such_hold or hold_not_open (it was captured)."""
    row = one("SELECT * FROM points_void_hold(%s, %s, 'voided')", [hold_id, at])
    return Answer(name=row[0], posting_id=None)


def void_many(hold_ids: Sequence[UUID], *, at: datetime) -> list[Answer]:
    """Let go of a batch in one round trip, in order: one answer each. A refusal leaves the others alone."""
    if not hold_ids:
        return []
    rows = every(
        "SELECT * FROM points_void_hold_many(%s::uuid[], %s::timestamptz[], 'voided')",
        [plain_array(hold_ids), instant_array([at] * len(hold_ids))],
    )
    return [Answer(name=name, posting_id=None) for (name,) in rows]


def time_out_holds(*, at: datetime, holds: int) -> int:
    """Time out the next `holds` holds that nobody answered by `at`. Returns how many; 0: none is due."""
    return int(one("SELECT points_time_out_holds(%s, %s)", [at, holds])[0])


def _held(row: tuple[Any, ...]) -> Held:
    name, hold_id, shares, short = row
    return Held(name=name, posting_id=None, hold_id=hold_id, shares=shares_of(shares), short=short or 0)
