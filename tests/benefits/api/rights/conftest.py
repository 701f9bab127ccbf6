"""A mall whose three free hours a day are honoured at the hotel, and whoever calls."""

import itertools
from dataclasses import dataclass
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from benefits.models import Benefit
from members.models import Member
from tests.benefits.factories import make_benefit, make_rule
from tests.factories import LONG_AGO, NOW, make_outlet, make_unit
from tests.members.factories import numbered_member, token_of
from units.models import BusinessUnit, Outlet
from units.services.partner_keys import issue_partner_key

_keys = itertools.count(1)


@dataclass
class Scene:
    member: Member
    mall: BusinessUnit
    hotel: BusinessUnit
    desk: Outlet
    parking: Benefit


@pytest.fixture(autouse=True)
def noon(settings):
    """The doors' clock stands at NOW (and runs on from there)."""
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def later(settings):
    """Move the doors' clock to so long after NOW."""

    def move(**passed):
        settings.LOYALTY_FAKE_NOW = (NOW + timedelta(**passed)).isoformat()

    return move


@pytest.fixture
def scene():
    mall, hotel = make_unit("MALL"), make_unit("HOTEL", "hotel")
    desk = make_outlet(hotel, "LAKE-DESK")
    parking = make_benefit(
        provider=mall, places=[mall, hotel], code="FREE-PARKING", name_en="Free parking", name_zh="免费停车"
    )
    make_rule(parking, 180, code="PARK-ALL")
    return Scene(numbered_member(name="王小明"), mall, hotel, desk, parking)


class Caller:
    """JSON in and out."""

    def __init__(self, surface, token):
        self.surface = surface
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def post(self, path, body=None, *, key=None):
        headers = {"Idempotency-Key": key or f"key-{next(_keys)}", "Accept-Language": "en"}
        return self.client.post(f"{self.surface}/v1/{path}", body or {}, format="json", headers=headers)

    def get(self, path, language="en"):
        return self.client.get(f"{self.surface}/v1/{path}", headers={"Accept-Language": language})


def till(*units, scopes=("entitlements:use",)):
    _key, token = issue_partner_key(name="till", units=units, scopes=scopes, by="test", at=LONG_AGO)
    return Caller("/partner", token)


@pytest.fixture
def phone(scene):
    """The member's own."""
    return Caller("/api", token_of(scene.member))


@pytest.fixture
def hotel_till(scene):
    return till(scene.hotel)


@pytest.fixture
def mall_till(scene):
    return till(scene.mall)


@pytest.fixture
def right(phone):
    """The id of the member's only entitlement."""
    (found,) = phone.get("me/entitlements").json()["results"]
    return found["id"]
