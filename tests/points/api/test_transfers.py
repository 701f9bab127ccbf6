"""Giving points through the door: within the household, once a key, in both statements, masked."""

import pytest

from members.models import HouseholdMember
from points.models import Program
from points.selectors.audit import audit
from tests.factories import balance, make_member
from tests.points.api.test_contract import contents, contract, fits
from tests.points.api.test_exchange import App, refusal
from tests.points.services.households import make_household

pytestmark = pytest.mark.django_db
TRANSFERS = "me/transfers"


@pytest.fixture
def kin(story):
    """Somebody of the member's household."""
    member = make_member(name="王小明")
    make_household(story.member, member)
    return member


@pytest.fixture
def app(story):
    return App(story.member)


@pytest.fixture
def gift(kin):
    place = HouseholdMember.objects.get(member=kin)
    return {"to": str(place.pk), "program": "MALL", "points": 200}


def test_points_go_to_somebody_of_the_household(app, story, kin, gift):
    answer = app.post(TRANSFERS, gift, key="k-1")

    receipt = answer.json()
    assert answer.status_code == 201
    assert {name: receipt[name] for name in ("unit", "to", "to_name", "program", "points")} == {
        **gift,
        "unit": "MALL",
        "to_name": "王**",
    }
    assert (balance(story.member, story.mall_program), balance(kin, story.mall_program)) == (400, 200)
    assert audit().disagreements == ()


def test_the_same_key_gives_once(app, story, kin, gift):
    first = app.post(TRANSFERS, gift, key="k-1")

    again = app.post(TRANSFERS, gift, key="k-1")

    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert refusal(app.post(TRANSFERS, {**gift, "points": 1}, key="k-1")) == (422, "idempotency_key_reused")
    assert balance(kin, story.mall_program) == 200


def test_it_needs_a_key(app, gift):
    assert refusal(app.post(TRANSFERS, gift)) == (400, "idempotency_key_missing")


def test_both_see_their_own_side_of_it_in_their_statements(app, kin, gift):
    receipt = app.post(TRANSFERS, gift, key="k-1").json()

    mine = app.get("me/postings", {"kind": "transfer"}).json()["results"]
    theirs = App(kin).get("me/postings", {"program": "MALL"}).json()["results"]

    assert [(p["id"], p["entries"]) for p in mine] == [
        (receipt["posting"], [{"program": "MALL", "points": -200}])
    ]
    assert [(p["id"], p["entries"]) for p in theirs] == [
        (receipt["posting"], [{"program": "MALL", "points": 200}])
    ]


def test_the_receiver_learns_neither_the_givers_id_nor_their_key(app, story, kin, gift):
    app.post(TRANSFERS, gift, key="my-secret-key")

    said = App(kin).get("me/postings").content.decode()

    assert str(story.member.pk) not in said
    assert "my-secret-key" not in said


def test_whoever_is_not_of_the_household_looks_absent(app, story, gift):
    other = make_household(make_member())
    place = HouseholdMember.objects.get(household=other)

    assert refusal(app.post(TRANSFERS, {**gift, "to": str(place.pk)}, key="a")) == (404, "not_found")
    assert refusal(app.post(TRANSFERS, {**gift, "to": str(story.member.pk)}, key="b")) == (404, "not_found")
    HouseholdMember.objects.filter(pk=gift["to"]).update(state="left", ended_at="2026-06-01T00:00:00Z")
    assert refusal(app.post(TRANSFERS, gift, key="c")) == (404, "not_found")


def test_refusals_say_what_a_person_needs(app, story, gift):
    Program.objects.filter(code="MALL").update(transfer_cap_day=250)

    short = app.post(TRANSFERS, {**gift, "program": "HOTEL", "points": 501}, key="a")
    capped = app.post(TRANSFERS, {**gift, "points": 251}, key="b")
    mine = HouseholdMember.objects.get(member=story.member)

    assert (refusal(short), short.json()["short"]) == ((409, "insufficient_points"), 1)
    assert (refusal(capped), capped.json()["left"]) == ((409, "transfer_cap_reached"), 250)
    assert refusal(app.post(TRANSFERS, {**gift, "to": str(mine.pk)}, key="c")) == (409, "same_member")
    assert refusal(app.post(TRANSFERS, {**gift, "program": "NONE"}, key="d")) == (404, "not_found")


@pytest.mark.parametrize(
    "wrong", [{"points": 0}, {"points": "200"}, {"points": 2**63}, {"to": "x"}, {"to": None}, {"note": "hi"}]
)
def test_what_does_not_fit_is_refused(app, gift, wrong):
    assert refusal(app.post(TRANSFERS, {**gift, **wrong}, key="k")) == (400, "invalid_request")


def test_the_answers_fit_the_contract_and_so_do_its_examples(app, gift):
    document = contract("api", "loyalty.api_member")
    operation = document["paths"]["/api/v1/me/transfers"]["post"]
    answer = app.post(TRANSFERS, gift, key="k-1")

    schema = operation["responses"]["201"]["content"]["application/json"]["schema"]
    assert fits(document, schema, answer.json()) == []
    for content in contents(operation):
        examples = [example["value"] for example in content["examples"].values()]
        assert examples
        assert [fits(document, content["schema"], example) for example in examples] == [[]] * len(examples)
