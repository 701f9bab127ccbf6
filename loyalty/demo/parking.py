"""The demo's parking: a car park at every venue with its prices, and a day on which some members' cars came.

The plates are made up, as the members are: 沪Z and a running number.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from members.models import Enrolment, Member, MemberStatus
from members.services.identities import claim_plate
from parking.models import AutoPay, CarPark, Tariff, Vehicle
from parking.services.gate import Collected, Seen, record_entry, record_exit
from parking.services.tariffs import publish_relief_terms, publish_tariff
from points.models import Program
from units.models import BusinessUnit, Venue

BY: Final = "demo"
MALL_RATES: Final = """
every 00:00-08:00: 60 min 2.00
every 08:00-22:00: 60 min 8.00
every 08:00-22:00 after 60: 30 min 3.00
every 22:00-24:00: 60 min 2.00
"""
RATES: Final = "workday 00:00-24:00: 60 min 5.00\nweekend 00:00-24:00: 60 min 3.00"
CARS: Final = 30


def open_car_parks(units: Iterable[BusinessUnit], *, since: datetime) -> list[CarPark]:
    """A car park for each venue of `units`, with a tariff and relief terms in force since `since`.

    What is there already stays as it is.
    """
    opened = []
    for venue in Venue.objects.filter(unit__in=list(units)).select_related("unit").order_by("code"):
        car_park, _ = CarPark.objects.get_or_create(
            unit=venue.unit,
            code=f"{venue.code}-P1",
            defaults={
                "venue": venue,
                "name_zh": f"{venue.name_zh}停车场",
                "name_en": f"{venue.name_en} car park",
            },
        )
        if not Tariff.objects.filter(car_park=car_park).exists():
            _price(car_park, since)
        opened.append(car_park)
    return opened


def _price(car_park: CarPark, since: datetime) -> None:
    in_force: dict[str, Any] = {"starts_at": since, "ends_at": None, "by": BY, "at": since}
    is_mall = car_park.unit.sector == "mall"
    publish_tariff(
        car_park=car_park,
        rates=MALL_RATES if is_mall else RATES,
        free_minutes=30 if is_mall else 15,
        daily_cap=Decimal(60) if is_mall else Decimal(40),
        missing_entry_fee=Decimal(20),
        **in_force,
    )
    publish_relief_terms(
        car_park=car_park,
        receipt_spend=Decimal(100) if is_mall else None,
        free_minutes_entry_max=300,
        free_minutes_plate_max=480,
        program=Program.objects.filter(code=car_park.unit.code).first(),
        points_per_unit=Decimal(100),
        **in_force,
    )


def park_cars(unit: BusinessUnit, *, at: datetime, cars: int = CARS) -> dict[str, int]:
    """Let cars of members of `unit` come and go within the two days before `at`; some are still inside."""
    dice = Random(f"{BY}:{unit.code}")  # noqa: S311 -- made-up cars, not secrets
    car_park = CarPark.objects.select_related("venue", "unit").filter(unit=unit).order_by("code").first()
    assert car_park is not None, "the car parks are opened first"
    known = Enrolment.objects.filter(unit=unit, member__status=MemberStatus.ACTIVE).order_by("pk")
    members = Member.objects.filter(pk__in=known.values("member_id")).order_by("pk")[:cars]
    told = {"cars": 0, "paid": 0, "inside": 0}
    for number, member in enumerate(members):
        plate = f"沪Z{number:05d}"
        identity = claim_plate(member=member, plate=plate, by=BY, at=at)
        Vehicle.objects.get_or_create(identity=identity, defaults={"auto_pay": AutoPay.ALL})
        came = at - timedelta(minutes=dice.randrange(30, 2 * 1440))
        record_entry(seen=Seen(car_park, plate, f"demo-in-{number}", came), by=BY, at=at)
        told["cars"] += 1
        left = came + timedelta(minutes=dice.choice((20, 70, 130, 200, 400)))
        if left > at:
            told["inside"] += 1
            continue
        told["paid"] += _leave(car_park, plate, f"demo-out-{number}", left, at)
    return told


def _leave(car_park: CarPark, plate: str, ref: str, left: datetime, at: datetime) -> bool:
    """Whether anything was to be paid: by what the driver has, else at the booth."""
    seen = Seen(car_park, plate, ref, left)
    asked = record_exit(seen=seen, has_passed=False, collected=None, by=BY, at=at)
    if not asked.opens:
        due = Decimal(asked.decision.due.cents).scaleb(-2)
        asked = record_exit(seen=seen, has_passed=False, collected=Collected(due, ref), by=BY, at=at)
    return asked.order is not None
