"""A person enrolled anywhere, any number of times, is one member."""

import json
from datetime import date

import pytest
from django.db import IntegrityError, transaction

from members.models import Enrolment, Identity, IdentityKind, Member
from members.rules.candidate import Candidate
from members.rules.matching import CardOfAnother, EmailOfAnother
from members.rules.normalise import BadDate, BadEmail, BadPhone, BadText, FutureDate
from members.rules.number import is_member_number
from members.services.enrolling import Desk, Ending, NothingIdentifies, enrol_candidates
from tests.factories import LONG_AGO, NOW, make_unit
from tests.members.factories import add_identity, enrol

pytestmark = pytest.mark.django_db

PHONE = "13812345678"


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def hotel():
    return make_unit("HOTEL")


def test_a_new_person_becomes_a_member_with_what_was_told(mall):
    enrolment = enrol(
        mall, phone=PHONE, email="Ann@Example.com", name=" Ann  Lee ", birth_date=date(1990, 3, 31),
        gender="女", address="世纪大道1号", legacy_card="C1", tier_hint="Gold", attributes={"a": "b"},
    )  # fmt: skip

    member = enrolment.member
    assert is_member_number(member.number)
    assert (member.name, member.birth_date, member.gender) == ("Ann Lee", date(1990, 3, 31), "female")
    assert set(member.identities.values_list("kind", "value")) == {
        (IdentityKind.PHONE, "+8613812345678"),
        (IdentityKind.EMAIL, "ann@example.com"),
    }
    assert (enrolment.legacy_card, enrolment.tier_hint, enrolment.attributes) == ("C1", "Gold", {"a": "b"})
    assert (enrolment.enrolled_by, enrolment.created_at, enrolment.joined_at) == ("test", NOW, LONG_AGO)


def test_a_phone_known_at_another_unit_is_the_same_member(mall, hotel):
    first = enrol(mall, phone=PHONE)

    second = enrol(hotel, phone="+86 138-1234-5678", name="other words")

    assert second.member_id == first.member_id
    assert second.unit == hotel
    assert (Member.objects.count(), Identity.objects.count()) == (1, 1)


def test_enrolling_again_returns_the_same_enrolment(mall):
    first = enrol(mall, phone=PHONE, legacy_card="C1", name="Ann")

    again = enrol(mall, phone=PHONE, legacy_card="C1", name="Ann")

    assert again == first
    assert Enrolment.objects.count() == 1


def test_the_first_description_stays(mall):
    first = enrol(mall, phone=PHONE, name="Ann")

    again = enrol(mall, phone=PHONE, name="Bob", address="elsewhere")

    assert (again.member.name, again.member.address) == (first.member.name, "") == ("Ann", "")


def test_a_card_of_somebody_else_is_refused(mall):
    enrol(mall, legacy_card="C1", name="Ann")

    with pytest.raises(CardOfAnother):
        enrol(mall, legacy_card="C1", name="Bob")
    assert Member.objects.count() == 1


def test_the_same_card_at_another_unit_is_another_card(mall, hotel):
    first = enrol(mall, legacy_card="C1", name="Ann")

    assert enrol(hotel, legacy_card="C1", name="Bob").member_id != first.member_id


def test_a_later_phone_is_added_to_the_card_holder(mall, hotel):
    first = enrol(mall, legacy_card="C1", name="Ann")

    enrol(mall, legacy_card="C1", name="Ann", phone=PHONE)

    assert enrol(hotel, phone=PHONE).member_id == first.member_id


def test_a_later_card_fills_the_enrolment_that_had_none(mall):
    first = enrol(mall, phone=PHONE)

    again = enrol(mall, phone=PHONE, legacy_card="C1")

    assert (again.pk, again.legacy_card) == (first.pk, "C1")


def test_a_second_card_is_a_second_enrolment_of_one_member(mall):
    first = enrol(mall, phone=PHONE, legacy_card="C1")

    second = enrol(mall, phone=PHONE, legacy_card="C2")

    assert second.pk != first.pk
    assert second.member_id == first.member_id


def test_an_email_links_where_no_phone_contradicts_it(mall, hotel):
    first = enrol(mall, phone=PHONE, email="ann@example.com")

    assert enrol(hotel, legacy_card="H1", email="ann@example.com").member_id == first.member_id
    with pytest.raises(EmailOfAnother):
        enrol(hotel, phone="13912345678", email="ann@example.com")


def test_an_identity_that_was_given_up_finds_nobody(mall, hotel):
    first = enrol(mall, phone=PHONE)
    Identity.objects.update(is_active=False)

    assert enrol(hotel, phone=PHONE).member_id != first.member_id


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        ({"phone": None, "email": "a@example.com"}, NothingIdentifies),
        ({"phone": "", "legacy_card": ""}, NothingIdentifies),
        ({"phone": "12345"}, BadPhone),
        ({"phone": "138\x0012345678"}, BadPhone),
        ({"email": "nobody"}, BadEmail),
        ({"name": "a\x00b"}, BadText),
        ({"legacy_card": "C\x001"}, BadText),
        ({"address": "x" * 401}, BadText),
        ({"birth_date": date(2026, 6, 16)}, FutureDate),
        ({"birth_date": date(1799, 1, 1)}, BadDate),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(mall, told, refusal):
    with pytest.raises(refusal):
        enrol(mall, **{"phone": PHONE} | told)
    assert not Member.objects.exists()


def test_the_database_refuses_a_second_owner_of_an_active_identity(mall):
    enrol(mall, phone=PHONE)
    other = enrol(mall, phone="13912345678").member

    with pytest.raises(IntegrityError, match="identity_unique_while_active"), transaction.atomic():
        add_identity(other, IdentityKind.PHONE, "+8613812345678")
    add_identity(other, IdentityKind.PHONE, "+8613812345678", is_active=False)


def test_the_database_refuses_a_second_enrolment_without_a_card(mall):
    first = enrol(mall, phone=PHONE)

    with pytest.raises(IntegrityError, match="enrolment_without_card_is_one"):
        Enrolment.objects.create(
            member=first.member, unit=mall, joined_at=NOW, created_at=NOW, enrolled_by="test"
        )


def test_a_batch_costs_the_same_whatever_its_size(mall, django_assert_num_queries):
    def batch(first, size):
        candidates = [
            Candidate(joined_at=NOW, legacy_card=f"C{n}", phone=f"+86138{n:08d}", name="n")
            for n in range(first, first + size)
        ]
        return enrol_candidates(unit=mall, candidates=candidates, desk=Desk("import", "test", NOW))

    with django_assert_num_queries(2):
        # The inserts go past Django's query log: three statements a thousand rows.
        created = batch(0, 10)
    with django_assert_num_queries(5):
        known = batch(0, 300)

    assert {one.ending for one in created} == {Ending.CREATED}
    assert [one.ending for one in known].count(Ending.ALREADY_THERE) == 10


def test_later_rows_of_a_batch_see_the_earlier_ones(mall):
    candidates = [
        Candidate(joined_at=NOW, phone="+8613800000001", name="Ann"),
        Candidate(joined_at=NOW, phone="+8613800000001", legacy_card="C1"),
        Candidate(joined_at=NOW, legacy_card="C1", name="Ann"),
        Candidate(joined_at=NOW, legacy_card="C1", name="Bob"),
        Candidate(joined_at=NOW, legacy_card="C2", email="ann@example.com"),
    ]

    *mine, refused, other = enrol_candidates(
        unit=mall, candidates=candidates, desk=Desk("import", "test", NOW)
    )

    assert [one.ending for one in mine] == [Ending.CREATED, Ending.LINKED, Ending.ALREADY_THERE]
    assert len({one.member_id for one in mine}) == 1
    assert isinstance(refused, CardOfAnother)
    assert other.ending is Ending.CREATED
    assert list(Enrolment.objects.order_by("legacy_card").values_list("legacy_card", flat=True)) == [
        "C1",
        "C2",
    ]


def test_hostile_attributes_are_kept_as_text(mall):
    attributes = {"=cmd()": "'; DROP TABLE members_member; --", "引": '{"a": "\\u0000"}', "%s": "%(x)s"}

    enrolment = enrol(mall, phone=PHONE, attributes=attributes)

    assert enrolment.attributes == attributes
    assert json.dumps(enrolment.attributes)
