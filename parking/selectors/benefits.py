"""Free hours and vouchers as the decision takes them: the one place that asks the floor below for them."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from benefits.models import Measure
from benefits.selectors.entitlements import usable_rights
from benefits.selectors.vouchers import usable_vouchers
from members.models import Member
from members.selectors.aliases import ids_of
from parking.models import CarPark
from parking.rules.fees import cents_of
from parking.rules.offers import RightOffer, VoucherOffer

# The kind of benefits whose minutes pay for parking (benefits/migrations/0001_entitlements.py).
FREE_PARKING: Final = "PARKING"
_KINDS: Final = ("parking_hours", "cash_off")


def rights_for(member: Member, *, car_park: CarPark, at: datetime) -> tuple[RightOffer, ...]:
    """The member's entitlements to free minutes in `car_park`, the soonest to end first; those lent to them,
    too.
    """
    found = usable_rights(
        member_ids=[member.pk], kind=FREE_PARKING, unit=car_park.unit, venue=car_park.venue, at=at
    )
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
    member: Member, *, car_park: CarPark, at: datetime, due_cents: int
) -> tuple[VoucherOffer, ...]:
    """The member's vouchers that `car_park` takes, the soonest to end first; of hours, those whose bill is
    due.
    """
    found = usable_vouchers(member_ids=ids_of(member.pk), kinds=_KINDS, unit=car_park.unit, at=at)
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
