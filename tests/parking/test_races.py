"""Many exits, payments and notices at once: quotas, receipts, orders and money are exact.

The guards: the member's lock (quota, caps), the unique receipt, the stay's lock.
"""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import OperationalError

from activities.models import Activity
from benefits.models import EntitlementEntry
from common.errors import DomainError, sqlstate
from members.models import IdentityKind
from parking.models import OrderPart, ParkingOrder, Payment, PointsPaid, ReceiptUse
from parking.services.payments import charge_of, hear_notice, settle_due
from parking.services.sandbox import SandboxProvider, customer_pays
from points.selectors.audit import audit
from tests.benefits.factories import make_benefit, make_rule
from tests.factories import NOW, balance, give, make_outlet, make_program, make_unit
from tests.members.factories import add_identity
from tests.parking.places import allow, come, hours, leave, make_car_park, make_driver, pay
from tests.races.test_points_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def outcome(operation):
    """What the operation answers, or its refusal; "not now" (a lock that took too long) is asked again."""

    def job():
        while True:
            try:
                return operation()
            except DomainError as refusal:
                return refusal.code
            except OperationalError as error:
                if sqlstate(error) != "55P03":
                    raise

    return job


def test_three_free_hours_a_day_under_twenty_parallel_exits_are_three_hours():
    mall = make_unit("MALL")
    driver = make_driver("沪A00000")
    plates = ["沪A00000", *(f"沪A{number:05d}" for number in range(11, 20))]
    for plate in plates[1:]:
        add_identity(driver, IdentityKind.PLATE, plate)
    car_parks = [make_car_park(mall), make_car_park(mall)]
    make_rule(make_benefit(provider=mall), 180, "day")
    for car_park in car_parks:
        for plate in plates:
            come(car_park, plate=plate)

    answers = at_once(
        10,
        [
            outcome(lambda car_park=car_park, plate=plate: leave(car_park, hours(1), plate=plate).opens)
            for car_park in car_parks
            for plate in plates
        ],
    )

    # An hour is 5.00; ten minutes of it are free of charge anyway, so fifty minutes are taken for each.
    used = sum(EntitlementEntry.objects.filter(kind="use").values_list("amount", flat=True))
    assert Counter(answers) == {True: 3, False: 17}
    assert used == 150
    assert sum(OrderPart.objects.values_list("counted", flat=True)) == 150


def test_one_receipt_under_fifty_parallel_exits_in_two_malls_frees_one():
    malls = [make_unit("MALL1"), make_unit("MALL2")]
    car_parks = [make_car_park(mall) for mall in malls]
    driver = make_driver("沪A00000")
    plates = ["沪A00000", *(f"沪A{number:05d}" for number in range(11, 20))]
    for plate in plates[1:]:
        add_identity(driver, IdentityKind.PLATE, plate)
    Activity.objects.create(
        unit=malls[0], source_ref="r", kind="purchase", member=driver, outlet=make_outlet(malls[0]),
        occurred_at=NOW, amount=Decimal(160), currency="CNY",
    )  # fmt: skip
    for car_park in car_parks:
        allow(car_park)
        for plate in plates:
            come(car_park, plate=plate)

    answers = at_once(
        10,
        [
            outcome(lambda car_park=car_park, plate=plate: leave(car_park, hours(1), plate=plate).opens)
            for car_park in car_parks
            for plate in plates
        ]
        * 2
        + [outcome(lambda: leave(car_parks[0], hours(1), plate=plates[0]).opens)] * 10,
    )

    assert ReceiptUse.objects.filter(released_at__isnull=True).count() == 1
    assert ParkingOrder.objects.count() == 1
    assert sum(answers) >= 1


def test_paying_at_once_is_one_order():
    mall = make_unit("MALL")
    program = make_program("MALLPT", owner=mall)
    car_park = make_car_park(mall)
    allow(car_park, program=program, points_per_unit=40)
    driver = make_driver()
    give(driver, program, 200)
    session = come(car_park)

    answers = at_once(8, [outcome(lambda: pay(session, driver, hours(5)).order.pk) for _ in range(24)])

    assert len(set(answers)) == 1
    assert (ParkingOrder.objects.count(), Payment.objects.count()) == (1, 1)


def test_notices_look_ups_and_expiry_at_once_complete_an_order_once():
    mall = make_unit("MALL")
    program = make_program("MALLPT", owner=mall)
    car_park = make_car_park(mall)
    allow(car_park, program=program, points_per_unit=40)
    driver = make_driver()
    give(driver, program, 200)
    placed = pay(come(car_park), driver, hours(5))
    late = hours(5) + timedelta(minutes=10)
    headers, body = customer_pays(
        checkout=SandboxProvider().checkout(charge_of(placed.payment), at=hours(5)), at=late
    )

    at_once(
        6,
        [
            outcome(lambda: hear_notice(provider="sandbox", headers=headers, body=body, at=late).state),
            outcome(lambda: settle_due(by="test", at=late).expired),
        ]
        * 6,
    )

    order, payment = ParkingOrder.objects.get(), Payment.objects.get()
    assert (order.state, payment.state) in {
        ("paid", "succeeded"),
        ("expired", "refunded"),
        ("expired", "refund_due"),
    }
    assert balance(driver, program) == (0 if order.state == "paid" else 200)
    assert PointsPaid.objects.count() == (order.state == "paid")
    assert audit().is_clean


KILLED = """
import os, signal, sys
import django
django.setup()
from datetime import datetime
from django.db import transaction
from parking.services import payments
whole = payments._succeeded
def die(*args, **how):
    whole(*args, **how)
    os.kill(os.getpid(), signal.SIGKILL)
payments._succeeded = die
payment = payments.Payment.objects.get()
at = datetime.fromisoformat(sys.argv[1])
payments.ask_provider(payment=payment, by="worker", at=at)
"""


def test_killed_between_success_and_commit_the_notice_completes_the_order_once(app_dsn):
    mall = make_unit("MALL")
    program = make_program("MALLPT", owner=mall)
    car_park = make_car_park(mall)
    allow(car_park, program=program, points_per_unit=40)
    driver = make_driver()
    give(driver, program, 200)
    make_rule(make_benefit(provider=mall), 60, "day")
    placed = pay(come(car_park), driver, hours(5))
    at = hours(5) + timedelta(minutes=1)
    headers, body = customer_pays(
        checkout=SandboxProvider().checkout(charge_of(placed.payment), at=hours(5)), at=at
    )

    killed = subprocess.run(
        [sys.executable, "-c", KILLED, at.isoformat()],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "DATABASE_URL": app_dsn, "DJANGO_SETTINGS_MODULE": "loyalty.settings"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (ParkingOrder.objects.get().state, Payment.objects.get().state) == ("placed", "asked")
    assert balance(driver, program) == 200
    assert [entry.kind for entry in EntitlementEntry.objects.all()] == ["hold"]
    for _ in range(2):
        hear_notice(provider="sandbox", headers=headers, body=body, at=at)
    settle_due(by="test", at=at + timedelta(minutes=1))
    assert (ParkingOrder.objects.get().state, Payment.objects.get().state) == ("paid", "succeeded")
    assert (balance(driver, program), PointsPaid.objects.count()) == (0, 1)
    assert [entry.kind for entry in EntitlementEntry.objects.order_by("place")] == ["hold", "use"]
    assert audit().is_clean
