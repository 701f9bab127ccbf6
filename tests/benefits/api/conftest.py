"""The shop behind both surfaces: a till of the mall and a member's app."""

import itertools
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from tests.benefits.shop import Shop
from tests.factories import LONG_AGO, NOW
from tests.members.factories import token_of
from units.services.partner_keys import issue_partner_key

_keys = itertools.count(1)
SCOPES = ("vouchers:use", "vouchers:offline", "rewards:fulfil")


class Caller:
    """JSON in and out, with a key for each POST."""

    def __init__(self, surface, token):
        self.surface, self.client = surface, APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_ACCEPT_LANGUAGE="en")

    def post(self, path, body=None, *, key=None):
        headers = {"Idempotency-Key": key or f"key-{next(_keys)}"}
        return self.client.post(f"/{self.surface}/v1/{path}", body or {}, format="json", headers=headers)

    def get(self, path):
        return self.client.get(f"/{self.surface}/v1/{path}")


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def later(settings):
    def move(**passed):
        settings.LOYALTY_FAKE_NOW = (NOW + timedelta(**passed)).isoformat()

    return move


@pytest.fixture
def shop():
    return Shop()


def till_of(*units, scopes=SCOPES):
    token = issue_partner_key(name="till", units=units, scopes=scopes, by="test", at=LONG_AGO)[1]
    return Caller("partner", token)


def app_of(member):
    return Caller("api", token_of(member))


@pytest.fixture
def till(shop):
    return till_of(shop.mall)


@pytest.fixture
def app(shop):
    return app_of(shop.member)
