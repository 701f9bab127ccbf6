"""Car parks to test with, cars that come and go, and people with something to pay with."""

from datetime import timedelta
from itertools import count

from members.models import IdentityKind
from parking.models import CarPark
from parking.services.gate import Collected, Seen, record_entry, record_exit
from parking.services.ordering import pay_session
from parking.services.tariffs import publish_relief_terms, publish_tariff
from tests.factories import LONG_AGO, NOW, make_program, make_unit
from tests.members.factories import add_identity, numbered_member
from units.models import Venue

_serial = count(1)
HOURLY = "every 00:00-24:00: 60 min 5.00"
PLATE = "沪A12345"


def make_car_park(unit=None, *, zone="Asia/Shanghai", rates=HOURLY, **figures):
    """¥5 an hour, ten free minutes to turn around, unless said otherwise."""
    unit = unit or make_unit()
    venue = Venue.objects.create(
        unit=unit, code=f"PV{next(_serial)}", name_zh="场所", name_en="Venue", time_zone=zone
    )
    made = CarPark.objects.create(
        unit=unit, venue=venue, code=f"P{next(_serial)}", name_zh="停车场", name_en="Car park"
    )
    said = {"free_minutes": 10, "grace_minutes": 15} | figures
    publish_tariff(
        car_park=made,
        rates=rates,
        starts_at=LONG_AGO,
        ends_at=None,
        by="test",
        at=NOW,
        is_history=True,
        **said,
    )
    return made


def allow(car_park, **figures):
    """Relief terms: ¥100 of receipts free an hour, 100 points a yuan where a program is given."""
    said = {"receipt_spend": 100, "receipt_minutes": 60} | figures
    return publish_relief_terms(
        car_park=car_park, starts_at=LONG_AGO, ends_at=None, by="test", at=NOW, is_history=True, **said
    )


def make_driver(plate=PLATE, **fields):
    member = numbered_member(**fields)
    add_identity(member, IdentityKind.PLATE, plate)
    return member


def seen(car_park, at=NOW, plate=PLATE, ref=""):
    return Seen(car_park, plate, ref or f"passage-{next(_serial)}", at)


def come(car_park, at=NOW, plate=PLATE, ref="", received=None):
    session, _ = record_entry(seen=seen(car_park, at, plate, ref), by="gate", at=received or at)
    return session


def leave(car_park, at, plate=PLATE, ref="", *, passed=False, collected=None, received=None):
    return record_exit(
        seen=seen(car_park, at, plate, ref),
        has_passed=passed,
        collected=None if collected is None else Collected(collected, f"till-{next(_serial)}"),
        by="gate",
        at=received or at,
    )


def pay(session, member, at, quote=None):
    return pay_session(session_id=session.pk, member=member, quote=quote, by="test", at=at)


def parts_of(order):
    return [
        (part.kind, str(part.amount), part.minutes or part.points) for part in order.parts.order_by("place")
    ]


def hours(count_):
    return NOW + timedelta(hours=count_)


def parking_points(owner=None):
    return make_program(owner=owner)
