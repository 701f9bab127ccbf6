"""The audit of parking finds what a hand with every right planted behind the application's back."""

from datetime import timedelta
from decimal import Decimal

import pytest

from activities.models import Activity
from parking.selectors.audit import PARKING_CHECKS
from parking.services.payments import charge_of, hear_notice
from parking.services.sandbox import SandboxProvider, customer_pays
from points.selectors.audit.checks import Scope
from tests.benefits.factories import make_benefit, make_rule
from tests.benefits.vouchers import issue, make_vouchers_of
from tests.factories import NOW, give, make_outlet, make_program, make_unit
from tests.parking.places import allow, come, hours, leave, make_car_park, make_driver, parts_of, pay

# What is planted, and the check that names the row.
PLANTED = {
    "UPDATE parking_parkingorder SET fee = fee + 1": "parking_order_adds_up",
    "UPDATE parking_orderpart SET amount = amount + 1 WHERE kind = 'money'":
        "parking_money_is_where_it_belongs",
    "DELETE FROM parking_receiptuse": "parking_part_has_what_it_used",
    "UPDATE parking_orderpart SET ref = gen_random_uuid() WHERE kind = 'right'":
        "parking_part_has_what_it_used",
    "UPDATE parking_orderpart SET ref = gen_random_uuid() WHERE kind = 'voucher_hours'":
        "parking_part_has_what_it_used",
    "UPDATE parking_orderpart SET points = points + 1 WHERE kind = 'points'": "parking_part_has_what_it_used",
    "UPDATE parking_payment SET state = 'failed', paid_at = NULL": "parking_part_has_what_it_used",
    """DROP INDEX a_receipt_frees_parking_once;
       INSERT INTO parking_receiptuse (receipt_id, order_id, unit_id, minutes, value, used_at)
       SELECT receipt_id, order_id, unit_id, minutes, value, used_at FROM parking_receiptuse""":
        "parking_receipt_frees_once",
    "UPDATE parking_parkingorder SET state = 'expired'": "parking_receipt_frees_once",
    "DELETE FROM parking_pointspaid": "parking_posting_has_its_order",
    """UPDATE parking_parkingorder
       SET state = 'refunded', refunded_at = now(), refunded_by = 'x'""": "parking_posting_has_its_order",
    "UPDATE parking_passage SET session_id = NULL WHERE is_entry": "passage_is_part_of_a_stay",
    "UPDATE parking_parkingsession SET entered_at = entered_at - interval '1 h'": "passage_is_part_of_a_stay",
}  # fmt: skip


def a_paid_stay():
    """Paid with a right, a receipt, a voucher, points and money; the car has left."""
    mall = make_unit("MALL")
    program = make_program("MALLPT", owner=mall)
    car_park, driver = make_car_park(mall), make_driver()
    allow(car_park, program=program, points_per_unit=40)
    make_rule(make_benefit(provider=mall), 60, "day")
    Activity.objects.create(
        unit=mall, source_ref="r", kind="purchase", member=driver, outlet=make_outlet(mall),
        occurred_at=NOW, amount=Decimal(160), currency="CNY",
    )  # fmt: skip
    give(driver, program, 200)
    issue(make_vouchers_of(mall, mall, kind="parking_hours", minutes=60), member=driver)
    placed = pay(come(car_park), driver, hours(6))
    checkout = SandboxProvider().checkout(charge_of(placed.payment), at=NOW)
    headers, body = customer_pays(checkout=checkout, at=hours(6))
    hear_notice(provider="sandbox", headers=headers, body=body, at=hours(6))
    assert leave(car_park, hours(6) + timedelta(minutes=5)).opens
    assert {kind for kind, *_ in parts_of(placed.order)} == {
        "right", "receipt", "voucher_hours", "points", "money",
    }  # fmt: skip


def found(cursor):
    rows = [row for check in PARKING_CHECKS for row in check.found(cursor, Scope())[0]]
    assert all(row.row for row in rows)
    return {row.check for row in rows}


@pytest.mark.django_db(transaction=True)
def test_what_was_planted_is_found_and_named(admin_connection):
    """One story; every planted row is taken back before the next."""
    a_paid_stay()
    told = {}

    with admin_connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        clean = found(cursor)
        for planted in PLANTED:
            cursor.execute("BEGIN")
            cursor.execute(planted)
            told[planted] = found(cursor)
            cursor.execute("ROLLBACK")

    assert clean == set()
    assert {planted: check for planted, check in PLANTED.items() if check not in told[planted]} == {}
