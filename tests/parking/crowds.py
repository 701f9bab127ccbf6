"""A car park that takes everything, and drivers who have something of everything: what an exit can cost."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from activities.models import Activity
from benefits.models import VoucherBatch
from members.models import IdentityKind, Member
from parking.models import CarPark
from points.models import Program
from tests.benefits.factories import make_benefit, make_rule
from tests.benefits.vouchers import issue, make_vouchers_of
from tests.factories import NOW, give, make_outlet, make_program, make_rate
from tests.members.factories import add_identity
from tests.parking.places import allow, come, hours, make_car_park, make_driver
from units.models import BusinessUnit, Outlet

# A stay of eleven hours on one local day: no free time, voucher or wallet of a driver's pays all of it.
LEAVES_AT = hours(11)
_SHOPPED_AT = LEAVES_AT - timedelta(hours=2)


@dataclass(frozen=True)
class Busy:
    """Where free hours, receipts, vouchers and the points of two programs pay."""

    mall: BusinessUnit
    car_park: CarPark
    shop: Outlet
    program: Program
    other: Program
    hourly: VoucherBatch
    cash: VoucherBatch


def a_busy_car_park(mall: BusinessUnit) -> Busy:
    program, other = make_program("MALLPT", owner=mall), make_program("OTHERPT")
    make_rate(other, program, 1, 2)
    car_park = make_car_park(mall)
    allow(car_park, program=program, points_per_unit=100, receipt_minutes_max=180)
    make_rule(make_benefit(provider=mall), 120, "day")
    hourly = make_vouchers_of(mall, mall, kind="parking_hours", minutes=60)
    cash = make_vouchers_of(mall, mall, amount=Decimal(3), min_spend=Decimal(5))
    return Busy(mall, car_park, make_outlet(mall), program, other, hourly, cash)


def a_rich_driver(
    busy: Busy, plate: str, *, vehicles: int = 5, receipts: int = 20, vouchers: int = 10, serial: int = 0
) -> Member:
    """Has so many cars, inside since noon, receipts of the day, vouchers, and points of two programs."""
    driver = make_driver(plate)
    for number in range(1, vehicles):
        other = f"沪B{100 * serial + number:05d}"
        add_identity(driver, IdentityKind.PLATE, other)
        come(busy.car_park, plate=other)
    for number in range(receipts):
        Activity.objects.create(
            unit=busy.mall,
            source_ref=f"r{serial}-{number}",
            kind="purchase",
            member=driver,
            outlet=busy.shop,
            occurred_at=_SHOPPED_AT,
            amount=Decimal(60 + number),
            currency="CNY",
        )
    for number in range(vouchers):
        issue((busy.hourly, busy.cash)[number % 2], member=driver)
    give(driver, busy.program, 300, source_ref=f"give-{serial}")
    give(driver, busy.other, 100, source_ref=f"give-other-{serial}")
    come(busy.car_park, NOW, plate)
    return driver
