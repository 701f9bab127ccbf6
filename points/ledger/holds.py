"""Points reserved: hold a price, then capture it, void it or let it time out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from points.ledger.calls import Answer, Outcome, as_quoted, bigint, one, redeemed, shares_of
from points.ledger.spending import Spending
from points.rules.shares import Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Outcome):
    """The answer to a hold: the hold, or the first one where it is a replay."""

    hold_id: UUID | None


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
    name, hold_id, shares, short = row
    return Held(name=name, posting_id=None, hold_id=hold_id, shares=shares_of(shares), short=short or 0)


def capture_hold(*, hold_id: UUID, price: int, at: datetime, actor: str) -> Outcome:
    """Spend all or a part of a hold, release the rest.

    May answer no_such_hold, hold_not_open, capture_exceeds_hold, reference_reused (captured before for
    another price) or points_out_of_range.
    """
    row = one("SELECT *, 0 FROM points_capture_hold(%s, %s, %s, %s)", [hold_id, bigint(price), at, actor])
    return redeemed(row)


def void_hold(*, hold_id: UUID, at: datetime) -> Answer:
    """Let go of what a hold reserved. May answer no_such_hold or hold_not_open (it was captured)."""
    row = one("SELECT * FROM points_void_hold(%s, %s, 'voided')", [hold_id, at])
    return Answer(name=row[0], posting_id=None)


def time_out_holds(*, at: datetime, holds: int) -> int:
    """Time out the next `holds` holds that nobody answered by `at`. Returns how many; 0: none is due."""
    return int(one("SELECT points_time_out_holds(%s, %s)", [at, holds])[0])
