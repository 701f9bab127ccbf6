"""What a decision about a stay rests on, read at one instant: prices, terms, what was paid, what was used.

One plain statement: at a barrier somebody waits for it, and the ORM would compose five anew for every car.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import models

from common.sql import rows
from members.models import IdentityKind, Member
from parking.models import ParkingSession, ReliefTerms, Tariff
from points.models import Program

Row = TypeVar("Row", bound=models.Model)

_TARIFF: Final = (
    "id", "car_park_id", "version", "rates", "free_minutes", "free_is_deducted", "daily_cap", "cap_period",
    "missing_entry_fee", "grace_minutes",
)  # fmt: skip
_TERMS: Final = (
    "id", "car_park_id", "version", "receipt_spend", "receipt_minutes", "receipt_minutes_max", "receipts_max",
    "vouchers_max", "free_minutes_entry_max", "free_minutes_plate_max", "free_minutes_member_max",
    "program_id", "points_per_unit", "points_max",
)  # fmt: skip
_PROGRAM: Final = ("id", "code", "name_zh", "name_en", "owner_id", "is_active")


def _columns(table: str, names: tuple[str, ...]) -> str:
    return ", ".join(f"{table}.{name}" for name in names)


# `entry`, `plate`, `member`: free minutes that count to the cap of that name. A stay without an entry has the
# tariff of its exit.
_BOOKS: Final = f"""
WITH mine AS (
    SELECT ARRAY(SELECT m.id FROM members_member m WHERE m.id = %(member)s OR m.merged_into_id = %(member)s
                 ORDER BY m.id <> %(member)s, m.id) AS ids
)
SELECT mine.ids,
       ARRAY(SELECT u.id FROM units_businessunit u WHERE u.is_active AND u.currency = %(currency)s),
       paid.fee, paid.leave_before, paid.is_awaited, paid.by_pass,
       EXISTS (SELECT FROM parking_parkingpass x JOIN members_identity i ON i.id = x.vehicle_id
               WHERE x.car_park_id = %(car_park)s AND i.kind = %(plate_kind)s AND i.is_active
                 AND i.blind_index = %(plate)s),
       used.entry, used.plate, used.member, used.receipt_minutes, used.receipts, used.vouchers, used.points,
       {_columns("t", _TARIFF)},
       {_columns("r", _TERMS)},
       {_columns("g", _PROGRAM)}
FROM mine
LEFT JOIN parking_tariff t ON t.car_park_id = %(car_park)s AND t.during @> %(priced_at)s
LEFT JOIN parking_reliefterms r ON r.car_park_id = %(car_park)s AND r.during @> %(at)s
LEFT JOIN points_program g ON g.id = r.program_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(o.fee) FILTER (WHERE o.state = 'paid'), 0) AS fee,
           max(o.leave_before) FILTER (WHERE o.state = 'paid') AS leave_before,
           coalesce(bool_or(o.state = 'placed'), false) AS is_awaited,
           coalesce(sum(b.passes) FILTER (WHERE o.state = 'paid'), 0) AS by_pass
    FROM parking_parkingorder o
    CROSS JOIN LATERAL (SELECT sum(p.amount) AS passes FROM parking_orderpart p
                        WHERE p.order_id = o.id AND p.kind = 'pass') AS b
    WHERE o.session_id = %(session)s AND o.state IN ('placed', 'paid')
) AS paid
CROSS JOIN LATERAL (
    SELECT coalesce(sum(p.counted) FILTER (WHERE p.is_timed AND p.is_own), 0) AS entry,
           coalesce(sum(p.counted) FILTER (WHERE p.is_timed AND p.is_of_plate), 0) AS plate,
           coalesce(sum(p.counted) FILTER (WHERE p.is_timed AND p.is_of_member), 0) AS member,
           coalesce(sum(p.minutes) FILTER (WHERE p.is_own AND p.kind = 'receipt'), 0) AS receipt_minutes,
           count(*) FILTER (WHERE p.is_own AND p.kind = 'receipt') AS receipts,
           count(*) FILTER (WHERE p.is_own AND p.kind IN ('voucher_hours', 'voucher_cash')) AS vouchers,
           coalesce(sum(p.points) FILTER (WHERE p.is_own), 0) AS points
    FROM (
        SELECT q.*, q.kind IN ('right', 'receipt', 'voucher_hours') AS is_timed,
               o.session_id = %(session)s AS is_own,
               o.plate_index = %(plate)s AND o.local_day = %(day)s AS is_of_plate,
               o.member_id = ANY (mine.ids) AND o.local_day = %(day)s AS is_of_member
        FROM parking_parkingorder o
        JOIN parking_parkingsession s ON s.id = o.session_id
        JOIN parking_orderpart q ON q.order_id = o.id
        WHERE s.car_park_id = %(car_park)s AND o.state IN ('placed', 'paid')
          AND (o.session_id = %(session)s
               OR o.plate_index = %(plate)s AND o.local_day = %(day)s
               OR o.member_id = ANY (mine.ids) AND o.local_day = %(day)s)
    ) AS p
) AS used
"""  # noqa: S608 -- our own names


@dataclass(frozen=True, slots=True)
class Paid:
    """What orders of the stay have paid, how much of it a pass; until when the car may leave; whether one
    awaits its money.
    """

    fee: Decimal
    leave_before: datetime | None
    is_awaited: bool
    by_pass: Decimal


@dataclass(frozen=True, slots=True)
class Taken:
    """What orders that stand have used: free minutes of the entry, of the plate and of the member today, in
    this car park; the rest of the entry.
    """

    entry: int
    plate: int
    member: int
    receipt_minutes: int
    receipts: int
    vouchers: int
    points: int


@dataclass(frozen=True, slots=True)
class Books:
    """Everything of one stay that parking itself keeps. `mine`: all ids of the person, their own first.

    `tariff` None: parking is free of charge; `terms` None: only what benefits and vouchers give themselves.
    `may_have_pass`: some pass, of whatever days, names the plate. `unit_ids`: those with its currency.
    """

    mine: list[UUID]
    unit_ids: list[int]
    paid: Paid
    may_have_pass: bool
    taken: Taken
    tariff: Tariff | None
    terms: ReliefTerms | None


def books_of(
    session: ParkingSession, *, member: Member | None, day: date, at: datetime, until: datetime
) -> Books:
    """The books of `session` (with its car park and unit) for a decision at `at` on the local `day`."""
    car_park = session.car_park
    asked = {
        "session": session.pk,
        "plate": bytes(session.plate_index),
        "plate_kind": IdentityKind.PLATE.value,
        "car_park": session.car_park_id,
        "currency": car_park.unit.currency,
        "member": None if member is None else member.pk,
        "priced_at": session.entered_at or until,
        "day": day,
        "at": at,
    }
    ((mine, unit_ids, *read),) = rows(_BOOKS, asked)
    paid, read = Paid(*read[:4]), read[4:]
    may_have_pass, read = read[0], read[1:]
    taken, read = Taken(*map(int, read[:7])), read[7:]
    tariff, read = _row(Tariff, _TARIFF, read)
    if tariff is not None and isinstance(tariff.rates, str):
        tariff.rates = json.loads(tariff.rates)
    terms, read = _row(ReliefTerms, _TERMS, read)
    program, read = _row(Program, _PROGRAM, read)
    assert not read, "every column was read"
    if terms is not None:
        terms.program = program
    return Books(mine, unit_ids, paid, may_have_pass, taken, tariff, terms)


def _row(model: type[Row], names: tuple[str, ...], values: list[Any]) -> tuple[Row | None, list[Any]]:
    """The row that the first of `values` are, None where a join found none; and the other values."""
    own, rest = values[: len(names)], values[len(names) :]
    return (None if own[0] is None else model.from_db("default", names, own)), rest
