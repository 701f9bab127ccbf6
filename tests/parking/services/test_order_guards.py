"""What the database refuses of orders and payments: parts that do not add up, states that lead back,
rewriting.
"""

import pytest
from django.db import DatabaseError, connection, transaction

from parking.models import OrderPart, OrderState, ParkingOrder, Payment, PaymentState
from tests.factories import make_unit
from tests.parking.places import come, hours, make_car_park, pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(driver):
    return come(make_car_park(make_unit("MALL")))


def test_an_order_whose_parts_do_not_add_up_cannot_be_committed(session, driver):
    pay(session, driver, hours(5))

    def add_a_part():
        with transaction.atomic(), connection.cursor() as cursor:
            OrderPart.objects.create(order=ParkingOrder.objects.get(), place=9, kind="points", amount=1)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match="add up"):
        add_a_part()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("paid", "placed"),
        ("expired", "paid"),
        ("refunded", "paid"),
        ("cancelled", "placed"),
        ("placed", "refunded"),
    ],
)
def test_no_state_of_an_order_leads_back(session, driver, before, after):
    order = pay(session, driver, hours(5)).order
    ways = {"refunded": ["paid", "refunded"]}.get(before, [] if before == "placed" else [before])
    for state in ways:
        move(order, state)

    with pytest.raises(DatabaseError), transaction.atomic():
        move(order, after)


def move(order, state):
    ended = None if state == "placed" else hours(6)
    back = {"refunded_at": hours(6), "refunded_by": "x"} if state == "refunded" else {}
    ParkingOrder.objects.filter(pk=order.pk).update(
        **{"state": state, "closed_at": ended, "refunded_at": None, "refunded_by": ""} | back
    )


@pytest.mark.parametrize(
    ("before", "after"), [("failed", "asked"), ("refunded", "succeeded"), ("asked", "refunded")]
)
def test_no_state_of_a_payment_leads_back(session, driver, before, after):
    payment = pay(session, driver, hours(5)).payment
    for state in {"refunded": ["refund_due", "refunded"]}.get(before, [before]):
        change(payment, state)

    with pytest.raises(DatabaseError), transaction.atomic():
        change(payment, after)


def change(payment, state):
    paid = hours(6) if state in ("succeeded", "refund_due", "refunded") else None
    refunded = hours(6) if state == "refunded" else None
    Payment.objects.filter(pk=payment.pk).update(state=state, paid_at=paid, refunded_at=refunded)


def test_parts_and_amounts_are_never_rewritten(session, driver):
    pay(session, driver, hours(5))

    for change_ in (
        lambda: OrderPart.objects.update(amount=1),
        lambda: OrderPart.objects.all()._raw_delete("default"),
        lambda: ParkingOrder.objects.update(fee=1),
        lambda: Payment.objects.update(amount=1),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change_()


def test_the_states_are_those_of_the_code():
    assert set(OrderState.values) == {"placed", "paid", "cancelled", "expired", "refunded"}
    assert set(PaymentState.values) == {"asked", "succeeded", "failed", "refund_due", "refunded"}
