"""Members are found by what names them, thousands in as many queries as one."""

import pytest

from common.errors import NotFound
from members.models import Identity, IdentityKind, Member, MemberStatus
from members.rules.normalise import BadPhone
from members.selectors.members import (
    active_identities,
    enrolment_at,
    member_by_card,
    member_by_number,
    member_by_phone,
    member_by_plate,
    member_by_ref,
    members_by_refs,
)
from tests.factories import NOW, make_unit
from tests.members.factories import add_identity, enrol, numbered_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def member(mall):
    return enrol(mall, phone="13812345678", legacy_card="C-1").member


@pytest.mark.parametrize("ref", ["C-1", " C-1 ", "13812345678", "+86 138 1234 5678", "138-1234-5678"])
def test_a_ref_is_a_card_or_a_phone_in_any_form(mall, member, ref):
    assert member_by_ref(unit=mall, ref=ref) == member


def test_a_ref_is_a_member_number(mall, member):
    assert member_by_ref(unit=mall, ref=f" {member.number} ") == member


@pytest.mark.parametrize(
    "ref", ["", " ", "C-2", "13912345678", "799273987130", "\x00", "C-1\x00", "x" * 5000, "'"]
)
def test_another_ref_names_nobody(mall, member, ref):
    with pytest.raises(NotFound):
        member_by_ref(unit=mall, ref=ref)


def test_a_card_goes_before_a_number_and_a_number_before_a_phone(mall, member):
    other = enrol(mall, legacy_card=member.number).member
    third = enrol(mall, legacy_card="13812345678").member

    assert member_by_ref(unit=mall, ref=member.number) == other
    assert member_by_ref(unit=mall, ref="13812345678") == third
    assert member_by_ref(unit=mall, ref="+8613812345678") == member


def test_a_card_is_its_own_units_only(member):
    hotel = make_unit("HOTEL")

    assert members_by_refs(unit=hotel, refs=["C-1", "13812345678"]) == {
        "13812345678": (member.pk, MemberStatus.ACTIVE)
    }


def test_every_ref_gets_its_member_and_status(mall, member):
    frozen = numbered_member(status=MemberStatus.FROZEN)

    found = members_by_refs(unit=mall, refs=["C-1", "138 1234 5678", frozen.number, "nobody"])

    assert found == {
        "C-1": (member.pk, "active"),
        "138 1234 5678": (member.pk, "active"),
        frozen.number: (frozen.pk, "frozen"),
    }


def test_an_identity_given_up_names_nobody(mall, member):
    Identity.objects.update(is_active=False)

    assert members_by_refs(unit=mall, refs=["13812345678"]) == {}


def test_thousands_of_refs_cost_three_queries(mall, member, django_assert_num_queries):
    refs = [f"C{n}" for n in range(2000)] + [f"137{n:08d}" for n in range(2000)] + [member.number, "C-1"]

    with django_assert_num_queries(3):
        found = members_by_refs(unit=mall, refs=refs)

    assert found.keys() == {member.number, "C-1"}


def test_no_refs_cost_nothing(mall, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert members_by_refs(unit=mall, refs=[]) == {}


def test_each_way_finds_the_member(mall, member):
    add_identity(member, IdentityKind.PLATE, "沪A12345")

    assert member_by_card(unit=mall, card="C-1") == member
    assert member_by_number(member.number) == member
    assert member_by_phone("138 1234 5678") == member
    assert member_by_plate("沪a·12345") == member


def test_each_way_says_that_there_is_nobody(mall, member):
    for look in (
        lambda: member_by_card(unit=mall, card="C-2"),
        lambda: member_by_card(unit=mall, card="\x00"),
        lambda: member_by_number("799273987130"),
        lambda: member_by_phone("13912345678"),
        lambda: member_by_plate("沪A99999"),
    ):
        with pytest.raises(NotFound):
            look()
    with pytest.raises(BadPhone):
        member_by_phone("nonsense")


def test_a_phone_is_no_plate_though_their_texts_be_equal(member):
    add_identity(numbered_member(), IdentityKind.EMAIL, "沪A12345")

    with pytest.raises(NotFound):
        member_by_plate("沪A12345")


def test_the_enrolment_at_a_unit_is_the_oldest(mall, member):
    enrol(mall, phone="13812345678", legacy_card="C-2", joined_at=NOW)

    found = enrolment_at(member_id=member.pk, unit=mall)

    assert found is not None
    assert found.legacy_card == "C-1"
    assert enrolment_at(member_id=member.pk, unit=make_unit()) is None


def test_only_active_identities_are_listed(member):
    add_identity(member, IdentityKind.EMAIL, "old@example.com", is_active=False)

    assert active_identities(member_id=member.pk) == [("phone", "+8613812345678")]
    assert Member.objects.count() == 1
