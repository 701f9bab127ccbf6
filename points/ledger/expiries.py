"""Points past their instant, booked as breakage."""

from dataclasses import dataclass
from datetime import datetime

from points.ledger.calls import one


@dataclass(frozen=True, slots=True)
class Swept:
    """One chunk of the expiry sweep; `last_wallet` is None when nothing was due."""

    last_wallet: int | None
    lots: int
    points: int


def expire(*, at: datetime, after_wallet: int, wallets: int, actor: str) -> Swept:
    """Book what is due in the next `wallets` wallets. Safe to repeat, to run in parallel, to be killed."""
    return Swept(*one("SELECT * FROM points_expire(%s, %s, %s, %s)", [at, after_wallet, wallets, actor]))
