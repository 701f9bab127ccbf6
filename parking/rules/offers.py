"""What may pay for a stay, and what a plan says: plain values, in hundredths of the currency and whole
points.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from parking.rules.fees import Curve


class Source(StrEnum):
    """What a part of a fee is paid with, in the order in which lines tell it."""

    PASS = "pass"  # noqa: S105 -- a monthly one
    RIGHT = "right"
    RECEIPT = "receipt"
    VOUCHER_HOURS = "voucher_hours"
    VOUCHER_CASH = "voucher_cash"
    POINTS = "points"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class RightOffer:
    """An entitlement to free minutes: `minutes` left, used in whole `unit`s. Offers come in order of their
    end.
    """

    key: str
    minutes: int
    unit: int
    name_zh: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptOffer:
    """A receipt of today that freed no parking yet."""

    key: str
    cents: int


@dataclass(frozen=True, slots=True)
class VoucherOffer:
    """A voucher: `minutes` of parking, or `cents` off where `min_cents` are due before it. Used whole or not.

    At most `batch_max` of one `batch` pay for one order.
    """

    key: str
    minutes: int = 0
    cents: int = 0
    min_cents: int = 0
    batch: str = ""
    batch_max: int = 1_000
    name_zh: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class PointsOffer:
    """`points` that may be spent, `num` points for `den` hundredths."""

    points: int = 0
    num: int = 1
    den: int = 1

    def for_cents(self, cents: int) -> int:
        """The smallest whole number of points that covers `cents`."""
        return -(-cents * self.num // self.den)

    def cents_within(self, points: int) -> int:
        """The whole hundredths that `points` cover."""
        return points * self.den // self.num

    def pay(self, cents: int) -> tuple[int, int]:
        """What stays to be paid in money, and the points that cover the rest: the least of both."""
        if self.for_cents(cents) <= self.points:
            return 0, self.for_cents(cents)
        covered = min(cents, self.cents_within(self.points))
        return cents - covered, self.for_cents(covered)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a car park's terms allow. `free_minutes`: so many still, by the caps of entry, plate and day;
    None: any.

    Each full `receipt_cents` of receipts give `receipt_minutes`, `receipt_minutes_max` at most (None: any).
    """

    free_minutes: int | None = None
    vouchers: int = 0
    receipts: int = 0
    receipt_cents: int = 0
    receipt_minutes: int = 0
    receipt_minutes_max: int | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """All that may pay, in no order but that of `rights`."""

    rights: tuple[RightOffer, ...] = ()
    receipts: tuple[ReceiptOffer, ...] = ()
    vouchers: tuple[VoucherOffer, ...] = ()
    points: PointsOffer = field(default_factory=PointsOffer)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Bill:
    """What is due for a stay, given so many free minutes at its end.

    `curve`: what its uncovered `minutes` cost (None: a fixed fee, which no free minutes shorten), of which
    `paid_cents` are paid. `ceiling_cents`: due at most. `covered_cents`: what a pass pays of the whole.
    """

    minutes: int
    ceiling_cents: int
    curve: Curve | None = None
    paid_cents: int = 0
    covered_cents: int = 0

    def due(self, free: int) -> int:
        """What is due with `free` minutes off."""
        if self.curve is None:
            return self.ceiling_cents
        left = self.curve.cents(max(0, self.minutes - free)) - self.paid_cents
        return max(0, min(self.ceiling_cents, left))


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a plan: what pays, how much of the fee it covers, and what of it is used.

    `minutes`: free minutes used up; `counted`: those that count to the caps; `points`: whole points.
    """

    source: Source
    key: str
    cents: int
    minutes: int = 0
    counted: int = 0
    points: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """How `cents` are paid: the lines add up to it."""

    lines: tuple[Line, ...]
    cents: int

    def of(self, *sources: Source) -> list[Line]:
        """The lines of these sources."""
        return [line for line in self.lines if line.source in sources]

    @property
    def money(self) -> int:
        """What is left to pay in money."""
        return sum(line.cents for line in self.of(Source.MONEY))

    @property
    def points(self) -> int:
        """The points that it takes."""
        return sum(line.points for line in self.lines)
