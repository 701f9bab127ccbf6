"""The worked example behind both surfaces: 600 mall and 500 hotel points at 1 hotel = 2 mall."""

import itertools
from dataclasses import dataclass
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from members.models import Member
from points.models import Program
from tests.factories import LONG_AGO, NOW, give, make_member, make_program, make_rate, make_unit
from units.models import BusinessUnit
from units.services.partner_keys import issue_partner_key

_keys = itertools.count(1)


@dataclass
class Story:
    member: Member
    mall: BusinessUnit
    hotel: BusinessUnit
    mall_program: Program
    hotel_program: Program


@pytest.fixture(autouse=True)
def noon(settings):
    """The doors' clock stands at NOW (and runs on from there)."""
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def story():
    mall, hotel = make_unit("MALL"), make_unit("HOTEL", "hotel")
    mall_program, hotel_program = make_program("MALL", owner=mall), make_program("HOTEL", owner=hotel)
    make_rate(hotel_program, mall_program, 2)
    member = make_member()
    give(member, mall_program, 600, source_ref="r1")
    give(member, hotel_program, 500, source_ref="r2", rule="12 v3")
    return Story(member, mall, hotel, mall_program, hotel_program)


class Till:
    """A partner system: a key, and JSON in and out."""

    def __init__(self, units, scopes=("points:quote", "points:redeem")):
        self.key, token = issue_partner_key(name="till", units=units, scopes=scopes, by="test", at=LONG_AGO)
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_ACCEPT_LANGUAGE="en")

    def post(self, path, body, *, key=None):
        headers = {"Idempotency-Key": key or f"key-{next(_keys)}"}
        return self.client.post(f"/partner/v1/{path}", body, format="json", headers=headers)

    def get(self, path):
        return self.client.get(f"/partner/v1/{path}")


@pytest.fixture
def till(story):
    return Till([story.mall])


@pytest.fixture
def order(story):
    """1,000 mall points at the mall, by the member."""
    return {"member": {"id": str(story.member.pk)}, "program": "MALL", "points": 1000}


@pytest.fixture
def payment(order):
    """The same, to be paid."""
    return {**order, "source_ref": "till-1", "capture": True}


@pytest.fixture
def sale(payment):
    """1,000 mall points to be held."""
    return {**payment, "capture": False}


@pytest.fixture
def held(till, sale):
    """The receipt of the hold."""
    response = till.post("redemptions", sale)
    assert response.status_code == 201, response.content
    return response.json()


@pytest.fixture
def later(settings):
    """Move the doors' clock to so long after NOW."""

    def move(**passed):
        settings.LOYALTY_FAKE_NOW = (NOW + timedelta(**passed)).isoformat()

    return move


def act(till, receipt, verb, body=None, **options):
    return till.post(f"redemptions/{receipt['id']}/{verb}", body or {}, **options)


def look(till, receipt):
    return till.get(f"redemptions/{receipt['id']}").json()
