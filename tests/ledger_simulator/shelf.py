"""What the oracle keeps: wallets, lots, what was posted and held. It knows nothing of the kernel."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.ledger_simulator.operations import Effects, LotFacts, Op, Shares
from tests.ledger_simulator.world import Program

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True, eq=False)
class Lot:
    """Points of one accrual. Its `id` is the database's choice: the oracle is told it, as it breaks ties."""

    facts: LotFacts
    remaining: int
    id: str = ""
    held: int = 0
    origin: str = ""  # the id of the lot that it was before it changed hands or state
    is_partly_dead: bool = False

    @property
    def free(self) -> int:
        return self.remaining - self.held

    @property
    def order(self) -> tuple[datetime, datetime, str]:
        """Soonest expiry first, then the oldest."""
        return (self.facts.expires_at, self.facts.earned_at, self.id)

    def is_usable(self, at: datetime) -> bool:
        return self.free > 0 and self.facts.available_at <= at < self.facts.expires_at


@dataclass(slots=True, eq=False)
class Wallet:
    """A member's points of one program. `number` is the database's: it breaks ties between wallets."""

    program: str
    balance: int = 0
    debt: int = 0
    number: int = 0
    lots: list[Lot] = field(default_factory=list)  # those with points left
    activities: list[datetime] = field(default_factory=list)  # what renewed it, if it rolls

    def bound(self, at: datetime) -> int:
        """What may be spent at most: beside a debt only what is beyond it, and neither held nor dead."""
        if not self.debt:
            return self.balance
        gone = sum(lot.held if at < lot.facts.expires_at else lot.remaining for lot in self.lots)
        return max(0, self.balance - gone)

    def usable(self, at: datetime) -> list[Lot]:
        return sorted((lot for lot in self.lots if lot.is_usable(at)), key=lambda lot: lot.order)

    def take(self, lot: Lot, points: int) -> None:
        lot.remaining -= points
        assert lot.remaining >= lot.held >= 0, f"lot {lot.id} below what it holds"
        if not lot.remaining:
            self.lots.remove(lot)

    def give_back(self, lot: Lot, points: int) -> None:
        if not lot.remaining:
            self.lots.append(lot)
        lot.remaining += points
        assert lot.remaining <= lot.facts.points, f"lot {lot.id} above its points"


@dataclass(frozen=True, slots=True)
class Share:
    """What one wallet pays: `spent` of its own points for `covered` of the price, at `rate`, from `lots`."""

    wallet: Wallet
    spent: int
    covered: int
    rate: Fraction
    lots: tuple[tuple[Lot, int], ...]

    @property
    def shown(self) -> tuple[str, int, int]:
        return (self.wallet.program, self.spent, self.covered)

    def part(self, covering: int) -> "Share":
        """The part that pays for the first `covering` points that it covered: a prefix of its lots."""
        kept = self.spent if covering >= self.covered else -(-covering // self.rate)
        return Share(self.wallet, kept, min(covering, self.covered), self.rate, prefix(self.lots, kept))


@dataclass(slots=True, eq=False)
class Posted:
    """What stands under its reference. `lots` are a move's: each new one, and the one it came from."""

    op: Op
    points: int
    shares: tuple[Share, ...] = ()
    lot: Lot | None = None
    reversed: int = 0
    counts: tuple[int, ...] = ()
    shown: tuple[tuple[str, int, int], ...] = ()
    lots: tuple[tuple[Lot, Lot], ...] = ()
    debt: int = 0


@dataclass(slots=True, eq=False)
class Hold:
    """Points reserved for a sale: open, captured, voided or timed out."""

    op: Op
    shares: tuple[Share, ...]
    ends_at: datetime
    status: str = "open"


def prefix(lots: tuple[tuple[Lot, int], ...], points: int) -> tuple[tuple[Lot, int], ...]:
    """The first `points` of what was taken from `lots`."""
    taken = []
    for lot, drawn in lots:
        take = min(drawn, points)
        if take:
            taken.append((lot, take))
        points -= take
    return tuple(taken)


def dies_at(program: Program, earned_at: datetime) -> datetime:
    """The local midnight after the last valid day; NEVER for points that live on."""
    zone = ZoneInfo(program.zone)
    day = earned_at.astimezone(zone).date()
    match program.expiry:
        case "never":
            return NEVER
        case "days" | "rolling":
            return midnight(day + timedelta(days=program.count + 1), zone)
        case "month_end":
            months = day.year * 12 + day.month + program.count
            return midnight(date(months // 12, months % 12 + 1, 1), zone)
        case "year_end":
            return midnight(date(day.year + program.count + 1, 1, 1), zone)
        case kind:
            raise ValueError(kind)


def grace_ends(program: Program, at: datetime) -> datetime | None:
    """Until when points live on that come back to a dead lot; None: not at all."""
    if not program.grace_days:
        return None
    zone = ZoneInfo(program.zone)
    return midnight(at.astimezone(zone).date() + timedelta(days=program.grace_days + 1), zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """No zone of the simulator's world has a missing midnight."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def first_of(lots: Iterable[Lot], points: int) -> tuple[tuple[Lot, int], ...]:
    taken = []
    for lot in lots:
        if not points:
            break
        take = min(lot.free, points)
        taken.append((lot, take))
        points -= take
    return tuple(taken)


def standing(shares: Sequence[Share], price: int) -> list[Share]:
    """What pays for the first `price` points of what `shares` covered."""
    parts = []
    for share in shares:
        if price <= 0:
            break
        parts.append(share.part(price))
        price -= share.covered
    return parts


def shown(shares: Sequence[Share]) -> Shares:
    return tuple(share.shown for share in shares)


def effects(entries: dict[str, int] | Iterable[tuple[str, int]], draws: Iterable[tuple[Lot, int]]) -> Effects:
    """What a posting does. Its draws name lots by themselves: `settled` tells them by their ids."""
    pairs = entries.items() if isinstance(entries, dict) else entries
    return Effects(tuple(sorted(pair for pair in pairs if pair[1])), tuple(draws))


def as_made(facts: LotFacts) -> LotFacts:
    """What stays true of a lot: when a rolling one ends is told by its end."""
    return replace(facts, expires_at=NEVER) if facts.rolls else facts


def settled(done: Effects) -> Effects:
    """The same with the ids of the lots, once these are known."""
    return Effects(done.entries, tuple((lot.id, points) for lot, points in done.draws))
