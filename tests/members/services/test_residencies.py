"""A role begins and ends by its dates at its venue, with what it hangs on, and once at a time."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from common.errors import NotFound
from members.models import Residency, ResidencyRole
from members.selectors.residencies import residencies_in_force, residencies_of, roles_of
from members.services.corporate import SeatsTaken, Terms, change_account, open_account
from members.services.residencies import (
    PeriodMalformed,
    ResidencyReferenceReused,
    RoleNeedsMore,
    RoleOverlaps,
    Told,
    record_residency,
    withdraw_residency,
)
from tests.factories import NOW, make_unit
from tests.members.factories import numbered_member
from units.models import Venue

pytestmark = pytest.mark.django_db
OWNER, TENANT, FAMILY = ResidencyRole.OWNER, ResidencyRole.TENANT, ResidencyRole.FAMILY
OCCUPANT = ResidencyRole.OFFICE_OCCUPANT
FIRST = date(2026, 6, 1)


def day(number, month=6):
    return date(2026, month, number)


def noon(on):
    """12:00 in Shanghai."""
    return datetime(on.year, on.month, on.day, 4, tzinfo=UTC)


@pytest.fixture
def estate():
    return make_venue("GARDEN-1")


def make_venue(code, zone="Asia/Shanghai"):
    unit = make_unit(sector="residential")
    return Venue.objects.create(unit=unit, code=code, name_zh="园", name_en="Garden", time_zone=zone)


@pytest.fixture
def ann():
    return numbered_member(name="Ann")


def record(venue, member, ref="R1", role=OWNER, starts_on=FIRST, ends_on=None, **more):
    told = Told(source_ref=ref, role=role, starts_on=starts_on, ends_on=ends_on, **more)
    return record_residency(venue=venue, member=member, told=told, by="partner:fees", at=NOW)[0]


def roles(member, on):
    return [(held.role, held.ends_on) for held in roles_of(member_id=member.pk, at=noon(on))]


def test_a_role_is_in_force_from_its_first_day_until_before_its_last(estate, ann):
    record(estate, ann, starts_on=day(10), ends_on=day(20))

    assert [bool(roles(ann, on)) for on in (day(9), day(10), day(19), day(20))] == [False, True, True, False]


def test_days_begin_at_midnight_of_the_venue(ann):
    venue = make_venue("URUMQI", "America/New_York")
    record(venue, ann, starts_on=day(10), ends_on=day(11))

    instants = [datetime(2026, 6, d, h, tzinfo=UTC) for d, h in ((10, 3), (10, 4), (11, 3), (11, 4))]

    held = [bool(roles_of(member_id=ann.pk, at=at)) for at in instants]
    assert held == [False, True, True, False]


def test_the_same_told_twice_is_one(estate, ann):
    first, again = record(estate, ann), record(estate, ann)

    assert (first, Residency.objects.count()) == (again, 1)


def test_an_end_told_later_moves_the_end(estate, ann):
    record(estate, ann)

    record(estate, ann, ends_on=day(20))

    assert roles(ann, day(20)) == []


def test_a_reference_stands_for_one_role_of_one_member(estate, ann):
    record(estate, ann)

    with pytest.raises(ResidencyReferenceReused):
        record(estate, numbered_member())
    with pytest.raises(ResidencyReferenceReused):
        record(estate, ann, role=TENANT)


def test_one_role_at_a_venue_is_had_once_at_a_time(estate, ann):
    record(estate, ann, ends_on=day(20))

    with pytest.raises(RoleOverlaps):
        record(estate, ann, ref="R2", starts_on=day(19))
    record(estate, ann, ref="R2", starts_on=day(20))
    record(estate, ann, ref="R3", role=TENANT)
    record(make_venue("GARDEN-2"), ann)

    assert len(roles(ann, day(21))) == 3


def test_the_database_refuses_an_overlap_whoever_writes(estate, ann):
    row = record(estate, ann)

    row.pk, row.source_ref = None, "R9"

    with pytest.raises(IntegrityError, match="one_role_a_venue_and_member"), transaction.atomic():
        row.save(force_insert=True)


@pytest.mark.parametrize("ends_on", [day(1), date(2025, 1, 1)])
def test_a_period_ends_after_it_starts(estate, ann, ends_on):
    with pytest.raises(PeriodMalformed):
        record(estate, ann, ends_on=ends_on)


def test_family_ends_with_the_tenant(estate, ann):
    kid = numbered_member()
    record(estate, ann, role=TENANT, ends_on=day(20))
    record(estate, kid, ref="R1/1", role=FAMILY, family_of="R1")

    assert (roles(kid, day(19)), roles(kid, day(20))) == ([("family", day(20))], [])


def test_family_lives_on_when_the_lease_is_renewed(estate, ann):
    kid = numbered_member()
    record(estate, ann, role=TENANT, ends_on=day(20))
    record(estate, kid, ref="R1/1", role=FAMILY, family_of="R1")

    record(estate, ann, role=TENANT, ends_on=day(30))

    assert roles(kid, day(25)) == [("family", day(30))]


def test_family_goes_with_what_was_a_mistake(estate, ann):
    kid = numbered_member()
    owner = record(estate, ann)
    record(estate, kid, ref="R1/1", role=FAMILY, family_of="R1")

    withdraw_residency(residency_id=owner.pk, by="user:1", at=NOW)

    assert (roles(ann, day(5)), roles(kid, day(5))) == ([], [])
    assert list(residencies_of(member_id=ann.pk)) == []


def test_what_was_withdrawn_can_be_told_again(estate, ann):
    first = record(estate, ann)
    withdraw_residency(residency_id=first.pk, by="user:1", at=NOW)
    withdraw_residency(residency_id=first.pk, by="user:2", at=NOW)

    assert record(estate, ann).pk != first.pk
    assert Residency.objects.get(pk=first.pk).withdrawn_by == "user:1"


def test_family_is_of_an_owner_or_tenant_of_this_venue(estate, ann):
    record(estate, ann, role=ResidencyRole.HOTEL_GUEST)
    record(make_venue("GARDEN-2"), ann, ref="R2")

    for ref in ("R1", "R2", "nobody"):
        with pytest.raises(NotFound):
            record(estate, numbered_member(), ref="R9", role=FAMILY, family_of=ref)


@pytest.mark.parametrize(
    ("role", "more"),
    [
        (FAMILY, {}),
        (OWNER, {"family_of": "R1"}),
        (OCCUPANT, {}),
        (TENANT, {"company": "ACME"}),
    ],
)
def test_a_role_names_what_it_hangs_on_and_nothing_else(estate, ann, role, more):
    with pytest.raises(RoleNeedsMore):
        record(estate, ann, role=role, **more)


def account(venue, seats=2, **fields):
    terms = Terms(company_name="Acme", seats=seats, starts_on=day(1), **fields)
    return open_account(venue=venue, code="ACME", terms=terms, by="user:1", at=NOW)


def occupy(venue, number, **fields):
    return record(venue, numbered_member(), ref=f"O{number}", role=OCCUPANT, company="ACME", **fields)


def test_a_company_has_as_many_occupants_as_seats(estate):
    account(estate)
    occupy(estate, 1)
    occupy(estate, 2, ends_on=day(20))

    with pytest.raises(SeatsTaken) as refusal:
        occupy(estate, 3, starts_on=day(19))

    assert refusal.value.facts == {"seats": 2, "taken": 3}
    assert occupy(estate, 3, starts_on=day(20))


def test_who_is_told_again_takes_no_second_seat(estate):
    account(estate, seats=1)
    member = numbered_member()
    record(estate, member, ref="O1", role=OCCUPANT, company="ACME")

    record(estate, member, ref="O1", role=OCCUPANT, company="ACME", ends_on=day(30))

    assert roles(member, day(10)) == [("office_occupant", day(30))]


def test_an_occupant_ends_with_the_company(estate):
    account(estate, ends_on=day(20))
    occupant = occupy(estate, 1).member

    assert (roles(occupant, day(19)), roles(occupant, day(20))) == ([("office_occupant", day(20))], [])


def test_seats_that_are_taken_are_not_given_up(estate):
    acme = account(estate)
    occupy(estate, 1)
    occupy(estate, 2, ends_on=day(16))
    fewer = Terms(company_name="Acme", seats=1, starts_on=day(1))

    with pytest.raises(SeatsTaken):
        change_account(account_id=acme.pk, terms=fewer, at=noon(day(15)))

    assert change_account(account_id=acme.pk, terms=fewer, at=noon(day(16))).seats == 1


def test_whoever_asks_what_is_in_force_asks_once(estate, django_assert_num_queries):
    for number in range(5):
        record(estate, numbered_member(), ref=f"R{number}")

    with django_assert_num_queries(1):
        assert len(residencies_in_force(at=noon(day(2)))) == 5
