"""Two units that import the same people at the same moment make each person once, known by likeness only."""

from datetime import date

import pytest
from django.db import transaction

from members.models import Member
from members.rules.candidate import Candidate
from members.services import linking
from members.services.enrolling import Desk, enrol_candidates
from tests.factories import LONG_AGO, NOW, make_unit
from tests.members.services.test_enrolment_races import at_once

pytest.importorskip("splink", reason="requirements-matching.txt is not installed")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]

NAMES = ("张伟", "王芳", "李娜", "刘洋", "陈杰")


def people(prefix):
    """No phone and no e-mail: nothing but likeness can tell that they are the same."""
    return [
        Candidate(
            joined_at=LONG_AGO,
            legacy_card=f"{prefix}{number}",
            name=name,
            birth_date=date(1980 + number, 3, 5 + number),
            address=f"上海市浦东新区世纪大道{number + 1}弄{number + 3}号50{number}室",
        )
        for number, name in enumerate(NAMES)
    ]


def test_units_that_import_the_same_people_at_once_make_each_once():
    mall, hotel, estate = (make_unit(code) for code in ("MALL", "HOTEL", "ESTATE"))

    def bring(unit):
        desk = Desk("import", "test", NOW, is_list=True, matcher=linking.matcher())
        with transaction.atomic():
            return enrol_candidates(unit=unit, candidates=people(unit.code), desk=desk)

    made = at_once(*(lambda unit=unit: bring(unit) for unit in (mall, hotel, estate)))

    assert Member.objects.count() == len(NAMES)
    assert [{one.member_id for one in same} for same in zip(*made, strict=True)] == [
        {first.member_id} for first in made[0]
    ]
