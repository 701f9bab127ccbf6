"""What may pay for a stay: the member's free hours, receipts of the day, vouchers and points, within the
caps.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from activities.selectors.receipts import receipts_of
from common.sql import rows
from members.models import Member
from parking.models import AutoPay, ParkingSession, ReliefTerms
from parking.rules.fees import cents_of
from parking.rules.offers import Limits, PointsOffer, ReceiptOffer, Sources
from parking.selectors.benefits import rights_for, vouchers_for
from parking.selectors.books import Books, Taken
from points.models import Program
from points.refusals import (
    InsufficientPoints,
    MemberNotActive,
    ProgramNotActive,
    SpendingPaused,
    UnitNotActive,
)
from points.rules.expiry import start_of_day
from points.services.redemption import POINTS_MAX, quote_redemption
from units.models import BusinessUnit

# An entry, where no terms of the car park say how many.
VOUCHERS_MAX: Final = 3
_GONE: Final = (
    "SELECT receipt_id FROM parking_receiptuse WHERE receipt_id = ANY (%(receipts)s) AND released_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Offered:
    """The sources as the rule takes them, and the program that points are priced in; None: they do not
    pay.
    """

    sources: Sources
    program: Program | None
    local_day: date


def offered_for(
    session: ParkingSession,
    *,
    member: Member,
    books: Books,
    day: date,
    at: datetime,
    due_cents: int,
    is_locked: bool = False,
) -> Offered:
    """What may pay `due_cents` of the stay of an active `member` at `at`, on the local `day`.

    `is_locked`: receipts stay as they are read.
    """
    terms, car_park = books.terms, session.car_park
    limits, program = Limits(vouchers=VOUCHERS_MAX), None
    receipts: tuple[ReceiptOffer, ...] = ()
    points = PointsOffer()
    if terms is not None:
        limits = _limits(terms, books.taken)
        if limits.receipt_cents and limits.receipts and limits.free_minutes != 0:
            receipts = _receipts(session, books, day, is_locked=is_locked)
        if terms.program is not None:
            points = _points(
                terms, member, car_park.unit, used=books.taken.points, due_cents=due_cents, at=at
            )
            program = terms.program if points.points else None
    sources = Sources(
        rights=rights_for(member, car_park=car_park, at=at),
        receipts=receipts,
        vouchers=vouchers_for(books.mine, car_park=car_park, at=at, due_cents=due_cents)
        if limits.vouchers
        else (),
        points=points,
        limits=limits,
    )
    return Offered(sources, program, day)


def only(offered: Offered, auto_pay: AutoPay) -> Offered:
    """What of it may be used without asking."""
    match auto_pay:
        case AutoPay.ALL:
            return offered
        case AutoPay.FREE:
            return replace(offered, sources=replace(offered.sources, vouchers=(), points=PointsOffer()))
        case _:
            return replace(offered, sources=Sources(), program=None)


def local_day_of(session: ParkingSession, at: datetime) -> date:
    """The calendar day of `at` at the venue."""
    return at.astimezone(ZoneInfo(session.car_park.venue.time_zone)).date()


def _limits(terms: ReliefTerms, taken: Taken) -> Limits:
    caps = (
        (terms.free_minutes_entry_max, taken.entry),
        (terms.free_minutes_plate_max, taken.plate),
        (terms.free_minutes_member_max, taken.member),
    )
    left = [max(0, cap - spent) for cap, spent in caps if cap is not None]
    minutes_max = terms.receipt_minutes_max
    return Limits(
        free_minutes=min(left, default=None),
        vouchers=max(0, terms.vouchers_max - taken.vouchers),
        receipts=max(0, terms.receipts_max - taken.receipts),
        receipt_cents=0 if terms.receipt_spend is None else cents_of(terms.receipt_spend),
        receipt_minutes=terms.receipt_minutes,
        receipt_minutes_max=None if minutes_max is None else max(0, minutes_max - taken.receipt_minutes),
    )


def _receipts(
    session: ParkingSession, books: Books, day: date, *, is_locked: bool
) -> tuple[ReceiptOffer, ...]:
    """Receipts of the local day, of any unit of the group with the car park's currency, that freed nothing
    yet.
    """
    zone = ZoneInfo(session.car_park.venue.time_zone)
    currency = session.car_park.unit.currency
    found = receipts_of(
        books.mine,
        start_of_day(day, zone),
        start_of_day(day + timedelta(days=1), zone),
        books.unit_ids,
        is_locked=is_locked,
    )
    found = [one for one in found if one.currency == currency]
    if not found:
        return ()
    # Read after the locks: whoever used one of them before has told so by now.
    gone = {pk for (pk,) in rows(_GONE, {"receipts": [one.activity_id for one in found]})}
    return tuple(
        ReceiptOffer(str(one.activity_id), cents_of(one.standing))
        for one in found
        if one.activity_id not in gone
    )


def _points(
    terms: ReliefTerms, member: Member, unit: BusinessUnit, *, used: int, due_cents: int, at: datetime
) -> PointsOffer:
    """How many points the member could pay with, of what the fee asks at most, from all wallets together."""
    assert terms.program is not None, "terms without a program take no points"
    num, den = (terms.points_per_unit / 100).as_integer_ratio()
    offer = PointsOffer(0, num, den)
    price = min(offer.for_cents(due_cents), POINTS_MAX)
    if terms.points_max is not None:
        price = min(price, terms.points_max - used)
    if price < 1:
        return offer
    try:
        quote_redemption(member=member, program=terms.program, unit=unit, price=price, at=at)
    except InsufficientPoints as refusal:
        price -= int(refusal.facts["short"])
    except (MemberNotActive, UnitNotActive, ProgramNotActive, SpendingPaused):
        price = 0
    return replace(offer, points=price)
