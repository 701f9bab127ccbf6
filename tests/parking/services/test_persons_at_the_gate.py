"""Who stands at the barrier: somebody merged since they came in, somebody who may spend no points today."""

from datetime import timedelta

import pytest

from members.models import Identity, Member
from tests.benefits.factories import make_benefit, make_rule
from tests.benefits.vouchers import issue, make_vouchers_of
from tests.factories import NOW, give, make_program
from tests.parking.places import PLATE, allow, come, hours, leave, make_car_park, make_driver, pay

pytestmark = pytest.mark.django_db


def kinds(answer):
    return {line.source.value for line in answer.decision.plan.lines}


def merge(alias, survivor):
    Identity.objects.filter(member=alias).update(member=survivor)
    Member.objects.filter(pk=alias.pk).update(merged_into=survivor, status="closed")


def test_who_was_merged_during_the_stay_leaves_with_what_the_survivor_has(mall):
    car_park = make_car_park(mall)
    alias, survivor = make_driver(), make_driver("沪B00001")
    make_rule(make_benefit(provider=mall), 60, "day")
    session = come(car_park)
    issue(make_vouchers_of(mall, mall, kind="parking_hours", minutes=60), member=survivor)
    merge(alias, survivor)

    waiting = leave(car_park, hours(5))
    paid = pay(session, survivor, hours(5)).order

    assert kinds(waiting) == {"right", "voucher_hours", "money"}
    assert paid.member == survivor


def test_a_day_has_one_cap_for_a_person_whichever_id_parked_before(mall):
    car_park = make_car_park(mall)
    allow(car_park, free_minutes_member_max=60)
    make_rule(make_benefit(provider=mall), 300, "day")
    alias, survivor = make_driver(), make_driver("沪B00001")
    come(car_park, plate=PLATE)
    assert leave(car_park, hours(1), plate=PLATE).opens, "the alias's hour of the day"
    merge(alias, survivor)

    come(car_park, hours(2), plate="沪B00001")
    again = leave(car_park, hours(3), plate="沪B00001")

    assert not again.opens
    assert kinds(again) == {"money"}


def test_a_day_after_a_new_phone_points_stay_and_the_gate_still_answers(mall):
    program = make_program("MALLPT", owner=mall)
    car_park = make_car_park(mall)
    allow(car_park, program=program, points_per_unit=10)
    driver = make_driver()
    give(driver, program, 1_000)
    come(car_park)

    Member.objects.filter(pk=driver.pk).update(spending_paused_until=NOW + timedelta(days=1))
    paused = leave(car_park, hours(2))
    Member.objects.filter(pk=driver.pk).update(spending_paused_until=None)
    free_again = leave(car_park, hours(2))

    assert kinds(paused) == {"money"}
    assert kinds(free_again) == {"points"}
