"""What the issuer of points owes the unit that honours them: points × cost, exact."""

from dataclasses import dataclass
from decimal import Decimal

from points.models import Posting, PostingKind
from units.models import BusinessUnit


@dataclass(frozen=True, slots=True)
class Owed:
    """`issuer` owes `honoured_by` `points` at their cost: `amount` (negative: is given back)."""

    issuer: BusinessUnit
    honoured_by: BusinessUnit
    points: int
    amount: Decimal
    currency: str


def owed_for(posting: Posting, *, issuer_id: int, points: int, unit_cost: Decimal) -> Decimal:
    """What drawing `points` (negative: putting them back) by `posting` makes the lot's issuer owe its unit.

    Nothing where a unit honours its own points, and where nobody honoured them: a refund of earned points,
    an expiry, an exchange, a transfer.
    """
    return Decimal(0) if issuer_id == posting.unit_id or not settles(posting) else points * unit_cost


def settles(posting: Posting) -> bool:
    """A unit honoured points by it, or took that back: a redemption, or what reverses one."""
    if posting.kind == PostingKind.REVERSAL:
        # Only what reverses a redemption keeps shares.
        return "shares" in (posting.detail or {})
    return posting.kind == PostingKind.REDEMPTION
