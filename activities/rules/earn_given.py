"""What rules give before anything is rounded: by line, for the activity itself, and less its refunds."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from activities.rules.earn_terms import Caps, Rule

NO_CAPS = Caps()
_NOTHING = Fraction(0)

# Pending days and days to live: what points share a lot by.
LotKey = tuple[int, int | None]
DEFAULT_LOT: LotKey = (0, None)


@dataclass(slots=True)
class Given:
    """What one taken rule gives: by line for a rate, at once for fixed points; whole where it is capped.

    `lines` are those that it looks at, with their money: fixed points lie on them in proportion. `late`, of a
    multiplier, is by line what it adds to bases that caps and refunds have cut already; `of` what it would
    add to them uncut.
    """

    rule: Rule
    by_line: dict[int, Fraction] = field(default_factory=dict)
    fixed: int = 0
    lines: dict[int, Fraction | int] = field(default_factory=dict)
    late: dict[int, Fraction] = field(default_factory=dict)
    of: dict[int, Fraction] = field(default_factory=dict)
    whole: int | None = None
    reason: str = ""

    @property
    def linear(self) -> Fraction:
        """In proportion to the money."""
        return total_of(self.by_line) + total_of(self.late) if self.late else total_of(self.by_line)

    def weights(self) -> dict[int, Fraction]:
        """What it gives for each line, before caps: all of it lies on some line."""
        if not self.fixed:
            return self.by_line
        money = Fraction(sum(self.lines.values()))
        shares = {
            n: part / money if money else Fraction(1, len(self.lines)) for n, part in self.lines.items()
        }
        return {n: self.by_line.get(n, _NOTHING) + self.fixed * share for n, share in shares.items()}


def left_of(weights: dict[int, Fraction], left: Sequence[Fraction]) -> Fraction:
    """What refunds leave of what lies on the lines; `left` is the share of each line that still stands."""
    if all(left[n] == 1 for n in weights):
        return total_of(weights)
    return sum((weight * left[n] for n, weight in weights.items()), _NOTHING)


def total_of(weights: dict[int, Fraction]) -> Fraction:
    """All that lies on the lines together."""
    return sum(weights.values(), _NOTHING)


@lru_cache(maxsize=4096)
def exactly(number: Decimal) -> Fraction:
    """A rate, factor or percentage as rules reckon with it."""
    return Fraction(number)


class LoosePart(NamedTuple):
    """What one rule adds to a lot that no cap of its own cuts: by line, and constant; `weights` is both."""

    lot: LotKey
    by_line: dict[int, Fraction]
    fixed: int
    weights: dict[int, Fraction]


class Loose(NamedTuple):
    """Points of one lot that no cap of a rule touches: in proportion, constant; what refunds leave."""

    linear: Fraction = _NOTHING
    fixed: int = 0
    left: Fraction = _NOTHING

    def with_more(self, linear: Fraction, fixed: int, left: Fraction) -> "Loose":
        """Together with these."""
        return Loose(self.linear + linear, self.fixed + fixed, self.left + left)

    @property
    def points(self) -> int:
        """Rounded down, and once more after refunds."""
        exact = self.linear + self.fixed
        return int(int(exact) * (self.left / exact)) if exact else 0


@dataclass(slots=True)
class Weighed:
    """One program's answer before it is rounded down.

    `loose` is what no cap of its own touches; `firm` are whole points that caps and refunds have cut already.
    `weights` are what each line gave, in proportion; `exact` is what lies on lines before caps and refunds,
    `left` what refunds leave of that.
    """

    program_id: int
    program: str
    given: list[tuple[Rule, str, Fraction, int]] = field(default_factory=list)
    loose: dict[LotKey, Loose] = field(default_factory=dict)
    firm: defaultdict[LotKey, int] = field(default_factory=lambda: defaultdict(int))
    able: list[Rule] = field(default_factory=list)
    bases: list[Given] = field(default_factory=list)
    adding: list[Given] = field(default_factory=list)
    weights: defaultdict[int, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    exact: Fraction = _NOTHING
    left: Fraction = _NOTHING

    def add_loose(self, part: LoosePart, left: Fraction) -> None:
        """Add to what one lot gets."""
        before = self.loose.get(part.lot, Loose())
        self.loose[part.lot] = before.with_more(total_of(part.by_line), part.fixed, left)

    def loose_parts(self) -> Iterator[LoosePart]:
        """What each rule adds to the lots, where no cap cuts it."""
        for base in self.bases:
            if base.whole is None:
                yield LoosePart(base.rule.parcel, base.by_line, base.fixed, base.weights())
        for given in self.adding:
            more = exactly(given.rule.factor) - 1
            for base in self.bases:
                if given.whole is None and base.whole is None:
                    parts = {n: more * base.by_line[n] for n in given.by_line if n in base.by_line}
                    if parts:
                        yield LoosePart(self.lot_of(given, base), parts, 0, parts)

    @staticmethod
    def lot_of(given: Given, base: Given) -> LotKey:
        """What a multiplier adds goes where what it multiplies went, unless its points live otherwise."""
        own = given.rule.parcel
        return own if own != DEFAULT_LOT else base.rule.parcel

    def weigh(
        self, uncut: dict[int, Fraction], left: Fraction, *, given: dict[int, Fraction], whole: int | None
    ) -> None:
        """Count what a rule lays on lines: `uncut`, what refunds leave of that, what is `given` at last."""
        self.exact += total_of(uncut)
        self.left += left
        exact = total_of(given)
        scale = Fraction(1) if whole is None or not exact else whole / exact
        for n, weight in given.items():
            self.weights[n] += weight * scale

    @property
    def share_left(self) -> Fraction:
        """What refunds leave of it."""
        return self.left / self.exact if self.exact else Fraction(1)

    @property
    def needs_history(self) -> bool:
        """Whether a rule that may be taken looks at other activities too."""
        return any(rule.needs_history for rule in self.able)

    @property
    def is_in_proportion(self) -> bool:
        """Whether twice the money, within the same minimums, would give twice the points of every rate."""
        terms = [rule.terms for rule in self.able]
        return not any(one.full_steps_of is not None or one.caps != NO_CAPS for one in terms)
