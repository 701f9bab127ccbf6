"""What is made up for the demo, from a fixed seed: hotel stays, property fees and office rents.

Each member's part comes from the member's own random numbers, so that it is the same whoever else is there.
Every row says that it is generated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from loyalty.demo.group import HOMES, HOTEL, OFFICE, Business

ZONE = ZoneInfo("Asia/Shanghai")
# Which part of the mall's members the other businesses know, too.
SHARES = {HOMES.code: 0.45, HOTEL.code: 0.35, OFFICE.code: 0.15}
_NIGHT_PRICES = (388, 458, 528, 688, 888, 1288)


@dataclass(frozen=True, slots=True)
class Deed:
    """One generated activity; `amount` in CNY, `quantity` nights or square metres."""

    source_ref: str
    kind: str
    member_ref: str
    outlet: str
    occurred_at: datetime
    amount: Decimal
    category: str
    quantity: Decimal


def joins(unit: Business, household: int, *, seed: int) -> bool:
    """Whether the member of this household is known to `unit`, too."""
    return _random(seed, unit.code, household).random() < SHARES[unit.code]


def deeds(
    unit: Business, household: int, *, seed: int, starts_at: datetime, ends_at: datetime
) -> Iterator[Deed]:
    """What the member does at `unit` in [starts_at, ends_at)."""
    random = _random(seed, unit.code, household)
    random.random()  # the draw of joins(): the same stream, so that both may be asked alone
    made = {HOMES.code: _fees, HOTEL.code: _stays, OFFICE.code: _rents}[unit.code]
    first, last = starts_at.astimezone(ZONE).date(), ends_at.astimezone(ZONE).date()
    for number, (when, deed) in enumerate(made(unit, random, first, last)):
        if starts_at <= when < ends_at:
            kind, category, amount, quantity, place = deed
            yield Deed(
                source_ref=f"GEN-{unit.code}-{household}-{number}",
                kind=kind,
                member_ref=card(unit, household),
                outlet=unit.places[place].desk,
                occurred_at=when,
                amount=amount,
                category=category,
                quantity=quantity,
            )


def card(unit: Business, household: int) -> str:
    """The legacy card that `unit` gave the member: at the mall, the household's own number."""
    prefix = {HOMES.code: "H", HOTEL.code: "R", OFFICE.code: "T"}.get(unit.code, "")
    return f"{prefix}{household}"


_Made = tuple[datetime, tuple[str, str, Decimal, Decimal, int]]


def _stays(unit: Business, random: Random, first: date, last: date) -> Iterator[_Made]:
    """One to six stays a year of one to four nights, paid at noon of the last day."""
    days = (last - first).days + 1
    for _ in range(random.choice((1, 1, 2, 2, 3, 4, 6))):
        nights = random.choice((1, 1, 2, 2, 3, 4))
        price = random.choice(_NIGHT_PRICES)
        when = _local(first + timedelta(days=random.randrange(days)), 9, 12, random)
        place = random.randrange(len(unit.places))
        yield when, ("stay", "room", Decimal(price * nights), Decimal(nights), place)


def _fees(unit: Business, random: Random, first: date, last: date) -> Iterator[_Made]:
    """A property fee a month: 60 to 160 m² at 2.80 to 4.20 a square metre."""
    area = random.randrange(60, 161)
    rate = Decimal(random.choice(("2.80", "3.20", "3.60", "4.20")))
    place, day = random.randrange(len(unit.places)), random.randrange(1, 26)
    for month in _months(first, last):
        when = _local(month.replace(day=day), 8, 21, random)
        yield when, ("fee", "property fee", area * rate, Decimal(area), place)


def _rents(unit: Business, random: Random, first: date, last: date) -> Iterator[_Made]:
    """An office rent a month, in the first ten days: 30 to 150 m² at 95 to 180 a square metre."""
    area = random.randrange(30, 151)
    rate = Decimal(random.choice((95, 120, 150, 180)))
    place, day = random.randrange(len(unit.places)), random.randrange(1, 11)
    for month in _months(first, last):
        when = _local(month.replace(day=day), 9, 18, random)
        yield when, ("rent", "office rent", area * rate, Decimal(area), place)


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month + timedelta(days=32)).replace(day=1)


def _local(day: date, hour_from: int, hour_to: int, random: Random) -> datetime:
    """Some minute of `day` between two hours, in the group's time zone."""
    return datetime.combine(day, time(random.randrange(hour_from, hour_to), random.randrange(60)), ZONE)


def _random(seed: int, code: str, household: int) -> Random:
    return Random(f"{seed}:{code}:{household}")  # noqa: S311 -- a story, not a secret
