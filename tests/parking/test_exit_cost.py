"""What the exit's answer costs with every source considered: as many queries for few as for many.

PARKING_EXITS=500 prints milliseconds of processor time a request and the latencies of one caller.
"""

import os
import sys
import time
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from activities.models import Activity
from members.models import IdentityKind
from tests.benefits.factories import make_benefit, make_rule
from tests.benefits.vouchers import issue, make_vouchers_of
from tests.factories import NOW, give, make_outlet, make_program, make_rate, make_unit
from tests.members.factories import add_identity
from tests.parking.places import PLATE, allow, come, hours, make_car_park, make_driver
from tests.points.api.conftest import Till

pytestmark = pytest.mark.django_db
ASKED = int(os.environ.get("PARKING_EXITS", "0"))


def crowd(mall, *, vehicles, receipts, vouchers):
    """A driver with something of everything, parked so long that money is left to pay."""
    program, other = make_program("MALLPT", owner=mall), make_program("OTHERPT")
    make_rate(other, program, 1, 2)
    car_park = make_car_park(mall)
    allow(car_park, program=program, points_per_unit=100)
    driver = make_driver()
    for number in range(1, vehicles):
        plate = f"沪B{number:05d}"
        add_identity(driver, IdentityKind.PLATE, plate)
        come(car_park, plate=plate)
    shop = make_outlet(mall)
    for number in range(receipts):
        Activity.objects.create(
            unit=mall, source_ref=f"r{number}", kind="purchase", member=driver, outlet=shop,
            occurred_at=NOW, amount=Decimal(10 + number), currency="CNY",
        )  # fmt: skip
    hourly = make_vouchers_of(mall, mall, kind="parking_hours", minutes=60)
    cash = make_vouchers_of(mall, mall, amount=Decimal(3), min_spend=Decimal(5))
    for number in range(vouchers):
        issue((hourly, cash)[number % 2], member=driver)
    make_rule(make_benefit(provider=mall), 120, "day")
    give(driver, program, 300)
    give(driver, other, 100)
    come(car_park)
    return car_park


def ask(gate, car_park, number):
    at = hours(22)
    answer = gate.post(
        "parking/exits",
        {
            "car_park": car_park.code,
            "source_ref": f"out-{number}",
            "plate": PLATE,
            "happened_at": at.isoformat(),
        },
    )
    assert answer.json()["decision"] == "pay", answer.content
    return answer.json()


def queries(gate, car_park, number):
    with CaptureQueriesContext(connection) as captured:
        ask(gate, car_park, number)
    return len(captured)


@pytest.fixture
def clock(settings):
    settings.LOYALTY_FAKE_NOW = hours(22).isoformat()


@pytest.mark.parametrize("sizes", [(1, 1, 1), (5, 20, 10)])
def test_the_answer_asks_the_database_a_constant_number_of_times(clock, sizes, record_property):
    vehicles, receipts, vouchers = sizes
    mall = make_unit("MALL")
    car_park = crowd(mall, vehicles=vehicles, receipts=receipts, vouchers=vouchers)
    gate = Till([mall], scopes=["parking:gate"])
    told = ask(gate, car_park, 0)

    asked = queries(gate, car_park, 1)

    kinds = {part["kind"] for part in told["parts"]}
    assert {"right", "points", "money"} <= kinds
    assert asked <= 45
    record_property("queries", asked)
    if ASKED:
        measure(gate, car_park, asked)


def measure(gate, car_park, asked):
    took, began = [], time.process_time()
    for number in range(2, 2 + ASKED):
        start = time.perf_counter()
        ask(gate, car_park, number)
        took.append((time.perf_counter() - start) * 1000)
    spent = (time.process_time() - began) * 1000 / ASKED
    took.sort()
    sys.stderr.write(
        f"\n{asked} queries, {spent:.1f} ms of processor time a request,"
        f" p50 {took[len(took) // 2]:.0f} ms, p99 {took[int(len(took) * 0.99)]:.0f} ms\n"
    )


def test_few_and_many_ask_alike(clock):
    counts = []
    for number, (vehicles, receipts, vouchers) in enumerate([(1, 1, 2), (5, 20, 10)]):
        mall = make_unit(f"MALL{number}")
        counts.append(number_of_queries(mall, vehicles, receipts, vouchers))

    assert counts[0] == counts[1]


def number_of_queries(mall, vehicles, receipts, vouchers):
    from django.db import transaction

    with transaction.atomic():
        car_park = crowd(mall, vehicles=vehicles, receipts=receipts, vouchers=vouchers)
        gate = Till([mall], scopes=["parking:gate"])
        ask(gate, car_park, 0)
        asked = queries(gate, car_park, 1)
        transaction.set_rollback(True)
    return asked
