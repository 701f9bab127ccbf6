"""What the simulator asks of the ledger, and what it is answered: plain data that can be written down."""

from dataclasses import dataclass, field
from datetime import datetime

Shares = tuple[tuple[str, int, int], ...]
"""Who pays: (program, spent of its own points, covered of the price), in order."""

POSTING_KIND = {
    "adjust": "adjustment",
    "exchange": "exchange",
    "mature": "maturity",
    "move": "move",
    "transfer": "transfer",
    "unmove": "reversal",
    "accrue": "accrual",
    "redeem": "redemption",
    "capture": "redemption",
    "take_back": "reversal",
    "put_back": "reversal",
}
LOST = "lost"
"""The answer never came: the connection broke, or the answer was thrown away."""
DONE = {"posted", "replayed"}


@dataclass(frozen=True, slots=True)
class Grant:
    """One accrual of a batch."""

    ref: str
    member: int
    points: int


@dataclass(frozen=True, slots=True)
class Op:
    """One thing asked of one service at the instant `at`. What a kind does not need is left out.

    accrue, accrue_many, quote, redeem, hold, capture, void, time_out, take_back (an accrual), put_back (a
    redemption), sweep; exchange (into `target`), adjust (signed points), transfer and move (a whole wallet)
    to the member `to`, mature (an accrual), unmove (a move). `original` is the reference that such an
    operation means; `points` None: all of a hold. A token is a quote's, which showed `quoted` and dies at
    `quoted_until`.
    """

    kind: str
    at: datetime
    unit: str = ""
    ref: str = ""
    member: int = -1
    program: str = ""
    points: int | None = 0
    original: str = ""
    available_at: datetime | None = None
    grants: tuple[Grant, ...] = ()
    to: int = -1
    target: str = ""
    token: str | None = None
    quoted: Shares = ()
    quoted_until: datetime | None = None
    is_shared: bool = False

    @property
    def size(self) -> int:
        """How many operations it counts for."""
        return len(self.grants) or 1

    @property
    def reference(self) -> tuple[str, str, str] | None:
        """(unit, kind of posting, source reference) under which it posts; None: it posts under none."""
        kind = POSTING_KIND.get(self.kind)
        return kind and (self.unit, kind, self.original if self.kind == "capture" else self.ref)

    def concerns(self, member: int) -> bool:
        """It may have touched points of `member` (-1: of anybody)."""
        is_for_all = self.kind in {"sweep", "time_out"} or member == -1
        mine = member in {self.member, self.to}
        return is_for_all or mine or any(grant.member == member for grant in self.grants)

    def told(self, member: int) -> str:
        """In words; of a batch only what is `member`'s."""
        told = [f"{name}={getattr(self, name)}" for name in ("unit", "ref", "member", "program", "points")]
        told += [f"original={self.original}"] if self.original else []
        told += [f"to={self.to}"] if self.to >= 0 else []
        told += [f"target={self.target}"] if self.target else []
        told += [f"quoted={self.quoted}"] if self.token else []
        told += [f"{grant.ref}={grant.points}" for grant in self.grants if grant.member == member]
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.kind} " + " ".join(told)


@dataclass(frozen=True, slots=True, order=True)
class LotFacts:
    """What a new lot is."""

    program: str
    issuer: str
    points: int
    earned_at: datetime
    available_at: datetime
    expires_at: datetime
    rolls: bool = False
    # It lives by a grace: the database tells by where it came from.
    is_graced: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Effects:
    """What a posting (or a hold) did: entries by program, draws in their order: (lot id, points)."""

    entries: tuple[tuple[str, int], ...] = ()
    draws: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """`outcome` is posted, replayed, lost or the code of a refusal; the rest as far as it is said."""

    outcome: str
    shares: Shares = ()
    short: int = 0
    counts: tuple[int, ...] = ()  # taken, owed, forgiven | lots, points that expired | holds that ended | …
    items: tuple[str, ...] = ()  # the outcomes of a batch
    posted: tuple[str, ...] = ()  # ids of postings, or of the hold: for the records, not for comparing
    token: str = ""

    @property
    def said(self) -> tuple[object, ...]:
        """What two answers to the same question must have in common."""
        return (self.outcome, self.shares, self.short, self.counts, self.items)
