"""Two OpenAPI 3.1 documents that say what the shared machinery does, and readers that need no network."""

import re

import pytest
import yaml
from django.contrib.staticfiles import finders
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.plumbing import normalize_result_object
from drf_spectacular.validation import validate_schema

from tests.common import urlconf

SURFACES = [("/api", "/partner/v1"), ("/partner", "/api/v1")]


@pytest.mark.parametrize(("surface", "other"), SURFACES)
def test_each_surface_has_its_own_document(client, surface, other):
    response = client.get(f"{surface}/schema/")

    document = response.json()
    assert response.status_code == 200
    assert document["openapi"].startswith("3.1")
    validate_schema(document)
    assert all(path.startswith(f"{surface}/v1/") for path in document["paths"])
    assert not any(path.startswith(other) for path in document["paths"])


def test_the_two_documents_have_their_own_titles(client):
    titles = {client.get(f"{surface}/schema/").json()["info"]["title"] for surface, _ in SURFACES}

    assert len(titles) == 2


def test_a_document_comes_as_yaml_too(client):
    response = client.get("/api/schema/", headers={"Accept": "application/yaml"})

    assert yaml.safe_load(response.content) == client.get("/api/schema/").json()


@pytest.mark.parametrize("surface", ["/api", "/partner"])
@pytest.mark.parametrize("reader", ["docs", "redoc"])
def test_a_reader_loads_only_what_this_site_serves(client, surface, reader):
    page = client.get(f"{surface}/{reader}/").content.decode()

    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", page)
    assert f"{surface}/schema/" in page
    assets = re.findall(r"(?:src|href)=[\"']/static/([^\"']+)", page)
    assert assets
    assert all(finders.find(asset) for asset in assets)


@pytest.mark.parametrize("surface", ["/api", "/partner"])
def test_redocs_script_may_not_fetch_its_logo_from_a_foreign_host(client, surface):
    page = client.get(f"{surface}/redoc/").content.decode()

    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert "img-src 'self' data:;" in policy[1]
    assert "connect-src 'self'" in policy[1]


@pytest.fixture(scope="module")
def document():
    """What the test routes on ApiView look like."""
    generator = SchemaGenerator(patterns=urlconf.urlpatterns)
    return generator.get_schema(request=None, public=True)


def test_a_post_that_needs_a_key_says_so(document):
    parameters = {p["name"]: p for p in document["paths"]["/api/v1/effect"]["post"]["parameters"]}

    assert parameters["Idempotency-Key"]["in"] == "header"
    assert parameters["Idempotency-Key"]["required"]
    assert parameters["Idempotency-Key"]["schema"]["maxLength"] == 128
    assert "parameters" not in document["paths"]["/api/v1/effect"]["get"]
    assert "parameters" not in document["paths"]["/api/v1/echo"]["post"]


def test_every_operation_may_answer_a_problem(document):
    for operations in document["paths"].values():
        for operation in operations.values():
            content = operation["responses"]["default"]["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert document["components"]["schemas"]["Problem"]["required"] == ["type", "title", "status", "code"]


def test_what_the_shared_machinery_adds_is_valid_openapi(document):
    assert document["paths"]
    validate_schema(normalize_result_object(document))  # raises where it is not


def test_our_fields_are_told_with_their_bounds(document):
    order = document["components"]["schemas"]["OrderRequest"]["properties"]

    assert order["points"] == {"type": "integer", "format": "int64", "minimum": 1, "maximum": 10**9}
    assert order["ref"] == {"type": "string", "minLength": 1, "maxLength": 128}
    assert order["at"] == {"type": "string", "format": "date-time"}
    assert "Money" in order["price"]["$ref"]
    assert "number" not in order


def test_a_list_is_told_as_pages(document):
    operation = document["paths"]["/api/v1/runs"]["get"]
    page = operation["responses"]["200"]["content"]["application/json"]["schema"]
    shape = document["components"]["schemas"][page["$ref"].rpartition("/")[2]]

    assert set(shape["properties"]) == {"next", "previous", "results"}
    assert {p["name"] for p in operation["parameters"]} == {"cursor", "page_size"}


def test_what_a_strict_message_does_not_list_is_forbidden_in_the_contract(document):
    assert document["components"]["schemas"]["OrderRequest"]["additionalProperties"] is False
    assert "additionalProperties" not in document["components"]["schemas"]["Receipt"]


def test_a_problem_type_points_at_its_meaning(client):
    told = client.get("/problems/idempotency_key_reused").json()

    assert (told["code"], told["status"]) == ("idempotency_key_reused", 422)
    assert told["meaning"]
    codes = {problem["code"] for problem in client.get("/problems/").json()["problems"]}
    assert {"conflict", "invalid_request", "not_found", "invalid_cursor", "malformed_body"} <= codes
    assert client.get("/problems/none").status_code == 404
