"""Doors that enrol one person at the same moment make one member. Real commits, real threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from members.models import Enrolment, Identity, Member
from members.services import enrolling
from tests.factories import make_unit
from tests.members.factories import enrol

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]

DOORS = 6


def at_once(*calls):
    """Run `calls` in threads that start together; their results or errors, in order."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        try:
            barrier.wait(timeout=20)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, call) for call in calls]]


def test_units_that_enrol_one_phone_at_once_make_one_member():
    units = [make_unit() for _ in range(DOORS)]

    made = at_once(*(lambda unit=unit: enrol(unit, phone="13812345678", name="Ann") for unit in units))

    assert len({one.member_id for one in made}) == 1
    assert (Member.objects.count(), Identity.objects.count()) == (1, 1)
    assert sorted(one.unit_id for one in made) == sorted(unit.pk for unit in units)


def test_one_unit_that_enrols_one_person_at_once_makes_one_enrolment():
    unit = make_unit()

    made = at_once(*[lambda: enrol(unit, phone="13812345678")] * DOORS)

    assert len({one.pk for one in made}) == 1
    assert (Member.objects.count(), Enrolment.objects.count()) == (1, 1)


def test_a_lost_race_is_run_again_and_finds_the_winner(monkeypatch):
    """Both doors have looked before either writes: the index decides, and the loser looks again."""
    units = [make_unit(), make_unit()]
    both_have_looked = threading.Barrier(2)
    writes = []
    plain = enrolling.store_members

    def write_when_both_have_looked(created, **rest):
        writes.append(len(created))
        if len(writes) <= 2:
            both_have_looked.wait(timeout=20)
        plain(created, **rest)

    monkeypatch.setattr(enrolling, "store_members", write_when_both_have_looked)

    made = at_once(*(lambda unit=unit: enrol(unit, phone="13812345678") for unit in units))

    assert writes == [1, 1, 0], "the loser looked again, and found the member made"
    assert len({one.member_id for one in made}) == 1
    assert Member.objects.count() == 1
