"""The contract of the routes about parking: no warnings, and an example of every message that fits its
schema.
"""

import io
from contextlib import redirect_stderr

import pytest

from tests.points.api.test_contract import contents, contract, fits

ROUTES = [
    "/api/v1/me/vehicles",
    "/api/v1/me/parking-sessions",
    "/api/v1/me/parking-sessions/{session}/quote",
    "/api/v1/me/parking-sessions/{session}/pay",
    "/api/v1/me/parking-orders/{order}",
    "/partner/v1/parking/entries",
    "/partner/v1/parking/exits",
    "/partner/v1/parking/sessions/{id}",
    "/partner/v1/parking/payments/{provider}/notices",
]


@pytest.fixture(scope="module")
def document():
    said = io.StringIO()
    with redirect_stderr(said):
        member, partner = contract("api", "loyalty.api_member"), contract("partner", "loyalty.api_partner")
    told = [line for line in said.getvalue().splitlines() if "/parking/api/" in line]
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


def test_states_have_one_name_each_for_their_words(document):
    schemas = document["components"]["schemas"]

    assert {"ParkingSessionState", "ParkingOrderState", "PaymentState", "ParkingPartKind"} <= schemas.keys()
