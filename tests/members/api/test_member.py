"""A member sees and changes themself, and nobody else."""

import json
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from common import clock
from members.models import Member, MemberStatus
from tests.factories import NOW, make_unit
from tests.members.factories import enrol, numbered_member, token_of

pytestmark = pytest.mark.django_db

ME, ENROLMENTS = "/api/v1/me", "/api/v1/me/enrolments"


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def member(mall):
    return enrol(mall, phone="13812345678", email="ann@example.com", name="Ann", legacy_card="C1").member


@pytest.fixture
def client(member):
    return signed_in(member)


def signed_in(member):
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token_of(member, at=clock.now())}")


def patch(client, body, **headers):
    response = client.patch(ME, body, format="json", headers=headers)
    return response.status_code, json.loads(response.content)


def test_me_shows_the_profile_with_masked_identities(client, member):
    response = client.get(ME)

    told = response.json()
    assert (told["id"], told["number"], told["name"]) == (str(member.pk), member.number, "Ann")
    assert told["identities"] == [
        {"kind": "email", "value": "a***@example.com"},
        {"kind": "phone", "value": "138****5678"},
    ]
    assert response["Cache-Control"] == "no-store"


def test_an_edit_changes_the_profile_and_its_etag(client):
    before = client.get(ME)["ETag"]

    response = client.patch(ME, {"name": "Ann Lee"}, format="json", headers={"If-Match": before})

    assert (response.status_code, response.json()["name"]) == (200, "Ann Lee")
    assert response["ETag"] == client.get(ME)["ETag"] != before


def test_an_edit_of_what_changed_meanwhile_is_refused(client, member):
    before = client.get(ME)["ETag"]
    patch(client, {"name": "First"})

    status, problem = patch(client, {"name": "Second"}, **{"If-Match": before})

    assert (status, problem["code"]) == (412, "precondition_failed")
    assert Member.objects.get(pk=member.pk).name == "First"


def test_the_birth_date_is_given_once(client):
    assert patch(client, {"birth_date": "1990-03-31"})[0] == 200

    status, problem = patch(client, {"birth_date": "1990-04-01"})

    assert (status, problem["code"]) == (409, "birth_date_is_set")


@pytest.mark.parametrize("body", [
    {"status": "closed"}, {"number": "799273987130"}, {"id": "x"}, {"phone": "13912345678"},
    {"is_generated": True}, {"name": ""}, {"name": None}, {"name": 5}, {"name": ["Ann"]},
    {"name": "x" * 101}, {"name": "a\u202eb"}, {"gender": "?"}, {"gender": {}},
    {"birth_date": "2024-02-30"}, {"birth_date": 19900331},
    {"birth_date": "2999-01-01"}, {"birth_date": None}, {"address": "x" * 401}, {"joined_at": "2000-01-01"},
])  # fmt: skip
def test_what_cannot_be_changed_or_stored_is_refused(client, member, body):
    before = Member.objects.values().get(pk=member.pk)

    status, problem = patch(client, body)

    assert status == 400
    assert [error["field"] for error in problem["errors"]] == list(body)
    assert Member.objects.values().get(pk=member.pk) == before


def test_my_enrolments_are_mine_newest_first(client, mall):
    enrol(make_unit("HOTEL", sector="hotel"), phone="13812345678", joined_at=NOW)
    enrol(mall, phone="13912345678", legacy_card="C9")

    told = client.get(ENROLMENTS).json()

    assert [(line["unit"]["code"], line["legacy_card"]) for line in told["results"]] == [
        ("HOTEL", None),
        ("MALL", "C1"),
    ]
    assert told["next"] is told["previous"] is None


def test_pages_of_enrolments_miss_none(client, member):
    for _ in range(4):
        enrol(make_unit(), phone="13812345678")
    found, address = [], f"{ENROLMENTS}?page_size=2"
    while address:
        page = client.get(address).json()
        found += [line["unit"]["code"] for line in page["results"]]
        address = page["next"]

    assert len(found) == len(set(found)) == 5


def test_the_list_costs_two_queries_however_long(client, django_assert_num_queries):
    for _ in range(8):
        enrol(make_unit(), phone="13812345678")

    with django_assert_num_queries(2):
        assert len(client.get(ENROLMENTS).json()["results"]) == 9


def test_the_profile_costs_four_queries(client, django_assert_num_queries):
    # The token, its member, their identities, and one more: whether they go on under another number.
    with django_assert_num_queries(4):
        assert client.get(ME).status_code == 200


@pytest.mark.parametrize("address", [ME, ENROLMENTS])
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer lm_x", "Basic eA==", "Bearer lp_000000000000_x"])
def test_nobody_enters_without_a_live_token(address, header):
    response = APIClient(HTTP_AUTHORIZATION=header).get(address)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="member"'


def test_an_expired_token_and_a_closed_member_are_refused(member):
    late = token_of(member, at=clock.now() - timedelta(days=2), lifetime=timedelta(days=1))
    closed = numbered_member()
    client = signed_in(closed)
    Member.objects.filter(pk=closed.pk).update(status=MemberStatus.CLOSED)

    assert APIClient(HTTP_AUTHORIZATION=f"Bearer {late}").get(ME).status_code == 401
    assert client.get(ME).status_code == 401


@pytest.mark.parametrize("method", ["post", "put"])
def test_other_verbs_are_not_offered(client, method):
    assert getattr(client, method)(ME, {}, format="json").status_code == 405
