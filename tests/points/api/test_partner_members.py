"""A till finds the member that it may find, and sees no more of them than it needs."""

import json

import pytest
from rest_framework.test import APIClient

from members.models import IdentityKind, Member, MemberStatus
from tests.factories import NOW, give, make_program, make_unit
from tests.members.factories import add_identity, enrol
from units.services.partner_keys import issue_partner_key

pytestmark = pytest.mark.django_db

PATH = "/partner/v1/members/resolve"


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def member(mall):
    known = enrol(mall, phone="13812345678", legacy_card="C-1", name="张三丰").member
    add_identity(known, IdentityKind.PLATE, "沪A12345")
    return known


def till(*units, scopes=("members:resolve",)):
    _key, token = issue_partner_key(name="POS", units=units, scopes=scopes, by="test", at=NOW)
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def resolve(client, **body):
    response = client.post(PATH, body, format="json")
    return response.status_code, json.loads(response.content)


@pytest.mark.parametrize(
    "ways",
    [{"phone": "138-1234-5678"}, {"phone": "+86 13812345678"}, {"card": "C-1"}, {"plate": "沪a·12345"}],
)
def test_a_member_is_found_in_each_way(mall, member, ways):
    status, told = resolve(till(mall), **ways)

    assert (status, told["id"], told["number"]) == (200, str(member.pk), member.number)


@pytest.mark.parametrize("way", ["id", "number"])
def test_a_member_is_found_by_id_and_by_number(mall, member, way):
    told = resolve(till(mall), **{way: str(getattr(member, way))})[1]

    assert told["id"] == str(member.pk)


def test_the_name_is_masked_and_no_identity_is_told(mall, member):
    _status, told = resolve(till(mall), card="C-1")

    assert told["name"] == "张**"
    assert "13812345678" not in json.dumps(told)
    assert told.keys() == {"id", "number", "name", "status", "tier", "enrolment", "points"}


def test_usable_points_are_told_by_program(mall, member):
    points = make_program("MALLPTS", owner=mall)
    give(member, points, 600, unit=mall)

    _status, told = resolve(till(mall), card="C-1")

    assert [(line["program"], line["available"]) for line in told["points"]] == [("MALLPTS", 600)]


def test_the_enrolment_is_the_one_at_this_unit(mall, member):
    hotel = make_unit("HOTEL")

    assert resolve(till(mall), number=member.number)[1]["enrolment"]["legacy_card"] == "C-1"
    assert resolve(till(hotel), number=member.number)[1]["enrolment"] is None


def test_another_units_card_names_nobody_here(member):
    assert resolve(till(make_unit("HOTEL")), card="C-1")[0] == 404


def test_another_units_key_cannot_ask_in_this_ones_name(mall, member):
    client = till(make_unit("HOTEL"))

    foreign, absent = resolve(client, unit="MALL", card="C-1"), resolve(client, unit="NOWHERE", card="C-1")

    assert foreign == absent
    assert foreign[0] == 404


@pytest.mark.parametrize("status", [MemberStatus.FROZEN, MemberStatus.CLOSED])
def test_a_frozen_or_closed_member_is_told_with_that_status_and_no_points(mall, member, status):
    give(member, make_program(owner=mall), 5, unit=mall)
    Member.objects.filter(pk=member.pk).update(status=status)

    answer, told = resolve(till(mall), card="C-1")

    assert (answer, told["status"], told["points"]) == (200, status, [])


def test_an_inactive_identity_finds_nobody(mall, member):
    member.identities.update(is_active=False)

    assert resolve(till(mall), phone="13812345678")[0] == 404
    assert resolve(till(mall), plate="沪A12345")[0] == 404


@pytest.mark.parametrize("body", [
    {}, {"phone": "13812345678", "card": "C-1"}, {"phone": None}, {"phone": 13812345678}, {"card": ""},
    {"card": " C-1"}, {"card": "C\x00"}, {"card": ["C-1"]}, {"phone": "1" * 33}, {"nickname": "x"},
    {"phone": "not a phone"}, {"plate": "''"}, {"card": "C-1", "outlet": 5}, {"id": 5},
    {"member_number": "100000000017"}, {"id": "", "card": "C-1"},
])  # fmt: skip
def test_what_names_nobody_clearly_is_the_callers_mistake(mall, member, body):
    assert resolve(till(mall), **body)[0] == 400


def test_a_wrong_check_digit_is_nobody(mall, member):
    wrong = member.number[:-1] + str((int(member.number[-1]) + 1) % 10)

    assert resolve(till(mall), number=wrong)[0] == 404


@pytest.mark.parametrize("odd", ["not an id", "01950000-0000-7000-8000-000000000001", "{}"])
def test_an_id_that_is_nobodys_is_nobody(mall, member, odd):
    assert resolve(till(mall), id=odd)[0] == 404


def test_an_id_has_one_spelling(mall, member):
    assert resolve(till(mall), id=member.pk.hex)[0] == 404
    assert resolve(till(mall), id=f"{{{member.pk}}}")[0] == 400


def test_another_scope_does_not_resolve(mall, member):
    status, problem = resolve(till(mall, scopes=["points:redeem"]), card="C-1")

    assert (status, problem["code"]) == (403, "scope_missing")


def test_nobody_resolves_without_a_key(mall, member):
    assert APIClient().post(PATH, {"card": "C-1"}, format="json").status_code == 401


def test_resolving_costs_the_same_however_much_the_member_has(mall, member, django_assert_num_queries):
    for _ in range(5):
        program = make_program(owner=mall)
        for _ in range(3):
            give(member, program, 10, unit=mall)
    client = till(mall)

    with django_assert_num_queries(13):
        assert len(resolve(client, card="C-1")[1]["points"]) == 5
