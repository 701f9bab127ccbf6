"""A stranger's plate is forgotten in time, and nothing else of their stay; of anybody else's nothing is."""

from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from functools import partial

import psycopg2
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from parking.models import OrderPart, OrderState, ParkingOrder, ParkingSession, Passage, Payment, SessionState
from parking.selectors.audit import parking_disagreements
from parking.selectors.plates import plate_index_of
from parking.services.forgetting import forget_strangers
from parking.tasks import forget_plates
from tests.factories import NOW
from tests.parking.places import PLATE, come, leave, make_car_park, make_driver, parts_of

pytestmark = pytest.mark.django_db
LONG_AGO = NOW - timedelta(days=200)
LATER = LONG_AGO + timedelta(hours=3)
BEFORE = NOW - timedelta(days=180)


@pytest.fixture
def car_park():
    return make_car_park()


def stay(car_park, begins=LONG_AGO, ends=LATER):
    """A stranger's, paid in cash at the gate."""
    come(car_park, begins)
    return leave(car_park, ends, collected=Decimal(15)).session


def plates_left():
    return ParkingSession.objects.filter(plate_index=plate_index_of(PLATE)).count()


def test_after_half_a_year_no_plate_leads_to_a_strangers_stay_and_its_money_stays(car_park):
    gone, kept = stay(car_park), stay(car_park, NOW - timedelta(days=9), NOW - timedelta(days=8))

    done = forget_plates(as_of=NOW.isoformat())
    again = forget_plates(as_of=NOW.isoformat())

    assert (done, again) == ({"stays": 1}, {"stays": 0})
    before, order = gone, gone.orders.get()
    gone.refresh_from_db()
    assert (gone.plate, gone.fee, gone.exited_at) == ("", before.fee, LATER)
    assert (order.state, parts_of(order)) == ("paid", [("money", "15.00", 0)])
    told = [bytes(row.plate_index) for row in (order, *Passage.objects.filter(session=gone))]
    assert told == [bytes(gone.plate_index)] * 3
    assert [one.plate for one in ParkingSession.objects.filter(plate_index=plate_index_of(PLATE))] == [PLATE]
    assert kept.pk != gone.pk
    assert parking_disagreements() == []


def test_the_days_are_a_setting(car_park, settings):
    settings.STRANGER_PLATES_KEPT_DAYS = 300
    stay(car_park)

    assert forget_plates(as_of=NOW.isoformat()) == {"stays": 0}
    assert plates_left() == 1


def test_stays_without_an_exit_that_others_overtook_are_forgotten_too(car_park):
    come(car_park, LONG_AGO)
    stay(car_park, LONG_AGO + timedelta(days=1), LATER + timedelta(days=1))

    assert forget_strangers(before=BEFORE) == 2
    assert plates_left() == 0
    assert parking_disagreements() == []


def test_a_car_that_is_inside_keeps_its_plate_until_it_left(car_park):
    come(car_park, LONG_AGO)

    assert forget_strangers(before=BEFORE) == 0
    leave(car_park, NOW, passed=True)
    assert forget_strangers(before=BEFORE) == 0
    assert forget_strangers(before=NOW + timedelta(days=1)) == 1


def test_a_members_stay_keeps_its_plate(car_park):
    make_driver()
    stay(car_park)

    assert forget_strangers(before=BEFORE) == 0
    assert plates_left() == 1


def test_money_that_is_still_open_is_waited_for(car_park):
    order = stay(car_park).orders.get()
    ParkingOrder.objects.filter(pk=order.pk).update(
        state=OrderState.REFUNDED, refunded_at=LATER, refunded_by="user:1"
    )
    Payment.objects.filter(order=order).update(state="refund_due")

    waited = forget_strangers(before=BEFORE)
    Payment.objects.filter(order=order).update(state="refunded", refunded_at=NOW)

    assert (waited, forget_strangers(before=BEFORE)) == (0, 1)


def test_an_order_that_nobody_has_paid_yet_is_waited_for(car_park):
    session = stay(car_park)
    order = session.orders.get()
    placed = ParkingOrder.objects.create(
        session=session, unit=order.unit, plate_index=order.plate_index, local_day=order.local_day, fee=1,
        currency="CNY", until_at=LATER, placed_at=LATER, expires_at=LATER, placed_by="test",
    )  # fmt: skip
    OrderPart.objects.create(order=placed, place=1, kind="money", amount=1)

    assert forget_strangers(before=BEFORE) == 0


@pytest.mark.parametrize(
    "rewrite",
    [
        "UPDATE parking_passage SET plate_index = sha256('other')",
        "UPDATE parking_passage SET happened_at = now()",
        "UPDATE parking_passage SET plate_index = sha256('other'), happened_at = now()",
    ],
)
def test_a_passage_takes_the_stand_in_of_its_stay_and_nothing_else(car_park, rewrite):
    stay(car_park)
    forget_strangers(before=BEFORE)

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(rewrite)


@pytest.mark.parametrize("held", ["plate", "inside", "member"])
def test_a_passage_keeps_its_plate_while_its_stay_has_one_or_goes_on_or_is_a_members(car_park, held):
    session = stay(car_park)
    told = {"plate_index": b"s" * 32} | ({} if held == "plate" else {"plate": ""})
    if held == "inside":
        told |= {"state": SessionState.INSIDE, "exited_at": None}
    if held == "member":
        told |= {"member": make_driver()}
    for name, value in told.items():
        setattr(session, name, value)
    session.save()

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE parking_passage SET plate_index = %s", [b"s" * 32])


def test_a_gate_that_is_told_late_about_the_plate_is_waited_for(car_park, app_dsn):
    index = plate_index_of(PLATE)
    ParkingSession.objects.create(
        car_park=car_park, plate=PLATE, plate_index=index, state="left", began_at=LONG_AGO, exited_at=LATER
    )
    with closing(psycopg2.connect(app_dsn)) as gate, gate.cursor() as cursor:
        name = f"parking.plate:{car_park.pk}:{index.hex()}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])

        refused = impatiently(partial(forget_strangers, before=BEFORE))

    assert "lock timeout" in str(refused)
    assert plates_left() == 1


def impatiently(work):
    """What stopped `work`, which would rather fail than wait."""

    @transaction.atomic
    def at_once():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
        work()

    with pytest.raises(DatabaseError) as refusal:
        at_once()
    return refusal.value
