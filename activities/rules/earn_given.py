"""What rules give before anything is rounded: by line, for the activity itself, and less its refunds."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from activities.rules.earn_terms import Caps, Rule

NO_CAPS = Caps()
_NOTHING = Fraction(0)

# Pending days and days to live: what points share a lot by.
LotKey = tuple[int, int | None]


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
    lines: dict[int, Fraction] = field(default_factory=dict)
    late: dict[int, Fraction] = field(default_factory=dict)
    of: dict[int, Fraction] = field(default_factory=dict)
    whole: int | None = None
    reason: str = ""

    @property
    def linear(self) -> Fraction:
        """In proportion to the money."""
        return sum(self.by_line.values(), _NOTHING) + sum(self.late.values(), _NOTHING)

    def weights(self) -> dict[int, Fraction]:
        """What it gives for each line, before caps: all of it lies on some line."""
        if not self.fixed:
            return self.by_line
        money = sum(self.lines.values(), _NOTHING)
        shares = {
            n: part / money if money else Fraction(1, len(self.lines)) for n, part in self.lines.items()
        }
        return {n: self.by_line.get(n, _NOTHING) + self.fixed * share for n, share in shares.items()}


def left_of(weights: dict[int, Fraction], left: Sequence[Fraction]) -> Fraction:
    """What refunds leave of what lies on the lines; `left` is the share of each line that still stands."""
    return sum((weight * left[n] for n, weight in weights.items()), _NOTHING)


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
    weights: defaultdict[int, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    exact: Fraction = _NOTHING
    left: Fraction = _NOTHING

    def add_loose(self, lot: LotKey, linear: Fraction, fixed: int, left: Fraction) -> None:
        """Add to what one lot gets."""
        self.loose[lot] = self.loose.get(lot, Loose()).with_more(linear, fixed, left)

    def weigh(
        self, uncut: dict[int, Fraction], left: Fraction, *, given: dict[int, Fraction], whole: int | None
    ) -> None:
        """Count what a rule lays on lines: `uncut`, what refunds leave of that, what is `given` at last."""
        self.exact += sum(uncut.values(), _NOTHING)
        self.left += left
        exact = sum(given.values(), _NOTHING)
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
