"""People after a merge: what moves with them, and what on record says that they are two."""

from datetime import date

import pytest

from members.models import (
    Household,
    HouseholdMember,
    Identity,
    IdentityKind,
    Member,
    ResidencyRole,
)
from members.selectors.residencies import roles_of
from members.services.guardians import record_guardian
from members.services.households import accept_invitation, found_household, invite_to_household
from members.services.lifecycle import GuardianMissing, close_member, freeze_member
from members.services.merge_refusals import (
    ChildAndAdult,
    FamilyOfTheOther,
    FrozenByHand,
    GeneratedAndReal,
    GuardianAndChild,
    SurvivorNotActive,
    TwoHouseholds,
    TwoInOneHousehold,
)
from members.services.residencies import Told, record_residency
from tests.factories import LONG_AGO, NOW, give, make_program, make_unit
from tests.members.factories import add_identity, numbered_member
from tests.members.merging import holdings, merge, unmerge
from units.models import Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALLPT", owner=mall)


@pytest.fixture
def old():
    return numbered_member(name="Wang Xiaoming")


@pytest.fixture
def new():
    return numbered_member()


@pytest.fixture
def third():
    return numbered_member()


def test_what_the_survivor_does_not_say_is_taken_over_and_let_go_of(old, new):
    done = merge(old, new)
    new.refresh_from_db()
    assert new.name == "Wang Xiaoming"
    assert done.effects["filled"] == ["name"]
    assert "Wang" not in str(done.effects)

    unmerge(done)

    new.refresh_from_db()
    assert new.name == ""


def test_a_name_said_since_stays(old, new):
    done = merge(old, new)
    new.refresh_from_db()
    new.name = "Wang"
    new.save(update_fields=["name"])

    assert unmerge(done).effects["filled"] == []


def test_an_identity_let_go_of_since_comes_back_ended(old, new):
    phone = add_identity(old, IdentityKind.PHONE, "+8613900000001")
    done = merge(old, new)
    Identity.objects.filter(pk=phone.pk).update(is_active=False, ended_at=NOW)

    undone = unmerge(done)

    phone.refresh_from_db()
    assert phone.member == old
    assert undone.effects["ended"] == [phone.pk]


def test_residencies_move_but_for_what_the_survivor_has_as_well(old, new, mall):
    venue = Venue.objects.create(unit=mall, code="V1", name_zh="甲", name_en="V1")
    other = Venue.objects.create(unit=mall, code="V2", name_zh="乙", name_en="V2")

    def live(member, place, ref, ends_on=None):
        told = Told(ref, ResidencyRole.TENANT, date(2026, 1, 1), ends_on)
        return record_residency(venue=place, member=member, told=told, by="t", at=NOW)[0]

    twin = live(old, venue, "A1")
    moving = live(old, other, "A2")
    live(new, venue, "B1", date(2026, 6, 1))

    done = merge(old, new)

    assert done.effects["residencies"] == [str(moving.pk)]
    assert done.effects["stays"]["residencies"] == [str(twin.pk)]
    assert {(role.venue.code) for role in roles_of(member_id=new.pk, at=NOW)} == {"V1", "V2"}
    # The source tells of it again, under the number it knows.
    told = Told("A1", ResidencyRole.TENANT, date(2026, 1, 1), date(2027, 1, 1))
    again, is_new = record_residency(venue=venue, member=new, told=told, by="t", at=NOW)
    assert (again, is_new) == (twin, False)
    unmerge(done)
    moving.refresh_from_db()
    assert moving.member == old


def test_a_bare_enrolment_at_the_same_unit_stays_with_the_alias(old, new, mall):
    for member in (old, new):
        member.enrolments.create(
            unit=mall, channel="counter", joined_at=LONG_AGO, enrolled_by="t", created_at=NOW
        )

    done = merge(old, new)

    assert done.effects["enrolments"] == []
    assert len(done.effects["stays"]["enrolments"]) == 1


def test_a_place_in_a_household_moves_with_its_headship(old, new):
    household = found_household(member=old, shares_points=True, at=NOW)

    done = merge(old, new)

    household.refresh_from_db()
    place = HouseholdMember.objects.get(household=household)
    assert (household.head, place.member, place.shares_points) == (new, new, True)
    unmerge(done)
    household.refresh_from_db()
    place.refresh_from_db()
    assert (household.head, place.member) == (old, old)


def test_two_who_share_a_household_are_two(old, new):
    found_household(member=old, shares_points=False, at=NOW)
    place = invite_to_household(by=old, invited={"number": new.number}, at=NOW)
    accept_invitation(member=new, place_id=place.pk, shares_points=False, at=NOW)

    with pytest.raises(TwoInOneHousehold):
        merge(old, new)


def test_an_invitation_from_the_other_does_not_hinder_and_gives_way(old, new):
    found_household(member=old, shares_points=False, at=NOW)
    place = invite_to_household(by=old, invited={"number": new.number}, at=NOW)

    done = merge(old, new)

    place.refresh_from_db()
    assert (place.state, done.effects["declined"]) == ("declined", [str(place.pk)])
    assert Household.objects.get().head == new


def test_who_is_in_two_households_leaves_one_first(old, new):
    found_household(member=old, shares_points=False, at=NOW)
    found_household(member=new, shares_points=False, at=NOW)

    with pytest.raises(TwoHouseholds):
        merge(old, new)


def test_a_guardian_and_their_child_are_two(old, new):
    Member.objects.filter(pk=new.pk).update(birth_date=date(2020, 1, 1))
    record_guardian(child=new, guardian=old, evidence="seen", by="t", at=NOW)

    with pytest.raises(GuardianAndChild):
        merge(old, new)


def test_family_of_the_other_is_somebody_else(old, new, mall):
    venue = Venue.objects.create(unit=mall, code="V1", name_zh="甲", name_en="V1")
    start = date(2026, 1, 1)
    record_residency(venue=venue, member=old, told=Told("A", ResidencyRole.OWNER, start), by="t", at=NOW)
    record_residency(
        venue=venue, member=new, told=Told("B", ResidencyRole.FAMILY, start, family_of="A"), by="t", at=NOW
    )

    with pytest.raises(FamilyOfTheOther):
        merge(old, new)


def test_a_child_and_an_adult_are_two(old, new):
    Member.objects.filter(pk=old.pk).update(birth_date=date(2010, 1, 1))
    Member.objects.filter(pk=new.pk).update(birth_date=date(1980, 1, 1))

    with pytest.raises(ChildAndAdult):
        merge(old, new)


def test_two_records_of_one_child_need_a_guardian_before(old, new, third):
    Member.objects.filter(pk=old.pk).update(birth_date=date(2020, 1, 1))
    with pytest.raises(GuardianMissing):
        merge(old, new)
    record_guardian(child=Member.objects.get(pk=old.pk), guardian=third, evidence="seen", by="t", at=NOW)

    merge(old, new)

    assert new.guardianships.get().guardian == third


def test_who_is_kept_is_active(old, new):
    freeze_member(member_id=new.pk, reason="suspicion", by="t", at=NOW)
    with pytest.raises(SurvivorNotActive):
        merge(old, new)


def test_a_merge_shakes_off_no_freeze(old, new):
    freeze_member(member_id=old.pk, reason="suspicion", by="t", at=NOW)
    with pytest.raises(FrozenByHand):
        merge(old, new)


def test_who_left_and_came_back_under_another_number_finds_their_points(old, new, program):
    give(old, program, 100)
    close_member(member_id=old.pk, reason="asked for it", by="t", at=NOW)

    merge(old, new)

    assert holdings(old, new) == [(0, 0), (100, 0)]


def test_people_made_for_a_demo_stay_apart(old):
    with pytest.raises(GeneratedAndReal):
        merge(old, numbered_member(is_generated=True))
