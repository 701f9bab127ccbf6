"""The contract of these routes: no warnings, and an example of every message that fits its schema."""

import io
from contextlib import redirect_stderr

import pytest

from tests.points.api.test_contract import contents, contract, fits

ROUTES = [
    "/api/v1/me/activities",
    "/api/v1/me/activities/claims",
    "/partner/v1/activities",
    "/partner/v1/activities/batch",
    "/partner/v1/activities/{ref}/refund",
    "/partner/v1/daily-totals",
]


@pytest.fixture(scope="module")
def document():
    said = io.StringIO()
    with redirect_stderr(said):
        member, partner = contract("api", "loyalty.api_member"), contract("partner", "loyalty.api_partner")
    told = [line for line in said.getvalue().splitlines() if "/activities/api/" in line or "enum" in line]
    assert not told, told
    return {
        "paths": {**member["paths"], **partner["paths"]},
        "components": {"schemas": {**partner["components"]["schemas"], **member["components"]["schemas"]}},
    }


@pytest.mark.parametrize("route", ROUTES)
def test_every_message_has_an_example_that_fits_its_schema(document, route):
    for operation in document["paths"][route].values():
        for content in contents(operation):
            examples = [example["value"] for example in content.get("examples", {}).values()]
            assert examples, (route, operation["operationId"])
            for example in examples:
                assert fits(document, content["schema"], example) == []
