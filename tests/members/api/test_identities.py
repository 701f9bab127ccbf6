"""A member's identities through the door: masked, proven by a code, nobody else's."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from members.models import IdentityKind
from tests.factories import NOW
from tests.members.factories import add_identity, numbered_member, token_of

pytestmark = pytest.mark.django_db
MINE = "/api/v1/me/identities"
PHONE = "+8613912345678"


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


def app(member):
    token = token_of(member, lifetime=timedelta(days=3650))
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_ACCEPT_LANGUAGE="en")


@pytest.fixture
def ann():
    return numbered_member(name="Ann")


@pytest.fixture
def client(ann):
    return app(ann)


def send(client, kind="phone", value="139 1234 5678"):
    return client.post(MINE, {"kind": kind, "value": value}, format="json")


def enter(client, binding, code):
    return client.post(f"{MINE}/{binding['id']}/prove", {"code": code}, format="json")


def refusal(answer):
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]


def test_a_phone_is_bound_by_the_code_sent_to_it(client, outbox):
    sent = send(client)

    assert (sent.status_code, sent.json()["state"], sent.json()["value"]) == (202, "code_sent", "139****5678")
    bound = enter(client, sent.json(), outbox()[0]["code"])
    assert (bound.status_code, bound.json()["id"], bound.json()["is_proven"]) == (
        200,
        sent.json()["id"],
        True,
    )
    assert [one["id"] for one in client.get(MINE).json()["results"]] == [sent.json()["id"]]


def test_no_answer_holds_the_code_or_the_phone(client, outbox):
    sent = send(client)

    assert outbox()[0]["code"] not in sent.content.decode()
    assert "12345678" not in sent.content.decode()


def test_a_wrong_code_says_how_many_tries_are_left(client, outbox):
    sent = send(client).json()
    code = outbox()[0]["code"]

    answer = enter(client, sent, f"{(int(code) + 1) % 10**6:06}")

    assert refusal(answer) == (409, "code_wrong")
    assert answer.json()["tries_left"] == 4


@pytest.mark.parametrize("code", ["12345", "1234567", "１２３４５６", "12345a", 123456, None, "123456\n"])
def test_what_is_no_code_takes_no_try(client, outbox, code):
    sent = send(client).json()

    assert refusal(enter(client, sent, code)) == (400, "invalid_request")
    assert enter(client, sent, outbox()[0]["code"]).status_code == 200


def test_asking_again_too_soon_says_when(client, outbox):
    send(client)

    answer = send(client)

    assert refusal(answer) == (429, "too_many_codes")
    assert 1 <= int(answer["Retry-After"]) <= 60


def test_anothers_phone_answers_like_a_free_one_until_the_code_is_entered(client, outbox):
    add_identity(numbered_member(), IdentityKind.PHONE, PHONE)

    known, free = send(client), send(client, value="139 1234 5679")

    varying = {"id", "value", "expires_at"}
    plain = [{k: v for k, v in a.json().items() if k not in varying} for a in (known, free)]
    assert (known.status_code, plain[0]) == (free.status_code, plain[1])
    assert refusal(enter(client, known.json(), outbox()[0]["code"])) == (409, "identity_of_another")


def test_a_plate_is_bound_at_once(client):
    answer = send(client, "plate", "沪a·d12345")

    assert (answer.status_code, answer.json()["state"], answer.json()["value"]) == (201, "bound", "沪A***45")
    assert client.get(MINE).json()["results"][0]["is_proven"] is False


def test_anothers_plate_is_refused(client):
    send(app(numbered_member()), "plate", "沪A12345")

    assert refusal(send(client, "plate", "沪A12345")) == (409, "plate_of_another")


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("phone", "12345", "bad_phone"),
        ("email", "nobody", "bad_email"),
        ("plate", "沪I12345", "bad_plate"),
        ("wechat", "oABC", "invalid_request"),
        ("phone", ["139"], "invalid_request"),
    ],
)
def test_what_is_none_is_refused_by_its_field(client, kind, value, code):
    assert refusal(send(client, kind, value)) == (400, code)


def test_an_identity_is_unbound(client, outbox):
    plate = send(client, "plate", "沪A12345").json()

    assert client.delete(f"{MINE}/{plate['id']}").status_code == 204
    assert refusal(client.delete(f"{MINE}/{plate['id']}")) == (404, "not_found")
    assert client.get(MINE).json()["results"] == []


def test_the_last_phone_stays(client, outbox):
    sent = send(client).json()
    enter(client, sent, outbox()[0]["code"])

    assert refusal(client.delete(f"{MINE}/{sent['id']}")) == (409, "last_phone")


def test_anothers_identities_are_not_there(client, outbox):
    other = app(numbered_member())
    sent = send(other).json()
    plate = send(other, "plate", "沪A12345").json()

    assert refusal(enter(client, sent, outbox()[0]["code"])) == (404, "not_found")
    assert refusal(client.delete(f"{MINE}/{plate['id']}")) == (404, "not_found")
    assert client.get(MINE).json()["results"] == []


def test_the_list_asks_as_often_for_many_as_for_few(client, ann, django_assert_num_queries):
    for number in range(8):
        add_identity(ann, IdentityKind.PLATE, f"沪A1234{number}")

    with django_assert_num_queries(2):
        assert len(client.get(MINE).json()["results"]) == 8
