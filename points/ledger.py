"""The only Python that writes the ledger: each function is one call of the kernel (`points/sql/`).

The kernel answers by name. `posted` and `replayed` are results; every other outcome is a refusal
(`points/refusals.py`) and left nothing written. Points are whole numbers; instants are aware.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self, cast
from uuid import UUID

from django.db import connection
from psycopg2.extras import Json

from common.sql import instant_array, plain_array, retrying, text_array
from points.refusals import BY_OUTCOME
from points.rules.shares import Share

RESULTS = {"posted", "replayed"}


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


@dataclass(frozen=True, slots=True)
class Spending:
    """A price in one program's points to pay at a unit, at an instant."""

    member_id: UUID
    program_id: int
    unit_id: int
    price: int
    source_ref: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the kernel says it did. `posting_id` is the new posting, or the first one where it is a replay."""

    name: str
    posting_id: UUID | None

    @property
    def is_replay(self) -> bool:
        """The same reference with the same content was posted before."""
        return self.name == "replayed"

    @property
    def posted_id(self) -> UUID:
        """The posting of a result (after `or_refuse`)."""
        assert self.posting_id is not None, f"{self.name} posted nothing"
        return self.posting_id

    def or_refuse(self, **facts: Any) -> Self:
        """The answer itself, if it is a result.

        :raises DomainError: the refusal that it names, with `facts`
        """
        if self.name in RESULTS:
            return self
        raise BY_OUTCOME[self.name](**facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Answer):
    """The answer to an accrual or a redemption; `short` is what no wallet covers, in the price's program."""

    shares: tuple[Share, ...] = ()
    short: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Outcome):
    """The answer to a hold: the hold, or the first one where it is a replay."""

    hold_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversed(Answer):
    """What a refund did to earned points: `taken` from lots, `owed` as a debt, `forgiven`, or `short`."""

    taken: int
    owed: int
    forgiven: int
    short: int


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


@dataclass(frozen=True, slots=True)
class Swept:
    """One chunk of the expiry sweep; `last_wallet` is None when nothing was due."""

    last_wallet: int | None
    lots: int
    points: int


def accrue(accrual: Accrual, *, actor: str) -> Outcome:
    """Post one accrual: one lot, one round trip. May answer reference_reused or points_out_of_range."""
    row = _one(
        "SELECT * FROM points_accrue(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            accrual.member_id,
            accrual.program_id,
            accrual.unit_id,
            _bigint(accrual.points),
            accrual.source_ref,
            accrual.occurred_at,
            accrual.available_at,
            accrual.expires_at,
            accrual.unit_cost,
            actor,
            accrual.rule,
        ],
    )
    return Outcome(name=row[0], posting_id=row[1])


def accrue_many(accruals: Sequence[Accrual], *, actor: str) -> list[Outcome]:
    """Post a batch in one round trip. One outcome each, in order; a refused one leaves the others alone."""
    if not accruals:
        return []
    rows = _all(
        "SELECT * FROM points_accrue_many(%s::uuid[], %s::int[], %s::int[], %s::bigint[], %s::text[],"
        " %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::numeric[], %s, %s::text[])",
        [
            plain_array(a.member_id for a in accruals),
            plain_array(a.program_id for a in accruals),
            plain_array(a.unit_id for a in accruals),
            plain_array(_bigint(a.points) for a in accruals),
            text_array([a.source_ref for a in accruals]),
            instant_array(a.occurred_at for a in accruals),
            instant_array(a.available_at for a in accruals),
            instant_array(a.expires_at for a in accruals),
            plain_array(a.unit_cost for a in accruals),
            actor,
            text_array([a.rule for a in accruals]),
        ],
    )
    return [Outcome(name=name, posting_id=posting_id) for name, posting_id in rows]


def allocate(*, member_id: UUID, program_id: int, price: int, at: datetime) -> tuple[tuple[Share, ...], int]:
    """How a price would be paid: the shares, and what no wallet covers. Reads only: it is the quote."""
    programs, spent, covered, short = _one(
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
    row = _one(
        "SELECT * FROM points_redeem(%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            spending.member_id,
            spending.program_id,
            spending.unit_id,
            _bigint(spending.price),
            spending.source_ref,
            spending.at,
            actor,
            _as_quoted(quoted),
        ],
    )
    return _redeemed(row)


def redeem_many(spendings: Sequence[Spending], *, actor: str) -> list[Outcome]:
    """Spend a batch in one round trip, in order. One outcome each; a refused one leaves the others alone."""
    if not spendings:
        return []
    rows = _all(
        "SELECT * FROM points_redeem_many(%s::uuid[], %s::int[], %s::int[], %s::bigint[], %s::text[],"
        " %s::timestamptz[], %s)",
        [
            [s.member_id for s in spendings],
            [s.program_id for s in spendings],
            [s.unit_id for s in spendings],
            [_bigint(s.price) for s in spendings],
            [s.source_ref for s in spendings],
            [s.at for s in spendings],
            actor,
        ],
    )
    return [_redeemed(row) for row in rows]


def reverse_accrual(
    *, original_id: UUID, points: int, source_ref: str, at: datetime, actor: str, policy: str
) -> Reversed:
    """Take back `points` of an accrual: its lot, the other lots, then by `policy` debt, clamp or refuse.

    May answer not_an_accrual, reversal_exceeds_original, insufficient_points (policy refuse) or
    reference_reused.
    """
    row = _one(
        "SELECT * FROM points_reverse_accrual(%s, %s, %s, %s, %s, %s)",
        [original_id, _bigint(points), source_ref, at, actor, policy],
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
    row = _one(
        "SELECT *, 0 FROM points_reverse_redemption(%s, %s, %s, %s, %s, %s)",
        [original_id, _bigint(points), source_ref, at, grace_until, actor],
    )
    return _redeemed(row)


def hold(
    spending: Spending, *, expires_at: datetime, actor: str, quoted: Sequence[Share] | None = None
) -> Held:
    """Reserve a price: allocated like a redemption, kept from every other use until it ends.

    May answer what `redeem` answers.
    """
    row = _one(
        "SELECT * FROM points_hold_price(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            spending.member_id,
            spending.program_id,
            spending.unit_id,
            _bigint(spending.price),
            spending.source_ref,
            spending.at,
            expires_at,
            actor,
            _as_quoted(quoted),
        ],
    )
    name, hold_id, shares, short = row
    return Held(name=name, posting_id=None, hold_id=hold_id, shares=_shares(shares), short=short or 0)


def capture_hold(*, hold_id: UUID, price: int, at: datetime, actor: str) -> Outcome:
    """Spend all or a part of a hold, release the rest.

    May answer no_such_hold, hold_not_open, capture_exceeds_hold, reference_reused (captured before for
    another price) or points_out_of_range.
    """
    row = _one("SELECT *, 0 FROM points_capture_hold(%s, %s, %s, %s)", [hold_id, _bigint(price), at, actor])
    return _redeemed(row)


def void_hold(*, hold_id: UUID, at: datetime) -> Answer:
    """Let go of what a hold reserved. May answer no_such_hold or hold_not_open (it was captured)."""
    row = _one("SELECT * FROM points_void_hold(%s, %s, 'voided')", [hold_id, at])
    return Answer(name=row[0], posting_id=None)


def time_out_holds(*, at: datetime, holds: int) -> int:
    """Time out the next `holds` holds that nobody answered by `at`. Returns how many; 0: none is due."""
    return int(_one("SELECT points_time_out_holds(%s, %s)", [at, holds])[0])


def exchange(swap: Swap, *, actor: str, quoted: int | None = None) -> Exchanged:
    """Turn points into another program's at the rate in force; exactly `quoted`, where a quote is given.

    May answer no_exchange_rate, exchange_cap_reached, exchange_too_small, quote_changed, insufficient_points,
    reference_reused or points_out_of_range.
    """
    row = _one(
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


def expire(*, at: datetime, after_wallet: int, wallets: int, actor: str) -> Swept:
    """Book what is due in the next `wallets` wallets. Safe to repeat, to run in parallel, to be killed."""
    return Swept(*_one("SELECT * FROM points_expire(%s, %s, %s, %s)", [at, after_wallet, wallets, actor]))


def _bigint(points: int) -> int:
    """`points`, or one as absurd that PostgreSQL can read and add to: the kernel refuses both by name."""
    return max(-(2**62), min(points, 2**62))


def _redeemed(row: tuple[Any, ...]) -> Outcome:
    name, posting_id, shares, short = row
    return Outcome(name=name, posting_id=posting_id, shares=_shares(shares), short=short or 0)


def _shares(text: str | None) -> tuple[Share, ...]:
    # Django leaves jsonb to its own fields, so a raw cursor sees its text.
    return tuple(Share(s["program"], s["spent"], s["covered"]) for s in json.loads(text or "[]"))


def _as_quoted(quoted: Sequence[Share] | None) -> Json | None:
    if quoted is None:
        return None
    return Json([{"program": s.program_id, "spent": s.spent, "covered": s.covered} for s in quoted])


def _one(sql: str, parameters: list[Any]) -> tuple[Any, ...]:
    return _all(sql, parameters)[0]


def _all(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    def call() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cast("list[tuple[Any, ...]]", cursor.fetchall())

    return retrying(call)
