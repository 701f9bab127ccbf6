"""Every refusal is a problem document with a stable code; a bug shows nothing of its inside."""

import json
import logging
import os
from pathlib import Path

import jsonschema
import pytest
from django.db import OperationalError
from django.test import Client

from common.errors import PROBLEM_JSON, DomainError, request_id

SHARED = Path(os.environ.get("LOYALTY_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
PROBLEM_SCHEMA = SHARED / "cases" / "rfc9457_problem.schema.json"

TROUBLES = {
    "domain": (409, "conflict"),
    "field": (400, "invalid_request"),
    "unavailable": (503, "unavailable"),
    "absent": (404, "not_found"),
    "forbidden": (403, "forbidden"),
    "model": (400, "invalid_request"),
    "bug": (500, "internal_error"),
    "value": (400, "invalid_request"),
    "index": (400, "invalid_request"),
    "constraint": (409, "conflict"),
    "timeout": (503, "unavailable"),
    "deadlock": (503, "unavailable"),
    "lock": (503, "unavailable"),
    "disk": (503, "unavailable"),
    "syntax": (500, "internal_error"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_trouble_has_its_status_and_code(client, trouble):
    response = client.get(f"/api/v1/raises/{trouble}")

    body = response.json()
    assert (response.status_code, body["code"]) == TROUBLES[trouble]
    assert response["Content-Type"] == PROBLEM_JSON
    assert body["status"] == response.status_code
    assert body["type"] == f"/problems/{body['code']}"
    assert body["instance"] == f"/api/v1/raises/{trouble}"
    assert "inside" not in response.content.decode()
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_problem_fits_the_published_schema(client, trouble):
    if not PROBLEM_SCHEMA.exists():
        pytest.skip(f"{PROBLEM_SCHEMA} is not on this machine (LOYALTY_SHARED_DATA)")

    body = client.get(f"/api/v1/raises/{trouble}").json()

    jsonschema.validate(body, json.loads(PROBLEM_SCHEMA.read_text()))


def test_a_refusal_carries_its_words_and_its_numbers(client):
    body = client.get("/api/v1/raises/domain").json()

    assert body["detail"] == "Nothing left"
    assert (body["needed"], body["spendable"]) == (500, 320)


def test_a_refusal_may_name_its_field(client):
    body = client.get("/api/v1/raises/field").json()

    assert body["errors"] == [{"field": "items.2.at", "code": "invalid_request", "detail": "Too late"}]


def test_a_refusal_cannot_overwrite_the_members_of_a_problem():
    with pytest.raises(AssertionError):
        DomainError(status=200)


def test_a_models_validation_names_each_field(client):
    body = client.get("/api/v1/raises/model").json()

    assert [(error["field"], error["detail"]) for error in body["errors"]] == [
        ("name", "too long"),
        ("name", "too odd"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(("trouble", "seconds"), [("unavailable", "7"), ("lock", "1"), ("disk", "30")])
def test_what_is_not_available_says_when_to_come_again(client, trouble, seconds):
    assert client.get(f"/api/v1/raises/{trouble}")["Retry-After"] == seconds


def test_a_lost_database_is_503(client, monkeypatch):
    def gone():
        raise OperationalError("connection to server at 10.0.0.1 failed")

    monkeypatch.setitem(__import__("tests.common.urlconf", fromlist=["x"]).RAISERS, "fine", gone)

    response = client.get("/api/v1/raises/fine")

    assert response.status_code == 503
    assert "10.0.0.1" not in response.content.decode()
    assert response["Retry-After"] == "5"


def test_a_bug_is_logged_with_its_traceback_under_the_answers_id(client, caplog):
    with caplog.at_level(logging.ERROR, logger="common.errors"):
        response = client.get("/api/v1/raises/bug")

    record = next(record for record in caplog.records if record.name == "common.errors")
    assert response.json()["request_id"] == response["X-Request-ID"]
    assert response["X-Request-ID"] in record.getMessage()
    assert "secret-inside" in str(record.exc_info[1])


def test_a_bug_reaches_the_test_that_caused_it(routes):
    with pytest.raises(RuntimeError, match="secret-inside"):
        Client(headers={"X-Caller": "x"}).get("/api/v1/raises/bug")


@pytest.mark.django_db
def test_personal_data_of_a_broken_constraint_is_not_logged(client, caplog):
    client.get("/api/v1/raises/constraint")

    assert "job_run_once" in caplog.text
    assert "Key (job" not in caplog.text


def test_a_tame_request_id_is_kept_and_a_wild_one_replaced(rf):
    assert request_id(rf.get("/", headers={"X-Request-ID": "abc-12345"})) == "abc-12345"
    assert request_id(rf.get("/", headers={"X-Request-ID": "a\nb <script>"})) != "a\nb <script>"


def test_who_is_nobody_is_asked_to_sign_in(routes):
    response = Client().get("/api/v1/runs")

    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"
    assert response["WWW-Authenticate"] == "Caller"


def test_a_failed_sign_in_keeps_its_own_code(client):
    response = client.get("/api/v1/runs", headers={"X-Caller": "revoked"})

    assert (response.status_code, response.json()["code"]) == (401, "key_revoked")


@pytest.mark.parametrize(
    ("request_line", "accept", "refusal"),
    [
        ("DELETE /api/v1/echo", "*/*", (405, "method_not_allowed")),
        ("TRACE /api/v1/echo", "*/*", (405, "method_not_allowed")),
        ("GET /api/v1/effect", "text/xml", (406, "not_acceptable")),
        ("GET /api/v1/none", "*/*", (404, "not_found")),
        ("POST /partner/none", "*/*", (404, "not_found")),
        ("GET /api/v1/raises/fine?name=%00", "*/*", (400, "invalid_request")),
        ("GET /api/v1/raises/fi%00ne", "*/*", (400, "invalid_request")),
    ],
)
def test_the_frameworks_refusals_are_problems_too(client, request_line, accept, refusal):
    response = client.generic(*request_line.split(), headers={"Accept": accept})

    assert (response.status_code, response.json()["code"]) == refusal
    assert response["Content-Type"] == PROBLEM_JSON


def test_a_title_has_no_gaps_left_to_fill(client):
    body = client.generic("DELETE", "/api/v1/echo", headers={"Accept-Language": "en"}).json()

    assert body["title"] == 'Method "DELETE" not allowed.'


def test_a_bug_outside_the_views_is_a_problem_under_the_surfaces_only(client):
    under = client.get("/api/plain/bug")
    outside = client.get("/plain/bug")

    assert (under.status_code, under["Content-Type"]) == (500, PROBLEM_JSON)
    assert (outside.status_code, outside["Content-Type"]) == (500, "text/html; charset=utf-8")


def test_a_missing_page_elsewhere_stays_a_page(client):
    assert client.get("/nowhere")["Content-Type"].startswith("text/html")
