"""The contract of these routes: no warnings, examples that fit their schemas, answers that fit too."""

import io
from contextlib import redirect_stderr

import pytest
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from members.services.tokens import issue_member_token
from tests.factories import LONG_AGO, NOW

MEMBER_PATHS = [
    "/api/v1/me/wallets", "/api/v1/me/wallets/{program}/lots", "/api/v1/me/postings",
    "/api/v1/exchange-rates",
]  # fmt: skip
PARTNER_PATHS = [
    "/partner/v1/members/resolve", "/partner/v1/redemption-quotes", "/partner/v1/redemptions",
    "/partner/v1/redemptions/{id}", "/partner/v1/redemptions/{id}/capture",
    "/partner/v1/redemptions/{id}/void", "/partner/v1/redemptions/{id}/reverse",
]  # fmt: skip


def contract(surface, routes):
    return SchemaGenerator(patterns=[path(f"{surface}/v1/", include(routes))]).get_schema(public=True)


@pytest.fixture(scope="module")
def document():
    said = io.StringIO()
    with redirect_stderr(said):
        member, partner = contract("api", "loyalty.api_member"), contract("partner", "loyalty.api_partner")
    assert "/points/api/" not in said.getvalue()
    return {
        "paths": {**member["paths"], **partner["paths"]},
        "components": {"schemas": {**partner["components"]["schemas"], **member["components"]["schemas"]}},
    }


def fits(document, schema, value):
    errors = Draft202012Validator({**schema, "components": document["components"]}).iter_errors(value)
    return [error.message for error in errors]


def contents(operation):
    """(schema, examples) of the request's and every answer's JSON."""
    if "requestBody" in operation:
        yield operation["requestBody"]["content"]["application/json"]
    for status, answer in operation["responses"].items():
        if status != "default":
            yield answer["content"]["application/json"]


@pytest.mark.parametrize("route", MEMBER_PATHS + PARTNER_PATHS)
def test_every_message_has_an_example_that_fits_its_schema(document, route):
    for operation in document["paths"][route].values():
        for content in contents(operation):
            examples = [example["value"] for example in content["examples"].values()]
            assert examples
            assert [fits(document, content["schema"], example) for example in examples] == [[]] * len(
                examples
            )


@pytest.mark.django_db
@pytest.mark.parametrize("route", MEMBER_PATHS)
def test_what_a_member_hears_fits_the_contract(document, story, route):
    _row, token = issue_member_token(
        member=story.member, by="test", at=LONG_AGO, lifetime=2 * (NOW - LONG_AGO)
    )
    client = APIClient(headers={"Authorization": f"Bearer {token}"})
    answer = client.get(route.format(program="MALL")).json()

    schema = document["paths"][route]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    assert answer["results"]
    assert fits(document, schema, answer) == []


@pytest.mark.django_db
def test_what_a_till_hears_fits_the_contract(document, till, order, payment):
    held = till.post("redemptions", {**payment, "points": 500, "capture": False, "source_ref": "till-2"})
    other = till.post("redemptions", {**payment, "points": 10, "capture": False, "source_ref": "till-3"})
    of, of_other = (f"redemptions/{answer.json()['id']}" for answer in (held, other))
    answers = [
        ("redemption-quotes", till.post("redemption-quotes", {**order, "points": 100})),
        ("redemptions", held),
        ("redemptions", till.post("redemptions", {**payment, "points": 100})),
        ("redemptions/{id}/capture", till.post(f"{of}/capture", {"points": 300})),
        ("redemptions/{id}/capture", till.post(f"{of}/capture", {"points": 300})),
        ("redemptions/{id}/reverse", till.post(f"{of}/reverse", {"source_ref": "back"})),
        ("redemptions/{id}/void", till.post(f"{of_other}/void", {})),
        ("redemptions/{id}", till.get(of)),
        ("redemptions/{id}", till.get(of_other)),
    ]

    for route, answer in answers:
        operation = document["paths"][f"/partner/v1/{route}"][answer.request["REQUEST_METHOD"].lower()]
        content = operation["responses"][str(answer.status_code)]["content"]["application/json"]
        assert fits(document, content["schema"], answer.json()) == []


def test_a_status_and_a_kind_have_one_name_each_for_their_words(document):
    schemas = document["components"]["schemas"]

    assert schemas["RedemptionStatus"]["enum"] == ["held", "captured", "voided", "timed_out"]
    assert schemas["MemberStatus"]["enum"] == ["active", "frozen", "closed"]
    assert {"PostingKind", "ActivityKind"} <= schemas.keys()
    assert not [name for name in schemas if name.endswith("Enum") and name.startswith(("Kind", "Status"))]
