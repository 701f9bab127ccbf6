"""How many points refunds take back, whole, by line or by amount, in whatever order and parts.

What a member keeps is floor(earned × the share that still stands), reckoned anew after each refund from all
refunds together; a refund takes back what was kept before and is not kept after. So the sum over all refunds
depends on what was refunded and not on how it was cut, and a sale refunded in full keeps nothing. A floor for
each part would leave points behind in most sequences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class LineState:
    """A sold line: its amount, what of it was refunded by line, and its weight in what the sale earned.

    The weight is what the line gave before rounding, in any unit, or its amount where nobody knows better.
    """

    amount: Decimal
    refunded: Decimal
    weight: int


def share_left(amount: Decimal, refunded: Decimal, lines: Sequence[LineState] = ()) -> Fraction:
    """The share of its points that a sale of `amount` still deserves, when `refunded` of it was given back.

    What was refunded by line takes that line's part of the points; what was refunded by amount alone takes
    evenly from all that the lines still stand for. Without lines, or where all weigh their amount, it is the
    share of the amount not refunded. Of a sale for nothing a refund takes everything.
    """
    left, standing = _standing(amount, refunded, lines)
    weight = sum(line.weight for line in lines)
    if not weight:
        return standing * _part(left, amount)
    kept = sum((line.weight * _part(line.amount - line.refunded, line.amount) for line in lines), Fraction(0))
    return standing * kept / weight


def lines_left(amount: Decimal, refunded: Decimal, lines: Sequence[LineState]) -> tuple[Fraction, ...]:
    """The share of each line that still stands. A line for nothing stands as long as anything does."""
    _left, standing = _standing(amount, refunded, lines)
    return tuple(
        standing * (_part(line.amount - line.refunded, line.amount) if line.amount else 1) for line in lines
    )


def _standing(amount: Decimal, refunded: Decimal, lines: Sequence[LineState]) -> tuple[Decimal, Fraction]:
    """What refunds by line leave of the amount, and the share of that which refunds by amount leave."""
    by_line = sum((line.refunded for line in lines), Decimal(0))
    assert 0 <= by_line <= refunded <= amount, "refunds lie within the sale"
    left = amount - by_line
    return left, _part(left - (refunded - by_line), left)


def kept_of(earned: int, share: Fraction) -> int:
    """What the member keeps of `earned` points."""
    return earned * share.numerator // share.denominator


def taken_from(given: Sequence[tuple[int, int]], due: int) -> list[int]:
    """How `due` points to take back are shared out over the lots of one sale: the last given first.

    `given` has, in the order given, each lot's (points, taken back before). What is due beyond all is not
    taken: somebody took it before.
    """
    taken = []
    for points, before in reversed(given):
        part = max(0, min(points - before, due))
        taken.append(part)
        due -= part
    return taken[::-1]


def _part(part: Decimal, whole: Decimal) -> Fraction:
    # In hundredths and whole numbers: exact at any size.
    return Fraction(int(part * 100), int(whole * 100)) if whole else Fraction(0)
