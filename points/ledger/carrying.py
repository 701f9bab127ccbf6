"""Points that change hands or state: adjusted, transferred, released early, moved to another member."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg2.extras import DateTimeTZRange, Json

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


@dataclass(frozen=True, slots=True)
class Period:
    """[starts_at, ends_at) and how many points a giver may transfer in it (None: no limit)."""

    starts_at: datetime
    ends_at: datetime
    cap: int | None

    @property
    def range(self) -> DateTimeTZRange:
        """As the kernel takes it."""
        return DateTimeTZRange(self.starts_at, self.ends_at)


@dataclass(frozen=True, slots=True)
class Transfer:
    """Points that one member gives another, within what is left of the day and the month.

    `detail` is kept on the posting, beside the receiver and the lots.
    """

    from_id: UUID
    to_id: UUID
    program_id: int
    unit_id: int
    points: int
    source_ref: str
    at: datetime
    day: Period
    month: Period
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred(Answer):
    """The answer to a transfer: what is `short`, or `left` of the nearer limit (None: none), if refused."""

    short: int
    left: int | None


def transfer(asked: Transfer, *, actor: str) -> Transferred:
    """Give points to another member: lots keep issuer, cost, earning and end; a debt is repaid first.

    May answer same_member, transfer_cap_reached, insufficient_points, reference_reused or
    points_out_of_range.
    """
    t = asked
    row = one(
        "SELECT * FROM points_transfer(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            t.from_id,
            t.to_id,
            t.program_id,
            t.unit_id,
            bigint(t.points),
            t.source_ref,
            t.at,
            t.day.cap,
            t.day.range,
            t.month.cap,
            t.month.range,
            Json(dict(t.detail)),
            actor,
        ],
    )
    return _transferred(row)


def transfer_many(asked: Sequence[Transfer], *, actor: str) -> list[Transferred]:
    """Post a batch in one round trip, in order; a refused one leaves the others alone."""
    if not asked:
        return []
    rows = every(
        "SELECT * FROM points_transfer_many(%s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::bigint[],"
        " %s::text[], %s::timestamptz[], %s::bigint[], %s::tstzrange[], %s::bigint[], %s::tstzrange[],"
        " %s::text[]::jsonb[], %s)",
        [
            plain_array(t.from_id for t in asked),
            plain_array(t.to_id for t in asked),
            plain_array(t.program_id for t in asked),
            plain_array(t.unit_id for t in asked),
            plain_array(bigint(t.points) for t in asked),
            text_array([t.source_ref for t in asked]),
            instant_array(t.at for t in asked),
            plain_array(t.day.cap for t in asked),
            _ranges([t.day for t in asked]),
            plain_array(t.month.cap for t in asked),
            _ranges([t.month for t in asked]),
            text_array([json.dumps(dict(t.detail)) for t in asked]),
            actor,
        ],
    )
    return [_transferred(row) for row in rows]


def transfer_left(*, from_id: UUID, program_id: int, day: Period, month: Period) -> int | None:
    """What a member may still transfer in both periods; None: there is no limit. Reads only."""
    left = one(
        "SELECT points_transfer_left(%s, %s, %s, %s, %s, %s)",
        [from_id, program_id, day.cap, day.range, month.cap, month.range],
    )[0]
    return None if left is None else max(0, left)


def lock_wallets(*, member_ids: Sequence[UUID], payer_id: UUID, program_id: int) -> None:
    """Take the locks of all wallets of several members, in the one order, for the rest of the transaction."""
    every("SELECT points_lock_wallets(%s::uuid[], %s, %s)", [plain_array(member_ids), payer_id, program_id])


@dataclass(frozen=True, slots=True, kw_only=True)
class Matured(Answer):
    """The answer to an early release: the points that can be spent now."""

    released: int


def mature(*, accrual_id: UUID, source_ref: str, at: datetime, actor: str) -> Matured:
    """Release what is still pending of an accrual.

    May answer not_an_accrual, nothing_pending or reference_reused.
    """
    return _matured(one("SELECT * FROM points_mature(%s, %s, %s, %s)", [accrual_id, source_ref, at, actor]))


def mature_many(releases: Sequence[tuple[UUID, str, datetime]], *, actor: str) -> list[Matured]:
    """Release many, each an (accrual, source reference, instant), in one round trip."""
    if not releases:
        return []
    rows = every(
        "SELECT * FROM points_mature_many(%s::uuid[], %s::text[], %s::timestamptz[], %s)",
        [
            plain_array(accrual_id for accrual_id, _, _ in releases),
            text_array([source_ref for _, source_ref, _ in releases]),
            instant_array(at for _, _, at in releases),
            actor,
        ],
    )
    return [_matured(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Move:
    """All that a member's wallet in one program holds, to become another member's."""

    from_id: UUID
    to_id: UUID
    program_id: int
    unit_id: int
    source_ref: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Answer):
    """The answer to a move: points in lots `moved`, `debt` that went along; the open `holds`, if refused."""

    moved: int
    debt: int
    holds: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedBack(Answer):
    """The answer to an undone move; `kept` says of each old lot where the rest is: spent, expired, held."""

    moved: int
    debt: int
    kept: Mapping[str, Mapping[str, int]]


def move_wallet(move: Move, *, actor: str) -> Moved:
    """Move a wallet's lots and debt to another member, as they are.

    May answer same_member, wallet_has_holds, nothing_to_move or reference_reused.
    """
    return move_wallet_many([move], actor=actor)[0]


def move_wallet_many(moves: Sequence[Move], *, actor: str) -> list[Moved]:
    """Move many wallets in one round trip; one that is refused leaves the others alone."""
    if not moves:
        return []
    rows = every(
        "SELECT * FROM points_move_wallet_many(%s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::text[],"
        " %s::timestamptz[], %s)",
        [
            plain_array(m.from_id for m in moves),
            plain_array(m.to_id for m in moves),
            plain_array(m.program_id for m in moves),
            plain_array(m.unit_id for m in moves),
            text_array([m.source_ref for m in moves]),
            instant_array(m.at for m in moves),
            actor,
        ],
    )
    return [_moved(row) for row in rows]


def unmove(*, move_id: UUID, source_ref: str, at: datetime, actor: str) -> MovedBack:
    """Give back what remains of a move. May answer not_a_move, nothing_to_move or reference_reused."""
    return unmove_many([(move_id, source_ref, at)], actor=actor)[0]


def unmove_many(moves: Sequence[tuple[UUID, str, datetime]], *, actor: str) -> list[MovedBack]:
    """Undo many moves, each a (move, source reference, instant), in one round trip."""
    if not moves:
        return []
    rows = every(
        "SELECT * FROM points_unmove_many(%s::uuid[], %s::text[], %s::timestamptz[], %s)",
        [
            plain_array(move_id for move_id, _, _ in moves),
            text_array([source_ref for _, source_ref, _ in moves]),
            instant_array(at for _, _, at in moves),
            actor,
        ],
    )
    return [_moved_back(row) for row in rows]


def _transferred(row: tuple[Any, ...]) -> Transferred:
    name, posting_id, short, left = row
    return Transferred(name=name, posting_id=posting_id, short=short or 0, left=left)


def _matured(row: tuple[Any, ...]) -> Matured:
    name, posting_id, released = row
    return Matured(name=name, posting_id=posting_id, released=released or 0)


def _moved(row: tuple[Any, ...]) -> Moved:
    name, posting_id, moved, debt, holds = row
    return Moved(name=name, posting_id=posting_id, moved=moved or 0, debt=debt or 0, holds=tuple(holds or ()))


def _moved_back(row: tuple[Any, ...]) -> MovedBack:
    name, posting_id, moved, debt, kept = row
    return MovedBack(
        name=name, posting_id=posting_id, moved=moved or 0, debt=debt or 0, kept=json.loads(kept or "{}")
    )


def _ranges(periods: Sequence[Period]) -> str:
    return text_array([f"[{p.starts_at.isoformat()},{p.ends_at.isoformat()})" for p in periods])
