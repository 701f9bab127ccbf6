"""At the gate: who may go, what is kept, and that what is told late, shuffled or twice ends in one state."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import DatabaseError, connection, transaction

from benefits.models import EntitlementEntry
from members.models import IdentityKind
from members.rules.normalise import BadPlate
from parking.models import OrderState, ParkingOrder, ParkingSession, Passage, SessionState, Vehicle
from parking.rules.stays import Passage as Seen
from parking.rules.stays import stays_of
from parking.services.gate import GateClockAhead, PassageReused
from tests.benefits.factories import make_benefit, make_rule, only_right
from tests.factories import NOW
from tests.members.factories import add_identity
from tests.parking.places import (
    PLATE,
    allow,
    come,
    hours,
    leave,
    make_car_park,
    make_driver,
    parts_of,
    pay,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def car_park():
    return make_car_park()


def states():
    rows = ParkingSession.objects.exclude(state=SessionState.VOID).order_by("began_at")
    return [(row.entered_at, row.exited_at, row.state) for row in rows]


def test_a_car_that_turns_around_goes_free(car_park):
    come(car_park)

    gone = leave(car_park, NOW + timedelta(minutes=10))

    assert (gone.opens, gone.decision.due.cents, gone.session.state) == (True, 0, "left")
    assert gone.session.fee == 0


def test_a_car_that_owes_waits_and_nothing_is_written(car_park):
    session = come(car_park)

    asked = leave(car_park, hours(2))

    assert (asked.opens, asked.decision.plan.money) == (False, 1000)
    session.refresh_from_db()
    assert (session.state, Passage.objects.count(), ParkingOrder.objects.count()) == ("inside", 1, 0)


def test_money_that_the_gate_collects_opens_it(car_park):
    come(car_park)

    gone = leave(car_park, hours(2), collected=Decimal("10.00"))

    assert (gone.opens, gone.order.state, gone.session.fee) == (True, OrderState.PAID, Decimal("10.00"))


def test_a_car_that_passed_has_left_whatever_it_owes(car_park):
    come(car_park)

    gone = leave(car_park, hours(2), passed=True)

    assert (gone.opens, gone.session.state, gone.session.fee) == (True, "left", Decimal("10.00"))
    assert gone.decision.due.cents == 1000
    assert gone.order is None


def test_a_car_without_an_entry_pays_the_fixed_fee():
    car_park = make_car_park(missing_entry_fee=Decimal(30))

    asked = leave(car_park, NOW)
    assert (asked.opens, asked.decision.plan.money) == (False, 3000)
    again = leave(car_park, NOW + timedelta(minutes=1))
    assert again.session == asked.session

    gone = leave(car_park, NOW + timedelta(minutes=2), collected=Decimal(30))

    assert (gone.opens, gone.session, gone.session.entered_at) == (True, asked.session, None)


def test_the_entry_that_comes_late_joins_the_stay_that_lacked_it():
    car_park = make_car_park(missing_entry_fee=Decimal(30))
    paid = leave(car_park, hours(2), collected=Decimal(30)).order

    come(car_park, NOW, received=hours(3))

    paid.refresh_from_db()
    assert states() == [(NOW, hours(2), "left")]
    # The books show it: 30 was paid, 10 would have been due. A person refunds.
    assert (paid.session.fee, paid.fee) == (Decimal("10.00"), Decimal("30.00"))


def test_within_its_time_to_leave_a_paid_car_goes_without_more(car_park):
    session, driver = come(car_park), None
    leave(car_park, hours(2))
    del driver
    paid = leave(car_park, hours(2), collected=Decimal("10.00"))

    assert paid.order.leave_before == hours(2) + timedelta(minutes=15)
    assert ParkingSession.objects.get(pk=session.pk).fee == Decimal("10.00")


def test_after_payment_there_are_fifteen_minutes_then_the_whole_rest_is_due(car_park):
    member = make_driver()
    session = come(car_park)
    order = pay(session, member, hours(2)).order
    order.state, order.closed_at = OrderState.PAID, hours(2)
    order.leave_before = hours(2) + timedelta(minutes=15)
    order.save()

    in_time = leave(car_park, hours(2) + timedelta(minutes=15), ref="a")
    assert in_time.opens
    assert in_time.session.fee == Decimal("10.00")

    late = make_driver("沪A54321")
    session = come(car_park, plate="沪A54321")
    order = pay(session, late, hours(2)).order
    order.state, order.closed_at = OrderState.PAID, hours(2)
    order.leave_before = hours(2) + timedelta(minutes=15)
    order.save()

    asked = leave(car_park, hours(2) + timedelta(minutes=16), plate="沪A54321")
    assert (asked.opens, asked.decision.plan.money) == (False, 500)


def test_a_passage_told_twice_is_one(car_park):
    first = come(car_park, ref="gate-1/7")
    again = come(car_park, ref="gate-1/7")

    assert first == again
    assert Passage.objects.count() == 1
    with pytest.raises(PassageReused):
        come(car_park, NOW + timedelta(seconds=1), ref="gate-1/7")
    with pytest.raises(PassageReused):
        come(car_park, plate="沪A99999", ref="gate-1/7")


def test_an_exit_told_again_is_answered_as_the_first(car_park):
    come(car_park)
    first = leave(car_park, hours(2), ref="x", collected=Decimal(10))
    again = leave(car_park, hours(2), ref="x", collected=Decimal(10), received=hours(3))

    assert (again.opens, again.is_replay, again.session, again.order) == (
        True,
        True,
        first.session,
        first.order,
    )
    assert ParkingOrder.objects.count() == 1


def test_a_gate_that_is_ahead_of_our_clock_is_told_so(car_park):
    with pytest.raises(GateClockAhead):
        come(car_park, NOW + timedelta(minutes=6), received=NOW)
    assert come(car_park, NOW + timedelta(minutes=4), received=NOW).state == "inside"


@pytest.mark.parametrize("plate", ["", "A", "沪", "沪A1234567890123456", "沪A\x0012345"])
def test_what_no_camera_reads_is_refused(car_park, plate):
    with pytest.raises(BadPlate):
        come(car_park, plate=plate)


@pytest.mark.parametrize("plate", ["沪A12345", "沪AD12345", "沪ADF1234", "沪A·12345", "临A12345", "ABC 123"])
def test_every_car_may_park(car_park, plate):
    come(car_park, plate=plate)

    assert leave(car_park, NOW + timedelta(minutes=5), plate=plate).opens


def test_a_plate_is_whose_it_was_when_the_car_came(car_park):
    driver = make_driver()

    assert come(car_park).member == driver
    assert come(car_park, plate="沪B11111").member is None


def test_a_plate_bound_during_the_stay_claims_it_at_the_exit(car_park):
    session = come(car_park)
    driver = make_driver()

    leave(car_park, hours(1))

    session.refresh_from_db()
    assert session.member == driver


def test_free_hours_open_the_gate_and_points_only_where_one_agreed(car_park):
    driver = make_driver()
    come(car_park)
    allow(car_park)
    identity = driver.identities.get(kind=IdentityKind.PLATE)

    assert not leave(car_park, hours(1)).opens
    Vehicle.objects.create(identity=identity, auto_pay="nothing")
    assert not leave(car_park, hours(1)).opens


def test_what_a_passage_says_cannot_be_rewritten(car_park):
    come(car_park)

    for change in ({"is_entry": False}, {"happened_at": hours(1)}, {"source_ref": "x"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Passage.objects.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Passage.objects.all()._raw_delete("default")


def events(dice, count):
    """Passages of one car in an hour-grained fortnight, some of them repeats, some skewed."""
    at, told = NOW, []
    for number in range(count):
        at += timedelta(seconds=dice.choice([20, 45, 100, 130, 700, 4000, 90_000]))
        told.append((f"e{number}", dice.random() < 0.55, at))
    return told


@pytest.mark.parametrize("seed", range(12))
def test_late_shuffled_and_repeated_passages_end_in_the_same_state(car_park, seed):
    dice = Random(seed)
    told = events(dice, 14)
    late = told[-1][2] + timedelta(days=1)

    def play(order):
        with transaction.atomic():
            for ref, is_entry, at in order:
                if is_entry:
                    come(car_park, at, ref=ref, received=late)
                else:
                    leave(car_park, at, ref=ref, passed=True, received=late)
            found = states()
            transaction.set_rollback(True)
        return found

    in_order = play(told)
    for _ in range(3):
        shuffled = [*told, *dice.sample(told, 5)]
        dice.shuffle(shuffled)
        assert play(shuffled) == in_order

    stays = stays_of(Seen(number, is_entry, at) for number, (_ref, is_entry, at) in enumerate(told))
    whole = [(s.entry and s.entry.at, s.exit and max(p.at for p in (s.entry, s.exit) if p)) for s in stays]
    assert [(entered, left) for entered, left, _state in in_order] == sorted(
        whole, key=lambda pair: min(t for t in pair if t)
    )


def test_one_car_is_inside_one_car_park_once(car_park):
    come(car_park)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO parking_parkingsession"
            " (id, car_park_id, plate, plate_index, state, entered_at, began_at)"
            " SELECT gen_random_uuid(), car_park_id, plate, plate_index, state, entered_at, began_at"
            " FROM parking_parkingsession"
        )


def test_a_car_that_comes_again_has_left_unseen(car_park):
    come(car_park)
    come(car_park, hours(30))

    assert states() == [(NOW, None, "exit_missing"), (hours(30), None, "inside")]


def test_two_members_cannot_hold_one_plate_and_the_stay_stays_with_the_first(car_park):
    first = make_driver()
    session = come(car_park)
    first.identities.update(is_active=False, ended_at=NOW)
    second = make_driver("沪B00001")
    add_identity(second, IdentityKind.PLATE, PLATE)

    leave(car_park, hours(1))

    session.refresh_from_db()
    assert session.member == first


def test_an_exit_told_a_day_late_uses_the_free_hours_of_its_own_day(car_park):
    driver, tomorrow = make_driver(), hours(30)
    shut = [(tomorrow.date(), tomorrow.date() + timedelta(days=1))]
    make_rule(make_benefit(provider=car_park.unit, blackouts=shut), 120, "day")
    come(car_park)

    gone = leave(car_park, hours(2), passed=True, received=tomorrow)

    assert (gone.opens, parts_of(gone.order)) == (True, [("right", "10.00", 110)])
    usage = EntitlementEntry.objects.get()
    assert (usage.period_starts_on, usage.at) == (NOW.date(), hours(2))
    assert only_right(driver, at=hours(3)).left == 10
    assert only_right(driver, at=tomorrow).left == 120
