"""One key, one effect: in sequence, in parallel, refused, failed and pruned."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from common.idempotency import (
    JobAlreadyClaimed,
    claim_job_run,
    finish_job_run,
    prune_idempotency_records,
)
from common.models import IdempotencyRecord, JobRun

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
EFFECT = "/api/v1/effect"
ORDER = {"ref": "r-1", "points": 1}


@pytest.mark.django_db
def test_the_same_key_and_body_hears_the_first_answer(post):
    first = post(EFFECT, ORDER, key="k")
    again = [post(EFFECT, ORDER, key="k") for _ in range(49)]

    assert first.status_code == 201
    assert "Idempotency-Replayed" not in first
    assert {(answer.status_code, answer.content) for answer in again} == {(201, first.content)}
    assert {answer["Idempotency-Replayed"] for answer in again} == {"true"}
    assert {answer["Location"] for answer in again} == {first["Location"]}
    assert JobRun.objects.count() == 1


@pytest.mark.django_db
def test_the_order_of_names_in_the_body_does_not_matter(post):
    post(EFFECT, b'{"ref": "r-1", "points": 1}', key="k")

    assert post(EFFECT, b'{ "points":1, "ref":"r-1" }', key="k")["Idempotency-Replayed"] == "true"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body"), [(EFFECT, {"ref": "r-1", "points": 2}), (EFFECT + "?dry_run=1", ORDER), (EFFECT, {})]
)
def test_the_same_key_with_another_request_is_refused(post, path, body):
    post(EFFECT, ORDER, key="k")

    response = post(path, body, key="k")

    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert JobRun.objects.count() == 1


@pytest.mark.django_db
def test_keys_never_cross_callers(post):
    post(EFFECT, ORDER, key="k")

    response = post(EFFECT, ORDER, key="k", **{"X-Caller": "till-2"})

    assert response.status_code == 201
    assert "Idempotency-Replayed" not in response


@pytest.mark.django_db
def test_one_resource_is_one_route_however_its_path_is_spelled(post):
    one = "019aaaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa"
    post(f"{EFFECT}/{one}", ORDER, key="k")

    respelled = post(f"{EFFECT}/{one.replace('a', '%61')}", ORDER, key="k")
    other = post(f"{EFFECT}/{one[:-1]}b", ORDER, key="k")

    assert respelled["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in other


@pytest.mark.django_db
def test_a_hostile_path_still_fits_the_index(post):
    # Random, since PostgreSQL compresses what repeats before it measures an index entry.
    path = f"/api/v1/effect-named/{random.Random(1).randbytes(5000).hex()}"

    assert post(path, ORDER, key="k").status_code == 201
    assert post(path, ORDER, key="k")["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in post(path + "y", ORDER, key="k")


@pytest.mark.django_db
def test_a_missing_key_is_refused_before_the_effect(post):
    response = post(EFFECT, ORDER)

    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing")
    assert JobRun.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", " ", "x" * 129, "钥匙", "a\tb", "a\x7f", "a\x00b", "é"])
def test_a_malformed_key_is_refused(post, key):
    response = post(EFFECT, ORDER, key=key)

    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_malformed")


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["x", "x" * 128, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "a b~!"])
def test_every_printable_key_is_taken(post, key):
    assert post(EFFECT, ORDER, key=key).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("points", "refusal"),
    [
        (0, (400, "invalid_request")),
        (13, (409, "unlucky")),
        (14, (409, "said")),
        (15, (500, "internal_error")),
    ],
    ids=["schema", "raised", "said", "bug"],
)
def test_a_refused_or_failed_request_leaves_nothing_behind(post, points, refusal):
    refused = post(EFFECT, {"ref": "r", "points": points}, key="k")

    assert (refused.status_code, refused.json()["code"]) == refusal
    assert (IdempotencyRecord.objects.count(), JobRun.objects.count()) == (0, 0)
    assert post(EFFECT, ORDER, key="k").status_code == 201


@pytest.mark.django_db
def test_a_malformed_body_stores_nothing(post):
    assert post(EFFECT, b"{", key="k").status_code == 400
    assert post(EFFECT, ORDER, key="k").status_code == 201


@pytest.mark.django_db
def test_a_get_ignores_the_key(client):
    first = client.get(EFFECT, headers={"Idempotency-Key": "k"})

    assert first.status_code == 200
    assert IdempotencyRecord.objects.count() == 0


@pytest.mark.django_db
def test_a_replay_is_one_query(post, django_assert_num_queries):
    post(EFFECT, ORDER, key="k")

    with django_assert_num_queries(1):
        post(EFFECT, ORDER, key="k")


def in_parallel(count, call):
    """Run `call(number)` in `count` threads that start together; each closes its connection."""
    together = threading.Barrier(count)

    def run(number):
        together.wait()
        try:
            return call(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_make_one_effect_and_hear_one_answer(routes):
    def send(_number):
        return Client(headers={"X-Caller": "till-1"}).post(
            EFFECT, ORDER, content_type="application/json", headers={"Idempotency-Key": "k"}
        )

    answers = in_parallel(50, send)

    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert sum("Idempotency-Replayed" not in answer for answer in answers) == 1
    assert JobRun.objects.count() == 1


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_while_the_first_still_runs_the_second_is_told_to_wait(routes):
    """The first holds its claim for longer than the second's lock_timeout."""
    claimed, told = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            IdempotencyRecord.objects.create(
                caller="Caller:till-1", route="POST api/v1/effect", key="k", body_hash=b"x", created_at=AT
            )
            claimed.set()
            told.wait(20)

    def send(number):
        if number == 0:
            return hold()
        claimed.wait(20)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        answer = Client(headers={"X-Caller": "till-1"}).post(
            EFFECT, ORDER, content_type="application/json", headers={"Idempotency-Key": "k"}
        )
        told.set()
        return answer

    _, second = in_parallel(2, send)

    assert (second.status_code, second.json()["code"]) == (409, "idempotency_key_in_use")
    assert second["Retry-After"] == "1"
    assert JobRun.objects.count() == 0


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_when_the_first_fails_the_waiting_second_runs(routes):
    """The claim's rollback lets the twin by: the key is not burnt."""
    claimed, twin = threading.Event(), threading.Event()

    def hold_then_roll_back():
        with transaction.atomic():
            IdempotencyRecord.objects.create(
                caller="Caller:till-1", route="POST api/v1/effect", key="k", body_hash=b"x", created_at=AT
            )
            claimed.set()
            twin.wait(5)
            transaction.set_rollback(True)

    def send(number):
        if number == 0:
            return hold_then_roll_back()
        claimed.wait(5)
        threading.Timer(0.3, twin.set).start()
        return Client(headers={"X-Caller": "till-1"}).post(
            EFFECT, ORDER, content_type="application/json", headers={"Idempotency-Key": "k"}
        )

    _, answer = in_parallel(2, send)

    assert answer.status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_is_retried_with_a_whole_new_transaction(routes, monkeypatch):
    from tests.common import urlconf

    calls = []

    def post_with_deadlock(view, request, pk=None):
        calls.append(1)
        JobRun.objects.create(job="d", period=str(len(calls)), started_at=AT)
        if len(calls) < 3:
            urlconf.RAISERS["deadlock"]()
        return urlconf.Response({}, status=201)

    monkeypatch.setattr(urlconf.Effect, "post", post_with_deadlock)

    answer = Client(headers={"X-Caller": "t"}).post(
        EFFECT, ORDER, content_type="application/json", headers={"Idempotency-Key": "k"}
    )

    assert answer.status_code == 201
    assert list(JobRun.objects.values_list("period", flat=True)) == ["3"]


def keep(key, *, days_old):
    now = datetime.now(UTC)
    return IdempotencyRecord.objects.create(
        caller="c",
        route="r",
        key=key,
        body_hash=b"x",
        status=201,
        response=b"",
        created_at=now - timedelta(days=days_old),
    )


@pytest.mark.django_db
def test_old_answers_are_forgotten_and_the_last_seven_days_never():
    for days in range(1, 13):
        keep(f"{days}", days_old=days + 0.01)

    gone = prune_idempotency_records(older_than=datetime.now(UTC), rows_max=2)

    assert gone == 6
    assert set(IdempotencyRecord.objects.values_list("key", flat=True)) == set("123456")


@pytest.mark.django_db
def test_two_beats_run_a_job_once():
    claim_job_run(job="expire", period="2026-03-01", at=AT)

    with pytest.raises(JobAlreadyClaimed):
        claim_job_run(job="expire", period="2026-03-01", at=AT + timedelta(seconds=1))


@pytest.mark.django_db
def test_a_run_whose_worker_was_killed_is_taken_over_and_a_finished_one_never():
    killed = claim_job_run(job="expire", period="2026-03-01", at=AT)

    taken = claim_job_run(job="expire", period="2026-03-01", at=AT + timedelta(hours=4))
    finish_job_run(run=taken, outcome={"points": 5}, at=AT + timedelta(hours=5))

    assert taken.pk == killed.pk
    with pytest.raises(JobAlreadyClaimed):
        claim_job_run(job="expire", period="2026-03-01", at=AT + timedelta(days=9))


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_ten_beats_at_once_run_a_job_once():
    def claim(_number):
        try:
            return claim_job_run(job="expire", period="2026-03-01", at=AT)
        except JobAlreadyClaimed:
            return None

    runs = in_parallel(10, claim)

    assert sum(run is not None for run in runs) == 1
