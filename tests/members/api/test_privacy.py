"""A member's own say over their data, through the doors: consents, who looked, a copy of everything."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from rest_framework.test import APIClient

from members.models import ConsentEvent, DataAccess
from members.services.consents import publish_text
from members.services.looking import reveal_member
from tests.factories import NOW, give, make_program, make_unit
from tests.members.factories import enrol, numbered_member, token_of
from units.services.partner_keys import issue_partner_key

pytestmark = pytest.mark.django_db
CONSENTS, LOG, COPY = "/api/v1/me/consents", "/api/v1/me/access-log", "/api/v1/me/data-export"


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def hotel():
    return make_unit("HOTEL", "hotel")


@pytest.fixture
def ann(mall):
    return enrol(mall, phone="13812345678", name="安娜", address="世纪大道100号").member


def app(member, language="en"):
    token = token_of(member, lifetime=timedelta(days=3650))
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_ACCEPT_LANGUAGE=language)


@pytest.fixture
def client(ann):
    return app(ann)


def till(unit):
    scopes = ("members:resolve", "members:enrol")
    _key, token = issue_partner_key(name="POS", units=[unit], scopes=scopes, by="test", at=NOW)
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")


def put(client, **choice):
    body = {"consents": [{"purpose": "share", "unit": "HOTEL", "is_given": True} | choice]}
    return client.put(CONSENTS, body, format="json")


def told(answer):
    """(is_given, holds, version) of sharing with the hotel."""
    assert answer.status_code == 200, answer.content
    said = {(one["purpose"], one["unit"]["code"]): one for one in answer.json()["consents"]}
    one = said["share", "HOTEL"]
    return one["is_given"], one["holds"], one["version"]


def resolve(unit, phone="13812345678"):
    answer = till(unit).post("/partner/v1/members/resolve", {"phone": phone}, format="json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_nothing_said_is_a_no_and_the_texts_are_in_my_language(client, ann, hotel):
    answer = client.get(CONSENTS)

    assert told(answer) == (False, False, None)
    assert [one["purpose"] for one in answer.json()["texts"]] == ["share", "marketing", "profiling"]
    assert answer.json()["texts"][0]["title"] == "Let a unit see my data"
    assert app(ann, "zh-hans").get(CONSENTS).json()["texts"][0]["title"] == "允许查看我的会员资料"


def test_a_yes_and_a_no_are_one_call_each_and_hold_at_once(client, hotel):
    assert told(put(client, version="share-1")) == (True, True, "share-1")
    assert resolve(hotel)["name"] == "安*"

    assert told(put(client, is_given=False)) == (False, False, "share-1")
    assert resolve(hotel)["name"] is None


def test_without_consent_a_sister_unit_finds_the_number_and_the_points_and_no_name(client, ann, mall, hotel):
    give(ann, make_program("MALLPT", owner=mall), 300, unit=mall)

    seen = resolve(hotel)

    assert (seen["number"], seen["name"], seen["enrolment"]) == (ann.number, None, None)
    assert [(one["program"], one["available"]) for one in seen["points"]] == [("MALLPT", 300)]
    assert "安" not in str(seen)
    assert client.get(LOG).json()["results"] == []


def test_i_see_who_looked(client, ann, hotel):
    put(client, version="share-1")
    resolve(hotel)
    reveal_member(member_id=ann.pk, fields=["phone"], reason="lost parcel", by="user:1", at=NOW)

    rows = client.get(LOG).json()["results"]

    seen = {(one["kind"], one["unit"] and one["unit"]["code"], *one["what"], one["reason"]) for one in rows}
    assert seen == {("read", "HOTEL", "name", ""), ("reveal", None, "phone", "lost parcel")}
    assert "user:1" not in str(rows), "staff are named to the house, not to members"


def test_another_member_sees_none_of_it(client, ann, hotel):
    put(client, version="share-1")
    resolve(hotel)
    other = app(numbered_member(name="Ben"))

    assert told(other.get(CONSENTS)) == (False, False, None)
    assert other.get(LOG).json()["results"] == []


@pytest.mark.parametrize(
    ("choice", "refusal"),
    [
        ({}, (400, "consent_text_missing")),
        ({"version": "share-0"}, (409, "consent_text_outdated")),
        ({"unit": "NOWHERE", "version": "share-1"}, (404, "not_found")),
        ({"unit": "A\u0000", "version": "share-1"}, (400, "malformed_body")),
        ({"is_given": "yes", "version": "share-1"}, (400, "invalid_request")),
        ({"purpose": "anything", "version": "share-1"}, (400, "invalid_request")),
        ({"nickname": "x", "version": "share-1"}, (400, "invalid_request")),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(client, hotel, choice, refusal):
    answer = put(client, **choice)

    assert (answer.status_code, answer.json()["code"]) == refusal
    assert not ConsentEvent.objects.exists()


def test_one_purpose_named_twice_is_refused(client, hotel):
    choice = {"purpose": "share", "unit": "HOTEL", "is_given": False}

    answer = client.put(CONSENTS, {"consents": [choice, choice]}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_a_consent_told_at_the_counter_is_that_units(client, ann, hotel):
    body = {"phone": "13812345678", "name": "安娜", "consent_text": "share-1"}

    answer = till(hotel).post("/partner/v1/members", body, format="json", HTTP_IDEMPOTENCY_KEY="k-1")

    assert (answer.status_code, answer.json()["name"]) == (201, "安*")
    event = ConsentEvent.objects.get()
    assert (event.unit, event.channel, event.by.startswith("partner:")) == (hotel, "counter", True)


def test_who_took_their_yes_back_is_not_named_at_the_counter_either(client, mall):
    put(client, unit="MALL", version="share-1")
    put(client, unit="MALL", is_given=False)
    body = {"phone": "13812345678", "name": "x", "consent_text": "our-own-paper"}

    answer = till(mall).post("/partner/v1/members", body, format="json", HTTP_IDEMPOTENCY_KEY="k-1")

    assert (answer.status_code, answer.json()["name"]) == (200, None)


def test_an_outdated_text_at_the_counter_is_refused(hotel):
    words = {"title_zh": "题", "title_en": "T", "words_zh": "文", "words_en": "W"}
    publish_text(purpose="share", version="share-2", asks_again=False, by="test", at=NOW, **words)
    body = {"phone": "13812345678", "name": "安娜", "consent_text": "share-1"}

    answer = till(hotel).post("/partner/v1/members", body, format="json", HTTP_IDEMPOTENCY_KEY="k-1")

    assert (answer.status_code, answer.json()["code"]) == (409, "consent_text_outdated")


def copy_of(client):
    asked = client.post(COPY)
    assert asked.status_code == 201, asked.content
    return asked.json()["id"]


def test_a_copy_tells_everything_in_clear(client, ann, hotel):
    put(client, version="share-1")

    copy = client.get(f"{COPY}/{copy_of(client)}").json()

    sections = {one["name"]: one["rows"] for one in copy["sections"]}
    assert sections["members.member"][0]["name"] == "安娜"
    assert sections["members.member"][0]["address"] == "世纪大道100号"
    assert [one["value"] for one in sections["members.identity"]] == ["+8613812345678"]
    assert [one["unit"] for one in sections["members.enrolment"]] == ["MALL"]
    assert [one["act"] for one in sections["members.consentevent"]] == ["given"]
    assert not {"members.matchkey", "members.matchcandidate"} & sections.keys()


def test_a_copy_is_a_page_in_my_language_too(ann):
    client = app(ann, "zh-hans")

    page = client.get(f"{COPY}/{copy_of(client)}/page")

    assert page["Content-Type"] == "text/html; charset=utf-8"
    words = page.content.decode()
    assert "安娜" in words
    assert "+8613812345678" in words
    assert 'lang="zh-hans"' in words
    assert "<td>正常</td>" in words, "codes are told by name"
    assert "<td>2026-06-15 12:00</td>" in words, "instants by the clock on the wall"
    assert "<th>性别</th>" not in words, "a column in which nothing stands is left out"


def test_a_name_that_is_markup_stays_text_on_the_page(mall):
    client = app(enrol(mall, legacy_card="C-9", name="<b>Ann</b>").member)

    assert "<b>Ann" not in client.get(f"{COPY}/{copy_of(client)}/page").content.decode()


def test_a_copy_is_mine_alone_and_for_three_days(client, settings):
    export = copy_of(client)

    assert app(numbered_member()).get(f"{COPY}/{export}").status_code == 404
    settings.LOYALTY_FAKE_NOW = (NOW + timedelta(days=3)).isoformat()
    assert client.get(f"{COPY}/{export}").status_code == 404


def test_a_copy_shows_in_the_log_and_five_a_day_are_enough(client, ann):
    for _ in range(5):
        copy_of(client)

    answer = client.post(COPY)

    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_exports")
    assert DataAccess.objects.filter(member=ann, kind="export").count() == 5


def test_ten_thousand_rows_are_copied_well_within_a_minute(client, ann, mall):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO activities_activity (id, unit_id, source_ref, kind, member_id, occurred_at, amount,"
            " currency, category, paid_with_points, refund_of, attributes, is_generated, recorded_at)"
            " SELECT gen_random_uuid(), %s, 'R' || n, 'purchase', %s, now(), 10, 'CNY', '', 0, '', '{}',"
            " false, now() FROM generate_series(1, 10000) n",
            [mall.pk, ann.pk],
        )
    export = copy_of(client)

    begun = time.monotonic()
    copy = client.get(f"{COPY}/{export}")
    page = client.get(f"{COPY}/{export}/page")

    assert time.monotonic() - begun < 60
    rows = next(one["rows"] for one in copy.json()["sections"] if one["name"] == "activities.activity")
    assert len(rows) == 10_000
    assert "R10000" in page.content.decode()
