"""Lists by key, limits, If-Match and languages through real routes."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from common.api import etag_of
from common.models import JobRun

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


def add_runs(count, *, since=0):
    """Runs of which each three share an instant."""
    JobRun.objects.bulk_create(
        JobRun(job="j", period=f"{number}", started_at=START + timedelta(hours=number // 3))
        for number in range(since, since + count)
    )


def walk(client, url, direction="next"):
    """The periods on each page from `url` on."""
    pages = []
    while url:
        page = client.get(url).json()
        pages.append([row["period"] for row in page["results"]])
        url = page[direction]
    return pages


@pytest.mark.django_db
def test_every_row_is_on_one_page_in_order(client):
    add_runs(23)

    pages = walk(client, "/api/v1/runs?page_size=4")

    assert [len(page) for page in pages] == [4, 4, 4, 4, 4, 3]
    assert [int(period) for page in pages for period in page] == sorted(
        range(23), key=lambda n: (n // 3, n), reverse=True
    )


@pytest.mark.django_db
def test_the_way_back_shows_the_same_pages(client):
    add_runs(12)
    pages = walk(client, "/api/v1/runs?page_size=4")
    second = client.get(client.get("/api/v1/runs?page_size=4").json()["next"]).json()
    third = client.get(second["next"]).json()

    back = client.get(third["previous"]).json()
    first = client.get(back["previous"]).json()

    assert [row["period"] for row in back["results"]] == pages[1]
    assert [row["period"] for row in first["results"]] == pages[0]
    assert first["previous"] is None
    assert client.get(first["next"]).json()["results"] == second["results"]


@pytest.mark.django_db
def test_rows_inserted_meanwhile_neither_repeat_nor_hide_others(client):
    add_runs(9)
    page = client.get("/api/v1/runs?page_size=3").json()

    add_runs(9, since=9)
    rest = [period for periods in walk(client, page["next"]) for period in periods]

    assert sorted([row["period"] for row in page["results"]] + rest) == [str(n) for n in range(9)]


@pytest.mark.django_db
@pytest.mark.parametrize("rows", [10, 100])
def test_a_page_is_one_query_whatever_the_list_holds(client, django_assert_num_queries, rows):
    add_runs(rows)

    with django_assert_num_queries(1):
        client.get("/api/v1/runs?page_size=5")


@pytest.mark.django_db
def test_an_empty_list_is_a_page(client):
    assert client.get("/api/v1/runs").json() == {"next": None, "previous": None, "results": []}


def cursor_of(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!!!",
        "%F0%9F%98%80",
        "AAAA",
        cursor_of([]),
        cursor_of({}),
        cursor_of({"b": 1, "v": ["2026-03-01T00:00:00Z", 1]}),
        cursor_of({"b": False, "v": []}),
        cursor_of({"b": False, "v": "ab"}),
        cursor_of({"b": False, "v": ["2026-03-01T00:00:00Z"]}),
        cursor_of({"b": False, "v": ["yesterday", 1]}),
        cursor_of({"b": False, "v": [None, 1]}),
        cursor_of({"b": False, "v": [{}, 1]}),
        cursor_of({"b": False, "v": ["2026-03-01T00:00:00Z", True]}),
        cursor_of({"b": False, "v": ["2026-03-01T00:00:00Z", 2**63]}),
        cursor_of({"b": 0}),
        cursor_of({"b": False, "v": ["2026-03-01T00:00:00Z", "1; DROP"]}),
        cursor_of({"b": False, "v": ["2026-03-01T00:00:00Z\u0000", 1]}),
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_broken_cursor_is_400(client, cursor):
    add_runs(3)

    response = client.get(f"/api/v1/runs?cursor={cursor}")

    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.django_db
@pytest.mark.parametrize("size", ["0", "201", "-1", "x", "１", "1e2", "", "99999999999999999999"])
def test_a_page_size_outside_its_bounds_is_400(client, size):
    response = client.get(f"/api/v1/runs?page_size={size}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "page_size"


@pytest.mark.django_db
def test_a_page_of_two_hundred_is_given(client):
    add_runs(201)

    assert len(client.get("/api/v1/runs?page_size=200").json()["results"]) == 200
    assert len(client.get("/api/v1/runs").json()["results"]) == 50


def test_a_stale_edit_is_412_and_a_fresh_one_passes(client):
    fresh, stale = etag_of("profile", 1), etag_of("profile", 0)

    def edit(**headers):
        return client.patch("/api/v1/profile", "{}", content_type="application/json", headers=headers)

    assert edit(**{"If-Match": stale}).json()["code"] == "precondition_failed"
    assert edit(**{"If-Match": stale}).status_code == 412
    assert edit(**{"If-Match": f"W/{fresh}"}).status_code == 412
    assert edit(**{"If-Match": f"{stale}, {fresh}"}).status_code == 200
    assert edit(**{"If-Match": "*"}).status_code == 200
    assert edit()["ETag"] == fresh


def test_an_etag_tells_its_parts_apart():
    assert etag_of("a", "bc") != etag_of("ab", "c")


def test_above_the_limit_a_caller_is_told_when_to_come_again(client, time_machine_at):
    answers = [client.get("/api/v1/limited") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[0]["RateLimit"] == '"limited";r=2;t=40'
    assert answers[0]["RateLimit-Policy"] == '"limited";q=3;w=60'
    assert answers[3]["Retry-After"] == "40"
    assert answers[3].json()["code"] == "too_many_requests"


def test_a_full_cache_that_forgets_a_count_turns_nobody_away(client, time_machine_at, monkeypatch):
    # Culled between the two calls: what the local-memory cache does to the first of 300 callers.
    monkeypatch.setattr("common.api.cache.add", lambda *_args, **_options: True)

    assert client.get("/api/v1/limited").status_code == 200


def test_the_next_minute_starts_anew_and_others_are_not_held(client, time_machine_at):
    for _ in range(4):
        client.get("/api/v1/limited")

    assert client.get("/api/v1/limited", headers={"X-Caller": "till-2"}).status_code == 200
    time_machine_at.shift(41)
    assert client.get("/api/v1/limited").status_code == 200


def test_who_did_not_sign_in_is_limited_by_address(routes, time_machine_at):
    assert Client().get("/api/v1/open").status_code == 200
    assert Client().get("/api/v1/open").status_code == 429
    assert Client(REMOTE_ADDR="10.1.1.1").get("/api/v1/open").status_code == 200


@pytest.fixture
def time_machine_at(time_machine):
    """20 seconds into a minute, standing still."""
    time_machine.move_to(START + timedelta(seconds=20), tick=False)
    return time_machine


@pytest.mark.parametrize(("asked", "given"), [("en", "en"), ("zh-hans", "zh-hans"), ("zh-CN", "zh-hans")])
def test_the_caller_chooses_the_language(client, asked, given):
    response = client.get("/api/v1/profile", headers={"Accept-Language": asked})

    assert response["Content-Language"] == given


def test_answers_are_not_cached_and_carry_an_id(client):
    response = client.get("/api/v1/limited", headers={"X-Request-ID": "till-1.000042"})

    assert response["Cache-Control"] == "no-store"
    assert response["X-Request-ID"] == "till-1.000042"
