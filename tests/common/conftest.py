"""A caller and the routes of tests/common/urlconf.py."""

import json

import pytest
from django.test import Client


@pytest.fixture
def routes(settings):
    settings.ROOT_URLCONF = "tests.common.urlconf"


@pytest.fixture
def client(routes):
    """A signed-in caller. A bug answers 500 instead of failing the test at the raise."""
    return Client(raise_request_exception=False, headers={"X-Caller": "till-1", "Accept-Language": "en"})


@pytest.fixture
def post(client):
    """Send a body (bytes as they are, anything else as JSON)."""

    def send(path, body, *, key=None, content_type="application/json", **headers):
        if key is not None:
            headers["Idempotency-Key"] = key
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(path, raw, content_type=content_type, headers=headers)

    return send
