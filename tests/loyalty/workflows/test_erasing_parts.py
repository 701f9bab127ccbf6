"""What other parts hold for a person who leaves or is erased: orders, vouchers, plates, passes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from benefits.services.reward_orders import cancel_order
from benefits.services.vouchers import lock_voucher
from common.outbox import deliver_due
from loyalty.listeners import LISTENERS
from loyalty.workflows.erase_member import ErasureWaitsForHold, begin_erasure
from members.data_keys import MemberErased
from members.models import Identity, MemberStatus, ResidencyRole
from members.services.lifecycle import close_member, reopen_member
from parking.models import ParkingPass, ParkingSession, Passage, Vehicle
from parking.selectors.audit import parking_disagreements
from parking.selectors.plates import plate_index_of
from parking.services.passes import issue_pass
from points.selectors.audit import audit
from tests.benefits.factories import reside
from tests.benefits.shop import Shop, acts_of, held, hold_of
from tests.benefits.vouchers import issue, make_vouchers_of, state_of
from tests.factories import NOW, balance, make_member
from tests.parking.places import PLATE, come, hours, leave, make_car_park, make_driver

pytestmark = pytest.mark.django_db


def erase(member, at=NOW):
    return begin_erasure(member_id=member.pk, by="user:1", at=at)


def tell():
    return deliver_due(listeners=LISTENERS, at=NOW)


def test_an_order_that_waits_is_given_up_and_its_points_lapse_with_the_rest():
    shop = Shop()
    order = shop.order()

    erasure = erase(shop.member)

    assert (erasure.outcome["orders"], erasure.outcome["points_given_up"]) == (1, 1000)
    assert acts_of(order) == ["placed", "cancelled"]
    assert hold_of(order).status == "voided"
    assert (shop.shelf(), held(), balance(shop.member, shop.program)) == ((10, 0), 0, 0)
    assert audit().is_clean


def test_who_closes_their_membership_frees_points_and_pieces_within_a_minute():
    shop = Shop()
    order = shop.order()

    close_member(member_id=shop.member.pk, reason="moves away", by="user:1", at=NOW)
    tell()

    assert acts_of(order) == ["placed", "cancelled"]
    assert (shop.shelf(), held(), balance(shop.member, shop.program)) == ((10, 0), 0, 1000)


def test_who_comes_back_before_that_keeps_their_order():
    shop = Shop()
    order = shop.order()
    close_member(member_id=shop.member.pk, reason="moves away", by="user:1", at=NOW)
    reopen_member(member_id=shop.member.pk, reason="stays after all", by="user:1", at=NOW)

    tell()

    assert acts_of(order) == ["placed"]


def test_while_an_erasure_waits_no_order_does(settings):
    settings.ERASURE_WAIT_DAYS = 3
    shop = Shop()
    order = shop.order()

    erasure = erase(shop.member)

    assert erasure.done_at is None
    assert acts_of(order) == ["placed", "cancelled"]


def test_nothing_is_said_about_who_was_erased():
    shop = Shop()
    order = shop.order()
    erase(shop.member)

    with pytest.raises(MemberErased):
        cancel_order(order_id=order.pk, reason="they were called Ann", by="user:1", at=NOW)


def test_vouchers_are_withdrawn_and_one_that_a_sale_has_locked_is_waited_for():
    shop = Shop()
    batch = make_vouchers_of(shop.mall)
    kept, locked = issue(batch, member=shop.member), issue(batch, member=shop.member)
    lock_voucher(voucher_id=locked.pk, unit=shop.mall, source_ref="sale", by="partner:1", at=NOW)

    with pytest.raises(ErasureWaitsForHold):
        erase(shop.member)
    later = NOW + timedelta(hours=1)
    done = erase(shop.member, at=later)

    assert done.outcome["vouchers"] == 2
    assert (state_of(kept), state_of(locked)) == ("void", "void")


@pytest.fixture
def car_park():
    return make_car_park()


def test_a_plate_leads_to_no_stay_any_more_and_passes_end(car_park):
    driver = make_driver()
    reside(driver, car_park.venue, ResidencyRole.TENANT)
    issue_pass(
        car_park=car_park, member=driver, plate=PLATE, starts_on=NOW.date() - timedelta(days=1),
        ends_on=NOW.date() + timedelta(days=30), source_ref="pass", by="user:1", at=NOW,
    )  # fmt: skip
    Vehicle.objects.create(identity=Identity.objects.get(), auto_pay="all")
    session = come(car_park, NOW - timedelta(hours=2))
    leave(car_park, NOW - timedelta(hours=1), passed=True)

    erasure = erase(driver)

    session.refresh_from_db()
    assert (erasure.outcome["stays"], erasure.outcome["passes"]) == (1, 1)
    assert (session.plate, session.member, session.state) == ("", driver, "left")
    index = plate_index_of(PLATE)
    for model, name in ((ParkingSession, "plate_index"), (Passage, "plate_index"), (Identity, "blind_index")):
        assert not model.objects.filter(**{name: index}).exists(), model
    assert {bytes(one.plate_index) for one in Passage.objects.all()} == {bytes(session.plate_index)}
    assert ParkingPass.objects.get().ends_on == NOW.date()
    assert not Vehicle.objects.exists()
    assert parking_disagreements() == []


def test_a_car_that_is_inside_gets_out_as_a_strangers(car_park):
    driver = make_driver()
    session = come(car_park)

    erase(driver, at=hours(1))
    session.refresh_from_db()
    assert (session.member, session.plate) == (None, PLATE)
    gone = leave(car_park, hours(2), passed=True)

    assert (gone.session.pk, gone.session.member, gone.session.state) == (session.pk, None, "left")
    assert parking_disagreements() == []


def test_who_binds_the_plate_next_sees_nothing_of_it(car_park):
    driver = make_driver()
    come(car_park, NOW - timedelta(hours=2))
    leave(car_park, NOW - timedelta(hours=1), passed=True)
    erase(driver)

    heir = make_driver()
    mine = come(car_park, hours(1))

    assert list(ParkingSession.objects.filter(member=heir)) == [mine]


def test_the_plate_of_a_living_member_stays_in_its_passage(car_park):
    make_driver()
    come(car_park)

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE parking_passage SET plate_index = sha256('other')")


def test_of_an_erased_one_a_passage_lets_go_of_nothing_but_the_plate(car_park):
    driver = make_driver()
    come(car_park, NOW - timedelta(hours=2))
    leave(car_park, NOW - timedelta(hours=1), passed=True)
    erase(driver)

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE parking_passage SET happened_at = now()")


def test_who_left_is_closed_and_another_is_untouched():
    shop = Shop()
    other = shop.customer()
    order = shop.order(other)

    erase(shop.member)
    shop.member.refresh_from_db()

    assert shop.member.status == MemberStatus.CLOSED
    assert acts_of(order) == ["placed"]
    assert balance(other, shop.program) == 1000
    assert make_member().status == MemberStatus.ACTIVE
