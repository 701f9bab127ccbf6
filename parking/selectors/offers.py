"""What may pay for a stay: the member's free hours, receipts of the day, vouchers and points, within the
caps.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum

from activities.selectors.receipts import receipts_of
from members.models import Member, MemberStatus
from members.selectors.aliases import ids_of
from parking.models import (
    LIVE_STATES,
    AutoPay,
    OrderPart,
    ParkingSession,
    PartKind,
    ReceiptUse,
    ReliefTerms,
)
from parking.rules.fees import cents_of
from parking.rules.offers import Limits, PointsOffer, ReceiptOffer, Sources
from parking.selectors.benefits import rights_for, vouchers_for
from points.models import Program
from points.refusals import InsufficientPoints, MemberNotActive, ProgramNotActive, UnitNotActive
from points.rules.expiry import start_of_day
from points.services.redemption import POINTS_MAX, quote_redemption
from units.models import BusinessUnit

_TIMED = (PartKind.RIGHT, PartKind.RECEIPT, PartKind.VOUCHER_HOURS)
_VOUCHERS = (PartKind.VOUCHER_HOURS, PartKind.VOUCHER_CASH)


@dataclass(frozen=True, slots=True)
class Offered:
    """The sources as the rule takes them, and the program that points are priced in; None: they do not
    pay.
    """

    sources: Sources
    program: Program | None
    local_day: date


def no_sources(session: ParkingSession, *, at: datetime) -> Offered:
    """Nothing but money: nobody is known, or nothing may be used."""
    return Offered(Sources(), None, local_day_of(session, at))


def offered_for(
    session: ParkingSession, *, member: Member, at: datetime, due_cents: int, is_locked: bool = False
) -> Offered:
    """What may pay `due_cents` of the stay of `member` at `at`. `is_locked`: receipts stay as they are
    read.
    """
    terms = terms_at(session.car_park_id, at)
    if member.status != MemberStatus.ACTIVE:
        return no_sources(session, at=at)
    car_park = session.car_park
    day = local_day_of(session, at)
    limits, program = Limits(), None
    used = _used(session, member, day)
    receipts: tuple[ReceiptOffer, ...] = ()
    points = PointsOffer()
    if terms is not None:
        limits = _limits(terms, used)
        if limits.receipt_cents and limits.receipts and limits.free_minutes != 0:
            receipts = _receipts(session, member, day, is_locked=is_locked)
        if terms.program is not None:
            points = _points(
                terms, member, car_park.unit, used=used["points"] or 0, due_cents=due_cents, at=at
            )
            program = terms.program if points.points else None
    else:
        limits = Limits(vouchers=3)
    sources = Sources(
        rights=rights_for(member, car_park=car_park, at=at),
        receipts=receipts,
        vouchers=vouchers_for(member, car_park=car_park, at=at, due_cents=due_cents)
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


def terms_at(car_park_id: int, at: datetime) -> ReliefTerms | None:
    """The relief terms in force at `at`; None: only what benefits and vouchers give themselves."""
    found = ReliefTerms.objects.filter(car_park_id=car_park_id, during__contains=at)
    return found.select_related("program").first()


def local_day_of(session: ParkingSession, at: datetime) -> date:
    """The calendar day of `at` at the venue."""
    return at.astimezone(ZoneInfo(session.car_park.venue.time_zone)).date()


def _used(session: ParkingSession, member: Member, day: date) -> dict[str, Any]:
    """What orders that stand have used: of the entry, of the plate and of the member today, in this car
    park.
    """
    own = Q(order__session=session)
    plate = Q(order__plate_index=bytes(session.plate_index), order__local_day=day)
    mine = Q(order__member=member, order__local_day=day)
    timed = Q(kind__in=_TIMED)
    return OrderPart.objects.filter(
        own | plate | mine,
        order__session__car_park_id=session.car_park_id,
        order__state__in=LIVE_STATES,
    ).aggregate(
        entry=Sum("counted", filter=own & timed),
        plate=Sum("counted", filter=plate & timed),
        member=Sum("counted", filter=mine & timed),
        receipt_minutes=Sum("minutes", filter=own & Q(kind=PartKind.RECEIPT)),
        receipts=Count("pk", filter=own & Q(kind=PartKind.RECEIPT)),
        vouchers=Count("pk", filter=own & Q(kind__in=_VOUCHERS)),
        points=Sum("points", filter=own),
    )


def _limits(terms: ReliefTerms, used: dict[str, Any]) -> Limits:
    caps = (
        (terms.free_minutes_entry_max, used["entry"]),
        (terms.free_minutes_plate_max, used["plate"]),
        (terms.free_minutes_member_max, used["member"]),
    )
    left = [max(0, cap - (spent or 0)) for cap, spent in caps if cap is not None]
    minutes_max = terms.receipt_minutes_max
    return Limits(
        free_minutes=min(left, default=None),
        vouchers=max(0, terms.vouchers_max - used["vouchers"]),
        receipts=max(0, terms.receipts_max - used["receipts"]),
        receipt_cents=0 if terms.receipt_spend is None else cents_of(terms.receipt_spend),
        receipt_minutes=terms.receipt_minutes,
        receipt_minutes_max=None
        if minutes_max is None
        else max(0, minutes_max - (used["receipt_minutes"] or 0)),
    )


def _receipts(
    session: ParkingSession, member: Member, day: date, *, is_locked: bool
) -> tuple[ReceiptOffer, ...]:
    """Receipts of the local day, of any unit of the group with the car park's currency, that freed nothing
    yet.
    """
    zone = ZoneInfo(session.car_park.venue.time_zone)
    currency = session.car_park.unit.currency
    found = receipts_of(
        ids_of(member.pk),
        start_of_day(day, zone),
        start_of_day(day + timedelta(days=1), zone),
        BusinessUnit.objects.filter(is_active=True, currency=currency),
        is_locked=is_locked,
    )
    found = [one for one in found if one.currency == currency]
    if not found:
        return ()
    ids = [one.activity_id for one in found]
    gone = set(
        ReceiptUse.objects.filter(receipt_id__in=ids, released_at__isnull=True).values_list(
            "receipt_id", flat=True
        )
    )
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
    except (MemberNotActive, UnitNotActive, ProgramNotActive):
        price = 0
    return replace(offer, points=price)
