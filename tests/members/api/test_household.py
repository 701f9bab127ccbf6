"""A member's household through the door: masked names, one's own, the same answer whoever is invited."""

from datetime import date, timedelta

import pytest
from rest_framework.test import APIClient

from members.models import HouseholdMember, HouseholdState, IdentityKind
from tests.factories import NOW
from tests.members.factories import add_identity, numbered_member, token_of

pytestmark = pytest.mark.django_db

HOME = "/api/v1/me/household"


class App:
    """A member's app."""

    def __init__(self, name="王小明", **fields):
        self.member = numbered_member(name=name, **fields)
        token = token_of(self.member, lifetime=timedelta(days=3650))
        self.client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_ACCEPT_LANGUAGE="en")

    def get(self):
        return self.client.get(HOME).json()

    def post(self, path="", body=None):
        return self.client.post(f"{HOME}{path}", body or {}, format="json")

    def invite(self, **named):
        return self.post("/invitations", named)


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def head():
    app = App()
    assert app.post().status_code == 201
    return app


@pytest.fixture
def guest():
    return App("李雷")


@pytest.fixture
def joined(head, guest):
    """The guest's place in the head's household."""
    head.invite(number=guest.member.number)
    invitation = guest.get()["invitations"][0]
    assert guest.post(f"/invitations/{invitation['id']}/accept").status_code == 200
    return invitation["id"]


def refusal(answer):
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]


def test_who_is_in_no_household_hears_so(guest):
    assert guest.get() == {"household": None, "invitations": []}


def test_who_founds_one_heads_it(guest):
    answer = guest.post(body={"shares_points": True})

    (me,) = answer.json()["household"]["members"]
    assert (answer.status_code, me["name"], me["is_me"], me["is_head"], me["shares_points"]) == (
        201,
        "李*",
        True,
        True,
        True,
    )
    assert refusal(guest.post()) == (409, "already_in_household")


def test_an_invited_member_sees_who_asks_and_joins(head, guest):
    assert head.invite(number=guest.member.number).status_code == 202

    (invitation,) = guest.get()["invitations"]
    answer = guest.post(f"/invitations/{invitation['id']}/accept", {"shares_points": True})

    assert invitation["from_name"] == "王**"
    told = answer.json()
    assert [
        (m["name"], m["is_me"], m["is_head"], m["shares_points"]) for m in told["household"]["members"]
    ] == [
        ("王**", False, True, False),
        ("李*", True, False, True),
    ]
    assert told["invitations"] == []


def test_nothing_of_another_shows_but_a_masked_name(head, guest, joined):
    said = str(head.get())

    assert guest.member.number not in said
    assert str(guest.member.pk) not in said
    assert "李雷" not in said


@pytest.mark.parametrize("known", ["member", "minor", "nobody"])
def test_an_invitation_is_answered_alike_whoever_is_named(head, known):
    fields = {"birth_date": date(2015, 1, 1)} if known == "minor" else {}
    if known != "nobody":
        add_identity(numbered_member(**fields), IdentityKind.PHONE, "+8613812345678")
    before = head.get()

    answer = head.invite(phone="13812345678")

    assert (answer.status_code, answer.json()) == (
        202,
        {"words": "If this is a member who can join, they find an invitation now."},
    )
    assert head.get() == before


@pytest.mark.parametrize(
    "body", [{}, {"number": "1", "phone": "2"}, {"card": "x"}, {"number": ""}, {"phone": 138}]
)
def test_an_invitation_names_by_one_thing(head, body):
    assert refusal(head.post("/invitations", body)) == (400, "invalid_request")


def test_only_the_head_invites_and_removes(head, guest, joined):
    mine = head.get()["household"]["members"][0]["id"]

    assert refusal(guest.invite(number=head.member.number)) == (409, "not_household_head")
    assert refusal(guest.client.delete(f"{HOME}/members/{mine}")) == (409, "not_household_head")
    assert refusal(App().invite(number=head.member.number)) == (409, "not_in_household")


def test_invitations_are_limited(head):
    answers = [head.invite(number="1").status_code for _ in range(11)]

    assert answers == [202] * 10 + [429]


def test_a_declined_invitation_is_gone(head, guest):
    head.invite(number=guest.member.number)
    (invitation,) = guest.get()["invitations"]

    answer = guest.post(f"/invitations/{invitation['id']}/decline")

    assert answer.json() == {"household": None, "invitations": []}
    assert refusal(guest.post(f"/invitations/{invitation['id']}/accept")) == (409, "invitation_not_open")


def test_anothers_invitation_looks_like_none(head, guest):
    head.invite(number=guest.member.number)
    (invitation,) = guest.get()["invitations"]

    for verb in ("accept", "decline"):
        assert refusal(App().post(f"/invitations/{invitation['id']}/{verb}")) == (404, "not_found")
        assert refusal(App().post(f"/invitations/not-an-id/{verb}")) == (404, "not_found")


def test_the_head_removes_somebody(head, guest, joined):
    assert head.client.delete(f"{HOME}/members/{joined}").status_code == 204

    assert guest.get()["household"] is None
    assert refusal(head.client.delete(f"{HOME}/members/{joined}")) == (404, "not_found")
    assert HouseholdMember.objects.get(pk=joined).state == HouseholdState.REMOVED


def test_a_head_who_leaves_hands_over(head, guest, joined):
    assert head.post("/leave").json()["household"] is None

    (me,) = guest.get()["household"]["members"]
    assert me["is_head"]
    assert refusal(head.post("/leave")) == (409, "not_in_household")


def test_sharing_is_changed_any_time_by_its_member_alone(head, guest, joined):
    answer = guest.client.patch(HOME, {"shares_points": True}, format="json")

    assert [m["shares_points"] for m in answer.json()["household"]["members"]] == [False, True]
    assert refusal(guest.client.patch(HOME, {}, format="json")) == (400, "invalid_request")
    assert refusal(App().client.patch(HOME, {"shares_points": True}, format="json")) == (
        409,
        "not_in_household",
    )


@pytest.mark.parametrize("told", ["yes", "true", "on", "t", 1, 0, "", None, [], {}])
def test_nobody_shares_by_anything_but_true(head, guest, joined, told):
    answer = guest.client.patch(HOME, {"shares_points": told}, format="json")

    assert refusal(answer) == (400, "invalid_request")
    assert not any(m["shares_points"] for m in guest.get()["household"]["members"])


def test_a_household_costs_the_same_few_queries_however_large(head, django_assert_max_num_queries):
    for _ in range(5):
        guest = App()
        head.member.refresh_from_db()
        HouseholdMember.objects.create(
            household_id=head.get()["household"]["id"],
            member=guest.member,
            state=HouseholdState.ACCEPTED,
            invited_at=NOW,
            accepted_at=NOW,
        )

    with django_assert_max_num_queries(5):
        assert len(head.get()["household"]["members"]) == 6
