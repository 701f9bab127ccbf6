"""Free hours and vouchers as the decision takes them: the one place that asks the floor below for them."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from benefits.models import Measure
from benefits.selectors.in_haste import usable_in_haste
from benefits.selectors.places import Spot
from benefits.selectors.vouchers import usable_vouchers
from members.models import Member
from parking.models import CarPark
from parking.rules.fees import cents_of
from parking.rules.offers import RightOffer, VoucherOffer

# The kind of benefits whose minutes pay for parking (benefits/migrations/0001_entitlements.py).
FREE_PARKING: Final = "PARKING"
_KINDS: Final = ("parking_hours", "cash_off")


def rights_for(member: Member, *, car_park: CarPark, at: datetime) -> tuple[RightOffer, ...]:
    """The entitlements to free minutes in `car_park` of the person who goes on as `member`, those lent to
    them, too; the soonest to end first.
    """
    spot = Spot(car_park.unit, car_park.venue)
    found = usable_in_haste(member_id=member.pk, kind=FREE_PARKING, spot=spot, at=at)
    return tuple(
        RightOffer(
            key=str(one.id),
            minutes=int(one.left),
            unit=1,
            name_zh=one.benefit.name_zh,
            name_en=one.benefit.name_en,
        )
        for one in found
        if one.measure == Measure.MINUTES and int(one.left) > 0
    )


def vouchers_for(
    member_ids: Collection[UUID], *, car_park: CarPark, at: datetime, due_cents: int
) -> tuple[VoucherOffer, ...]:
    """The vouchers of a person, by all their ids, that `car_park` takes, the soonest to end first; of hours,
    those whose bill is due.
    """
    found = usable_vouchers(member_ids=member_ids, kinds=_KINDS, unit=car_park.unit, at=at)
    offers = []
    for one in found:
        if one.terms.currency != car_park.unit.currency:
            continue
        least = cents_of(one.terms.min_spend)
        if one.terms.minutes is not None and least > due_cents:
            continue
        offers.append(
            VoucherOffer(
                key=str(one.id),
                minutes=one.terms.minutes or 0,
                cents=cents_of(one.terms.amount or Decimal(0)),
                min_cents=0 if one.terms.minutes is not None else least,
                batch=str(one.batch_id),
                batch_max=one.receipt_max,
                name_zh=one.name_zh,
                name_en=one.name_en,
            )
        )
    return tuple(offers)
