"""Doors after a merge: whoever names the alias, or proves to be it, is answered as the survivor."""

import itertools
import json
from datetime import date

import pytest
from rest_framework.test import APIClient

from common import clock
from members.models import IdentityKind, Member
from members.services.guardians import record_guardian
from members.services.tokens import issue_member_token
from tests.factories import (
    LONG_AGO,
    NOW,
    balance,
    give,
    make_earn_rule,
    make_program,
    make_rate,
    make_unit,
)
from tests.members.factories import add_identity, enrol, numbered_member, token_of
from tests.members.merging import holdings, merge, unmerge
from tests.points.services.households import make_household
from units.services.partner_keys import issue_partner_key

pytestmark = pytest.mark.django_db
_keys = itertools.count(1)


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    made = make_program("MALL", owner=mall)
    make_earn_rule(mall, made)
    return made


@pytest.fixture
def old(mall):
    known = enrol(mall, phone="13812345678", legacy_card="C-1", name="张三丰").member
    add_identity(known, IdentityKind.PLATE, "沪A12345")
    return known


@pytest.fixture
def new():
    return numbered_member(name="张三丰")


@pytest.fixture
def till(mall):
    scopes = ["members:resolve", "activities:report", "points:quote", "points:redeem"]
    _key, token = issue_partner_key(name="POS", units=[mall], scopes=scopes, by="test", at=LONG_AGO)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")

    def post(path, **body):
        headers = {"Idempotency-Key": f"key-{next(_keys)}"}
        answer = client.post(f"/partner/v1/{path}", body, format="json", headers=headers)
        return answer.status_code, json.loads(answer.content)

    return post


def signed_in(member):
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token_of(member, at=clock.now())}")


@pytest.mark.parametrize("way", ["phone", "card", "plate", "number", "id"])
def test_a_till_that_names_the_alias_finds_the_survivor(old, new, till, way, program):
    give(old, program, 100)
    merge(old, new)
    named = {
        "phone": "13812345678",
        "card": "C-1",
        "plate": "沪A12345",
        "number": old.number,
        "id": str(old.pk),
    }

    status, told = till("members/resolve", **{way: named[way]})

    assert (status, told["id"], told["number"]) == (200, str(new.pk), new.number)
    assert told["points"][0]["available"] == 100


def test_me_of_a_merged_member_is_the_survivor(old, new):
    merge(old, new)
    stale = Member.objects.get(pk=old.pk)
    _token, secret = issue_member_token(member=stale, by="t", at=clock.now())

    told = APIClient(HTTP_AUTHORIZATION=f"Bearer {secret}").get("/api/v1/me").json()

    assert (told["id"], told["number"]) == (str(new.pk), new.number)
    assert {one["kind"] for one in told["identities"]} == {"phone", "plate"}


def test_a_sign_in_of_before_the_merge_is_asked_again(old, new):
    client = signed_in(old)
    merge(old, new)

    assert client.get("/api/v1/me").status_code == 401


def test_the_statement_tells_what_happened_under_either_number(old, new, program):
    give(old, program, 100, source_ref="before")
    give(new, program, 7, source_ref="other")
    merge(old, new)

    told = signed_in(new).get("/api/v1/me/postings").json()["results"]

    assert {one["source_ref"] for one in told if one["kind"] == "accrual"} == {"before", "other"}
    assert not [one for one in told if one["kind"] == "move"]


def test_an_activity_reported_for_the_alias_earns_for_the_survivor(old, new, till, program):
    merge(old, new)

    status, told = till(
        "activities",
        source_ref="A-1",
        kind="purchase",
        member={"card": "C-1"},
        occurred_at=NOW.isoformat(),
        amount={"amount": "20.00", "currency": "CNY"},
    )

    assert status == 201, told
    assert holdings(old, new) == [(0, 0), (20, 0)]


def test_a_till_holds_and_captures_with_the_alias_number(old, new, till, program):
    give(old, program, 100)
    merge(old, new)

    status, held = till(
        "redemptions",
        program="MALL",
        points=30,
        source_ref="R-1",
        capture=False,
        member={"number": old.number},
    )

    assert status == 201, held
    assert till(f"redemptions/{held['id']}/capture")[0] in (200, 201)
    assert holdings(old, new) == [(0, 0), (70, 0)]


def test_after_an_undoing_each_finds_their_own_again(old, new, till):
    unmerge(merge(old, new))

    assert till("members/resolve", card="C-1")[1]["id"] == str(old.pk)
    assert till("members/resolve", number=new.number)[1]["id"] == str(new.pk)


def test_a_guardian_acts_for_a_child_under_either_number(old, new):
    child, other = numbered_member(birth_date=date(2020, 1, 1)), numbered_member(birth_date=date(2020, 1, 1))
    for one in (child, other):
        record_guardian(child=one, guardian=new, evidence="seen", by="t", at=NOW)
    merge(child, Member.objects.get(pk=other.pk))

    told = signed_in(new).get("/api/v1/me", headers={"X-Act-For": str(child.pk)}).json()

    assert told["id"] == str(other.pk)


@pytest.mark.parametrize("how", ["exchanges", "transfers"])
def test_a_key_that_was_used_under_the_other_number_is_a_replay(old, new, program, how):
    other = make_program("HOTEL", owner=make_unit("HOTEL", "hotel"))
    make_rate(program, other, 2)
    kin = numbered_member()
    make_household(old, kin)
    give(old, program, 100)
    place = kin.household_places.get().pk if how == "transfers" else None
    body = {"points": 30, "program": "MALL", "to": str(place)}
    if how == "exchanges":
        body = {"points": 30, "source": "MALL", "target": "HOTEL"}

    def ask(member):
        return signed_in(member).post(
            f"/api/v1/me/{how}", body, format="json", headers={"Idempotency-Key": "once"}
        )

    first = ask(old)
    merge(old, new)
    again = ask(new)

    assert (first.status_code, again.status_code) == (201, 200), again.content
    assert again.json()["posting"] == first.json()["posting"]
    assert balance(new, program) == 70
