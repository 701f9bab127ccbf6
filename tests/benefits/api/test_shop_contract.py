"""The contract of the shop's routes: no warnings, and every message has an example that fits its schema."""

import io
from contextlib import redirect_stderr

import pytest
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

OURS = ("reward", "voucher")
FILES = ("shop_", "partner_vouchers", "partner_orders", "member_rewards")


@pytest.fixture(scope="module")
def documents():
    said = io.StringIO()
    with redirect_stderr(said):
        found = [
            SchemaGenerator(patterns=[path(f"{surface}/v1/", include(routes))]).get_schema(public=True)
            for surface, routes in (("api", "loyalty.api_member"), ("partner", "loyalty.api_partner"))
        ]
    warned = [line for line in said.getvalue().splitlines() if any(file in line for file in FILES)]
    assert warned == []
    return found


def contents(operation):
    """(schema, examples) of the request's and every answer's JSON."""
    if "requestBody" in operation:
        yield operation["requestBody"]["content"]["application/json"]
    for status, answer in operation["responses"].items():
        if status != "default":
            yield answer["content"]["application/json"]


def test_every_message_has_an_example_that_fits_its_schema(documents):
    looked_at, wrong = 0, []
    for document in documents:
        for route, operations in document["paths"].items():
            if not any(word in route for word in OURS):
                continue
            for content in (content for operation in operations.values() for content in contents(operation)):
                looked_at += 1
                schema = {**content["schema"], "components": document["components"]}
                examples = [example["value"] for example in content.get("examples", {}).values()]
                wrong += [] if examples else [(route, "no example")]
                wrong += [
                    (route, error.message)
                    for value in examples
                    for error in Draft202012Validator(schema).iter_errors(value)
                ]

    assert looked_at >= 20
    assert wrong == []
