"""Seats and references under many at once: exact.

Seen red without the lock of the company's account.
"""

from collections import Counter
from datetime import date

import pytest

from members.models import Residency, ResidencyRole
from members.services.corporate import Terms, open_account
from members.services.residencies import Told, record_residency
from tests.factories import NOW, make_unit
from tests.members.factories import numbered_member
from tests.races.test_approval_races import at_once
from tests.races.test_identity_races import outcome_of
from units.models import Venue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
FIRST = date(2026, 6, 1)


@pytest.fixture
def tower():
    unit = make_unit(sector="office")
    return Venue.objects.create(unit=unit, code="TOWER", name_zh="塔", name_en="Tower")


def telling(venue, member, ref, role, **more):
    told = Told(source_ref=ref, role=role, starts_on=FIRST, **more)
    return outcome_of(
        lambda: record_residency(venue=venue, member=member, told=told, by="partner:fees", at=NOW)
    )


def test_twenty_people_at_once_take_the_five_seats(tower):
    terms = Terms(company_name="Acme", seats=5, starts_on=FIRST)
    open_account(venue=tower, code="ACME", terms=terms, by="user:1", at=NOW)
    people = [numbered_member() for _ in range(20)]

    occupant = ResidencyRole.OFFICE_OCCUPANT
    answers = at_once(
        10, [telling(tower, one, f"O{n}", occupant, company="ACME") for n, one in enumerate(people)]
    )

    assert Counter(answers) == {"done": 5, "seats_taken": 15}
    assert Residency.objects.count() == 5


def test_one_reference_told_ten_times_at_once_is_one_residency(tower):
    member = numbered_member()

    answers = at_once(10, [telling(tower, member, "R1", ResidencyRole.TENANT)] * 10)

    assert Counter(answers) == {"done": 10}
    assert Residency.objects.count() == 1


def test_ten_references_for_one_role_at_once_are_one_residency(tower):
    member = numbered_member()

    answers = at_once(10, [telling(tower, member, f"R{n}", ResidencyRole.TENANT) for n in range(10)])

    assert Counter(answers) == {"done": 1, "residency_overlaps": 9}
