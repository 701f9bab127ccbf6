"""How an activity becomes points: the base rate of each program, and why.

An activity earns floor(rate × (amount − the part paid with points)) in every program whose base rate was in
force when it *happened*. Fractions are dropped once, at the end; money is Decimal throughout.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal

# 17 digits of money × 9 of rate: the product is exact, so that the only rounding is the one meant.
_EXACT = Context(prec=40)


@dataclass(frozen=True, slots=True)
class BaseRate:
    """Points of a program per currency unit, in force in `[starts_at, ends_at)`; None is open-ended."""

    rule_id: int
    version: int
    program_id: int
    program: str
    program_is_active: bool
    points_per_currency_unit: Decimal
    starts_at: datetime | None
    ends_at: datetime | None

    @property
    def name(self) -> str:
        """How postings name it: `earn:7 v1`."""
        return f"earn:{self.rule_id} v{self.version}"

    def is_in_force(self, at: datetime) -> bool:
        """Whether it held at the instant `at`."""
        return (self.starts_at is None or self.starts_at <= at) and (
            self.ends_at is None or at < self.ends_at
        )


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One rule that was looked at: taken or not, why (a stable word), and the points that it gave."""

    rule: str
    program_id: int
    program: str
    is_taken: bool
    reason: str
    points: int = 0


def points_for(
    *,
    amount: Decimal,
    paid_with_points: Decimal,
    occurred_at: datetime,
    member_status: str | None,
    rates: Sequence[BaseRate],
) -> tuple[TraceLine, ...]:
    """What an activity earns: one line a rule looked at; those taken carry the points (at least 1).

    `amount` and `paid_with_points` are in the unit's currency; `member_status` is None for an anonymous sale.
    Reasons: base_rate (taken), not_in_force, program_not_active, anonymous, member_not_active,
    paid_with_points (nothing else is left), below_one_point.
    """
    assert 0 <= paid_with_points <= amount, "the part paid with points lies within the amount"
    net = amount - paid_with_points
    return tuple(_line(rate, net, amount, occurred_at, member_status) for rate in rates)


def _line(
    rate: BaseRate, net: Decimal, amount: Decimal, occurred_at: datetime, member_status: str | None
) -> TraceLine:
    points = 0
    if not rate.is_in_force(occurred_at):
        reason = "not_in_force"
    elif not rate.program_is_active:
        reason = "program_not_active"
    elif member_status is None:
        reason = "anonymous"
    elif member_status != "active":
        reason = "member_not_active"
    elif not net and amount:
        reason = "paid_with_points"
    else:
        # int() drops the fraction, which is the floor of what is not negative.
        points = int(_EXACT.multiply(rate.points_per_currency_unit, net))
        reason = "base_rate" if points else "below_one_point"
    return TraceLine(rate.name, rate.program_id, rate.program, points > 0, reason, points)
