"""Residencies and new members through the doors: a fee system tells, a counter enrols, a member looks."""

import itertools
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from members.models import Enrolment, Member, Residency
from tests.factories import LONG_AGO, NOW, make_unit
from tests.members.factories import enrol, token_of
from units.models import Venue
from units.services.partner_keys import issue_partner_key

pytestmark = pytest.mark.django_db
PHONE = "+8613812345678"
_keys = itertools.count(1)


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def estate():
    unit = make_unit("ESTATE", "residential")
    Venue.objects.create(unit=unit, code="GARDEN-1", name_zh="花园一期", name_en="Garden 1")
    return unit


@pytest.fixture
def ann(estate):
    return enrol(estate, phone=PHONE, name="Ann Lee").member


class Partner:
    """A system with a key: JSON in and out."""

    def __init__(self, *units, scopes=("residencies:report", "members:enrol")):
        _key, token = issue_partner_key(name="fees", units=units, scopes=scopes, by="test", at=LONG_AGO)
        self.client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_ACCEPT_LANGUAGE="en")

    def post(self, path, body, key=None):
        headers = {"Idempotency-Key": key or f"k-{next(_keys)}"}
        return self.client.post(f"/partner/v1/{path}", body, format="json", headers=headers)

    def delete(self, path):
        return self.client.delete(f"/partner/v1/{path}")


@pytest.fixture
def fees(estate):
    return Partner(estate)


def lease(**fields):
    return {
        "source_ref": "lease/1", "venue": "GARDEN-1", "member": {"phone": "138 1234 5678"}, "role": "tenant",
        "starts_on": "2026-06-01", "ends_on": "2027-06-01",
    } | fields  # fmt: skip


def mine(member, path="me/residencies"):
    token = token_of(member, lifetime=timedelta(days=3650))
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_ACCEPT_LANGUAGE="en")
    return client.get(f"/api/v1/{path}").json()


def refusal(answer):
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]


def test_a_lease_is_told_and_seen(fees, ann):
    answer = fees.post("residencies", lease())

    told = answer.json()
    assert (answer.status_code, told["member"], told["ends_on"]) == (201, str(ann.pk), "2027-06-01")
    assert mine(ann)["results"] == [
        {
            "id": told["id"],
            "venue": {"code": "GARDEN-1", "name": "Garden 1", "unit": "ESTATE"},
            "role": "tenant",
            "starts_on": "2026-06-01",
            "ends_on": "2027-06-01",
        }
    ]
    assert [one["role"] for one in mine(ann, "me")["residencies"]] == ["tenant"]


def test_told_again_it_is_known(fees, ann):
    first = fees.post("residencies", lease(), key="k")

    assert fees.post("residencies", lease(), key="k")["Idempotency-Replayed"] == "true"
    assert fees.post("residencies", lease()).status_code == 200
    moved = fees.post("residencies", lease(ends_on="2026-06-10"))
    assert (moved.status_code, moved.json()["id"]) == (200, first.json()["id"])
    assert mine(ann, "me")["residencies"] == []


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"venue": "NOWHERE"}, (404, "not_found")),
        ({"member": {"phone": "13812345679"}}, (404, "not_found")),
        ({"member": {"phone": PHONE, "number": "1"}}, (400, "invalid_request")),
        ({"role": "king"}, (400, "invalid_request")),
        ({"role": "family"}, (400, "role_needs_more")),
        ({"role": "family", "family_of": "lease/9"}, (404, "not_found")),
        ({"role": "office_occupant", "company": "ACME"}, (404, "not_found")),
        ({"ends_on": "2026-06-01"}, (400, "period_malformed")),
        ({"starts_on": "01/06/2026"}, (400, "invalid_request")),
        ({"surprise": 1}, (400, "invalid_request")),
    ],
)
def test_what_does_not_fit_is_refused_by_name(fees, ann, fields, refused):
    assert refusal(fees.post("residencies", lease(**fields))) == refused
    assert Residency.objects.count() == 0


def test_an_overlap_and_a_reused_reference_are_refused(fees, ann):
    fees.post("residencies", lease())

    assert refusal(fees.post("residencies", lease(source_ref="lease/2"))) == (409, "residency_overlaps")
    assert refusal(fees.post("residencies", lease(role="owner"))) == (409, "reference_reused")


def test_a_mistake_is_withdrawn(fees, ann):
    told = fees.post("residencies", lease()).json()

    assert [fees.delete(f"residencies/{told['id']}").status_code for _ in range(2)] == [204, 204]
    assert mine(ann)["results"] == []


def test_another_units_residencies_and_venues_are_not_there(fees, ann):
    told = fees.post("residencies", lease()).json()
    other = Partner(make_unit("OTHER"))

    assert refusal(other.delete(f"residencies/{told['id']}")) == (404, "not_found")
    assert refusal(other.post("residencies", lease(member={"id": str(ann.pk)}))) == (404, "not_found")


def test_each_door_asks_for_its_scope(estate, ann):
    till = Partner(estate, scopes=["points:quote"])

    assert refusal(till.post("residencies", lease())) == (403, "scope_missing")
    assert refusal(till.post("members", person())) == (403, "scope_missing")


def test_the_list_asks_as_often_for_many_as_for_few(estate, ann, fees, django_assert_num_queries):
    venue = Venue.objects.get()
    for number in range(6):
        Venue.objects.create(unit=estate, code=f"G{number}", name_zh=venue.name_zh, name_en="Garden")
        fees.post("residencies", lease(venue=f"G{number}", source_ref=f"l{number}"))
    token = token_of(ann, lifetime=timedelta(days=3650))
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")

    # One of them asks whether the member goes on under another number.
    with django_assert_num_queries(3):
        assert len(client.get("/api/v1/me/residencies").json()["results"]) == 6


def person(**fields):
    return {"phone": "139 0000 0001", "name": "王小明", "consent_text": "privacy-1"} | fields


def test_somebody_new_is_enrolled_at_the_counter(fees, estate):
    answer = fees.post("members", person(gender="male", birth_date="1990-03-31"))

    told = answer.json()
    enrolment = Enrolment.objects.get(member_id=told["id"])
    assert (answer.status_code, told["name"], told["status"]) == (201, "王**", "active")
    assert (enrolment.channel, enrolment.attributes) == ("counter", {"consent_text": "privacy-1"})


def test_a_known_phone_is_the_same_member_whichever_unit_knew_it(ann):
    mall = Partner(make_unit("MALL"))

    first = mall.post("members", person(phone=PHONE, name="Ann Lee"))
    again = mall.post("members", person(phone=PHONE, name="Ann Lee", consent_text="privacy-2"))

    assert (first.status_code, again.status_code) == (201, 200)
    assert {first.json()["id"], again.json()["id"]} == {str(ann.pk)}
    assert Enrolment.objects.get(unit__code="MALL").attributes == {"consent_text": "privacy-2"}


def test_a_child_is_frozen_until_a_guardian_is_on_record(fees):
    assert fees.post("members", person(birth_date="2016-09-01")).json()["status"] == "frozen"


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"phone": "12"}, (400, "bad_phone")),
        ({"consent_text": ""}, (400, "invalid_request")),
        ({"birth_date": "2030-01-01"}, (400, "future_date")),
        ({"email": "nobody"}, (400, "bad_email")),
    ],
)
def test_a_counter_hears_what_is_wrong(fees, fields, refused):
    before = Member.objects.count()

    assert refusal(fees.post("members", person(**fields))) == refused
    assert Member.objects.count() == before


def test_without_phone_and_card_nobody_is_enrolled(fees):
    body = person()
    del body["phone"]

    assert refusal(fees.post("members", body)) == (400, "nothing_identifies")


def test_a_card_of_another_is_refused(fees, estate):
    enrol(estate, phone="13900000009", legacy_card="C-1", name="Bob")

    assert refusal(fees.post("members", person(card="C-1"))) == (409, "card_of_another")
