"""The expiry sweep: turn points past their instant into breakage, in bounded chunks."""

from dataclasses import dataclass
from datetime import datetime

from points import ledger
from points.rules.bounds import refuse_odd_instants

# A chunk holds its wallets until it commits, so that its length is the longest wait of a till.
WALLETS_A_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Breakage:
    """What a sweep booked."""

    lots: int
    points: int
    chunks: int


def expire_due_lots(
    *, at: datetime, by: str = "system:expire_points", wallets_a_chunk: int = WALLETS_A_CHUNK
) -> Breakage:
    """Book every lot that is past its expiry at `at`. Each chunk is its own transaction.

    Safe to run twice, in parallel, or to be killed half-way: the next run books what is left.

    :raises InstantOutOfRange: `at` is naive, or not of the years 2000 to 2100
    """
    refuse_odd_instants(at=at)
    lots = points = chunks = after = 0
    while True:
        swept = ledger.expire(at=at, after_wallet=after, wallets=wallets_a_chunk, actor=by)
        if swept.last_wallet is None:
            return Breakage(lots, points, chunks)
        lots += swept.lots
        points += swept.points
        chunks += 1
        after = swept.last_wallet
