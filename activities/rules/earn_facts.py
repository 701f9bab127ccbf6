"""What rules may know of an activity and of the member whose it is, and what they answer."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from activities.rules.trace_words import reason_told

TRACE_SCALE: Final = 10_000
# Reasons by which a rule was taken; every other one says why it was not.
TAKEN: Final = frozenset(
    {"base_rate", "fixed_points", "multiplier", "capped", "cut", "tax_taken_off", "excluded"}
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a purchase: hundredths of the currency unit, and what it was."""

    cents: int
    category: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who did it, as they were when it happened: status, tier, segments, birthday (month, day)."""

    status: str
    tier: str = ""
    segments: frozenset[str] = frozenset()
    birthday: tuple[int, int] | None = None


class Deed(NamedTuple):
    """An activity as the rules see it. Money in hundredths of the currency unit; no person: anonymous.

    `cents` is what was paid in all, after discounts; `paid_cents` the part of it paid with points. Without
    `lines` it is one line of its own category.
    """

    kind: str
    occurred_at: datetime
    cents: int
    paid_cents: int = 0
    outlet_id: int | None = None
    category: str = ""
    channel: str = ""
    lines: tuple[Line, ...] = ()
    person: Person | None = None

    @property
    def as_lines(self) -> tuple[Line, ...]:
        """Its lines, one at least."""
        return self.lines or (Line(self.cents, self.category),)


@dataclass(frozen=True, slots=True)
class Site:
    """A unit as rules see it: its sector, its outlets (id → code, venue, zone), and its own time zone."""

    unit: str
    sector: str
    zone: str
    outlets: tuple[tuple[int, str, str, str], ...] = ()


class Parcel(NamedTuple):
    """Points of one program that become one lot. `label` tells the parcels of an activity apart."""

    program_id: int
    label: str
    points: int
    pending_days: int
    expires_after_days: int | None
    rule: str


class TraceLine(NamedTuple):
    """One rule that was looked at: taken or not, why (a stable word), what it gave before rounding down.

    What a cap took away is negative.
    """

    rule_id: int
    rule: str
    program_id: int
    program: str
    reason: str
    exact: Decimal = Decimal(0)

    @property
    def is_taken(self) -> bool:
        """Whether it had a part in the points."""
        return self.reason in TAKEN

    @property
    def points(self) -> int:
        """Whole points of what it gave; 0 of what took away."""
        return max(0, int(self.exact))

    @property
    def words(self) -> str:
        """The reason in the reader's language."""
        return reason_told(self.reason)

    @property
    def exact_told(self) -> str:
        """What it gave before rounding, as a decimal string without idle zeros."""
        return f"{self.exact.normalize():f}"


class Outcome:
    """What an activity earns. `trace` is compact JSON: [[rule id, reason, ten-thousandths], …].

    `needs_history`: the member's other activities have a say; then these are the points if there are none.
    `weights`, of one with lines, is JSON: what each line gave, see Assessment.weights.
    """

    __slots__ = ("_parcels", "_trace", "_weights", "needs_history")

    def __init__(
        self, parcels: tuple[Parcel, ...], trace: str, *, needs_history: bool = False, weights: str = "[]"
    ) -> None:
        self._parcels: tuple[Parcel, ...] | None = parcels
        self._trace = trace
        self.needs_history, self._weights = needs_history, weights

    @property
    def parcels(self) -> tuple[Parcel, ...]:
        """Its lots."""
        return self._parcels or ()

    @property
    def trace(self) -> str:
        """Every rule that was looked at, as compact JSON."""
        return self._trace

    @property
    def weights(self) -> str:
        """What each line gave, as compact JSON."""
        return self._weights

    def points_of(self, program_id: int) -> int:
        """All that it earns in one program."""
        return sum(parcel.points for parcel in self.parcels if parcel.program_id == program_id)

    @property
    def _told(self) -> tuple[object, ...]:
        return self.parcels, self.trace, self.needs_history, self.weights

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Outcome) and self._told == other._told

    def __hash__(self) -> int:
        return hash(self._told)

    def __repr__(self) -> str:
        return f"Outcome{self._told}"


def cents_of(amount: Decimal) -> int:
    """Hundredths of the currency unit."""
    return int(amount.scaleb(2))


def label_of(program: str, parcel: tuple[int, int | None]) -> str:
    """How the postings of a parcel are referred to: the program's code, and what is special of the lot."""
    pending, expires = parcel
    special = f"{f'p{pending}' if pending else ''}{f'e{expires}' if expires else ''}"
    return f"{program};{special}" if special else program


def ten_thousandths(value: Fraction) -> int:
    """A number of points as the trace keeps it: in ten-thousandths, the rest dropped (towards zero)."""
    whole = abs(value.numerator) * TRACE_SCALE // value.denominator
    return -whole if value < 0 else whole
