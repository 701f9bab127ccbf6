"""The little world that the simulator acts in: four businesses, their points, rates between them, people.

Plain data: the oracle reads it, and `made_real` (in place.py) writes it into the database.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

START = datetime(2022, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=730)
END = START + SPAN + timedelta(days=3660)
"""After everything: no hold is still open, and every lot that can die is dead."""
POINTS_MAX = 10**9


@dataclass(frozen=True, slots=True)
class Program:
    """A points currency: what happens to its points in time, on refunds and on cancelled redemptions.

    `caps` are what a member may transfer in a local day and a month.
    """

    number: int
    code: str
    expiry: str
    count: int
    zone: str
    reversal: str
    grace_days: int
    is_active: bool = True
    owner: str = "MALL"
    caps: tuple[int | None, int | None] = (None, None)

    @property
    def rolls(self) -> bool:
        """Earning and redeeming renew its points."""
        return self.expiry == "rolling"


@dataclass(frozen=True, slots=True)
class Rate:
    """`value` points of `target` for one of `source`, from `starts_at` until just before `ends_at`.

    A member may exchange `cap` points of `source` at it in a local day of `source`.
    """

    source: str
    target: str
    value: Fraction
    starts_at: datetime
    ends_at: datetime | None
    cap: int | None = None

    def is_in_force(self, at: datetime) -> bool:
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)


UNITS = ("MALL", "HOTEL", "ESTATE", "TOWER")
CLOSED_UNIT = "CLOSED"
PROGRAMS = (
    Program(1, "MALL", "days", 30, "Asia/Shanghai", "debt", 30, caps=(800, 3000)),
    Program(2, "HOTEL", "month_end", 1, "Europe/Paris", "clamp", 0, owner="HOTEL"),
    Program(3, "HOME", "never", 0, "Asia/Shanghai", "refuse", 7, owner="ESTATE", caps=(None, 2000)),
    Program(4, "OFFICE", "year_end", 0, "America/New_York", "debt", 10, owner="TOWER"),
    Program(6, "CLUB", "rolling", 20, "Europe/London", "debt", 5, owner="TOWER"),
)
CLOSED_PROGRAM = Program(5, "OLD", "never", 0, "Asia/Shanghai", "debt", 0, is_active=False)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_MIDDLE = START + SPAN / 2
RATES = (
    Rate("HOTEL", "MALL", Fraction(3, 2), _LONG_AGO, None, cap=500),
    Rate("HOME", "MALL", Fraction(7, 5), _LONG_AGO, None),
    Rate("CLUB", "MALL", Fraction(2, 3), _LONG_AGO, None),
    Rate("MALL", "CLUB", Fraction(4, 3), _LONG_AGO, None, cap=300),
    Rate("OFFICE", "MALL", Fraction(1, 3), _LONG_AGO, _MIDDLE),
    Rate("OFFICE", "MALL", Fraction(2, 5), _MIDDLE, None),
    Rate("MALL", "HOTEL", Fraction(1, 2), _LONG_AGO, None),
    Rate("HOME", "HOTEL", Fraction(5, 1), _LONG_AGO, START + SPAN / 3),
    Rate("OFFICE", "HOME", Fraction(1, 1), START + SPAN / 4, START + SPAN * 3 / 4),
)
FROZEN_MEMBER = 0
"""The member that may neither earn nor spend; all others (1, 2, …) may."""


def member_id(number: int) -> UUID:
    """The ledger's id of a member."""
    return UUID(int=(0x7000 << 64) | (0x8 << 60) | number)


def member_number(identity: str) -> int:
    """Which member the ledger's id means."""
    return UUID(identity).int & ((1 << 60) - 1)


def program_by_code(code: str) -> Program:
    return _BY_CODE[code]


_BY_CODE = {program.code: program for program in (*PROGRAMS, CLOSED_PROGRAM)}
