"""One key, one effect: the answer to a request is written in the transaction of its effect. See ADR 0003."""

import hashlib
import json
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import DomainError, sqlstate
from common.models import IdempotencyRecord, JobRun
from common.sql import LOST_RACES, rows

KEY = re.compile(r"[\x20-\x7e]{1,128}")
KEPT_HEADERS = ("Location", "ETag")
ATTEMPTS_MAX = 3
# The key in a run's outcome that says it failed.
FAILED = "failed"
# A longer route text (a hostile id in the path) would not fit a B-tree entry: it is kept by its digest.
ROUTE_CHARACTERS_MAX = 300

_CLAIM = """
INSERT INTO common_idempotencyrecord (caller, route, key, body_hash, headers, created_at)
VALUES (%(caller)s, %(route)s, %(key)s, %(hash)s, '{}', %(at)s)
ON CONFLICT ON CONSTRAINT idempotency_once DO NOTHING
RETURNING id
"""
_ANSWER = """
SELECT body_hash, status, response, headers::text FROM common_idempotencyrecord
WHERE caller = %(caller)s AND route = %(route)s AND key = %(key)s
"""


class KeyMissing(DomainError):
    """No Idempotency-Key header on a route that needs one."""

    code = "idempotency_key_missing"
    status = 400
    title = _("This request needs an Idempotency-Key header.")


class KeyMalformed(DomainError):
    """The key is not 1 to 128 printable ASCII characters."""

    code = "idempotency_key_malformed"
    status = 400
    title = _("An Idempotency-Key is 1 to 128 printable ASCII characters.")


class KeyReused(DomainError):
    """The key was used for another request."""

    code = "idempotency_key_reused"
    status = 422
    title = _("This Idempotency-Key was used for a different request.")


class KeyInUse(DomainError):
    """The first request with this key is still running."""

    code = "idempotency_key_in_use"
    status = 409
    title = _("The first request with this Idempotency-Key is still running.")
    retry_after = 1


class JobAlreadyClaimed(DomainError):
    """Another run has, or had, this period of this job."""

    code = "job_already_claimed"
    title = _("This job has already run, or is running, for this period.")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks what, under which key."""

    caller: str
    route: str
    key: str
    body_hash: bytes


class _AnsweredElsewhereError(Exception):
    """Another transaction committed the same claim first."""


class _RefusedError(Exception):
    """The handler answered with a refusal: roll back whatever it did, keep nothing."""

    def __init__(self, response: HttpResponseBase) -> None:
        super().__init__()
        self.response = response


def answer_once(
    request: Request, *, caller: str, at: datetime, handler: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Run `handler` once for this caller, route and key, and give every retry the same answer.

    The claim, the effect and the stored answer are one transaction: either all are there or none. Only
    successes are kept; a refusal (4xx) or a failure (5xx) leaves no trace, so the same key may try again.
    A lost race (deadlock, serialization failure, a unique reference taken first) is retried here, since it
    undoes the whole transaction.

    :raises KeyMissing, KeyMalformed: no usable header
    :raises KeyReused: the key belongs to another body, query or path
    :raises KeyInUse: the first request is still running after the session's lock_timeout
    """
    claim = claim_of(request, caller=caller)
    kept = _stored_answer(claim)
    if kept is not None:
        return kept
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return _first_answer(claim, at=at, handler=handler)
        except _RefusedError as refusal:
            return refusal.response
        except _AnsweredElsewhereError:
            kept = _stored_answer(claim)
            if kept is not None:
                return kept
        except (OperationalError, IntegrityError) as error:
            # A reference that another transaction took first is found, not taken, the second time.
            undone = sqlstate(error) in LOST_RACES
            if not undone or attempt == ATTEMPTS_MAX or connection.in_atomic_block:
                raise
            time.sleep(random.uniform(0.005, 0.05) * attempt)  # noqa: S311 -- jitter, not a secret
    raise KeyInUse


def claim_of(request: Request, *, caller: str) -> Claim:
    """What `request` claims. Parses the body: a malformed one is refused before anything is stored."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        raise KeyMissing
    if not KEY.fullmatch(key) or not key.strip():
        raise KeyMalformed
    # Of the parsed body: a client may write its JSON in another order the second time.
    said = json.dumps([request.data, sorted(request.query_params.lists())], sort_keys=True, default=str)
    digest = hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()
    return Claim(caller=caller, route=_route_of(request), key=key, body_hash=digest)


def prune_idempotency_records(*, older_than: datetime, rows_max: int = 10_000) -> int:
    """Forget answers made before `older_than`, never one of the last 7 days by the database's clock.

    Returns how many went. In bounded chunks, each its own transaction; safe to run twice or in parallel.
    """
    gone: int = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                DELETE FROM common_idempotencyrecord WHERE id IN (
                    SELECT id FROM common_idempotencyrecord
                    WHERE created_at < LEAST(%s, now() - interval '7 days')
                    LIMIT %s FOR UPDATE SKIP LOCKED)
                """,
                [older_than, rows_max],
            )
            gone += cursor.rowcount
            if cursor.rowcount < rows_max:
                return gone


def claim_job_run(
    *, job: str, period: str, at: datetime, stale_after: timedelta = timedelta(hours=3)
) -> JobRun:
    """Take one period of a periodic job for this process: two beats fire twice, the second is refused.

    A run that failed may be taken up again; so may one without an end for `stale_after` (it was killed).

    :raises JobAlreadyClaimed: the period is done or being done
    """
    run, created = JobRun.objects.get_or_create(job=job, period=period, defaults={"started_at": at})
    if created:
        return run
    # One statement decides: of two who come for it, the second finds the row as the first has left it.
    killed = Q(finished_at__isnull=True, started_at__lt=at - stale_after)
    if not JobRun.objects.filter(Q(outcome__has_key=FAILED) | killed, pk=run.pk).update(
        started_at=at, finished_at=None, outcome=None
    ):
        raise JobAlreadyClaimed(job=job, period=period)
    run.refresh_from_db()
    return run


def run_job_once(
    *,
    job: str,
    period: str,
    at: datetime,
    work: Callable[[], Mapping[str, Any]],
    stale_after: timedelta = timedelta(hours=3),
) -> JobRun:
    """Claim a period, do its `work`, record what it did. A failure is recorded, too, and frees the period.

    :raises JobAlreadyClaimed: the period is done or being done
    """
    run = claim_job_run(job=job, period=period, at=at, stale_after=stale_after)
    started = time.monotonic()
    try:
        outcome = work()
    except BaseException as failure:
        # Only the kind of failure: its words may quote what it failed on.
        outcome = {FAILED: type(failure).__name__}
        finish_job_run(run=run, outcome=outcome, at=at + timedelta(seconds=time.monotonic() - started))
        raise
    return finish_job_run(run=run, outcome=outcome, at=at + timedelta(seconds=time.monotonic() - started))


def finish_job_run(*, run: JobRun, outcome: Mapping[str, Any], at: datetime) -> JobRun:
    """Record what a claimed run did. One that was taken over meanwhile has nothing to say any more."""
    run.finished_at = max(at, run.started_at)
    run.outcome = dict(outcome)
    JobRun.objects.filter(pk=run.pk, started_at=run.started_at).update(
        finished_at=run.finished_at, outcome=run.outcome
    )
    return run


def _first_answer(claim: Claim, *, at: datetime, handler: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    with transaction.atomic():
        record_id = _insert(claim, at=at)
        response = handler()
        if response.status_code >= 300:
            raise _RefusedError(response)
        IdempotencyRecord.objects.filter(pk=record_id).update(
            status=response.status_code,
            response=_bytes_of(response),
            headers={name: response[name] for name in KEPT_HEADERS if name in response},
        )
    return response


def _insert(claim: Claim, *, at: datetime) -> int:
    """The claim's row. Waits for a twin that is running: its commit answers, its rollback lets us by."""
    told = {"caller": claim.caller, "route": claim.route, "key": claim.key, "hash": claim.body_hash, "at": at}
    try:
        claimed = rows(_CLAIM, told)
    except OperationalError as error:
        if sqlstate(error) != "55P03":
            raise
        raise KeyInUse from error
    if not claimed:
        raise _AnsweredElsewhereError
    ((record_id,),) = claimed
    return int(record_id)


def _stored_answer(claim: Claim) -> HttpResponse | None:
    """The answer kept under this key, or None where there is none yet.

    :raises KeyReused: it answers another request
    """
    found = rows(_ANSWER, {"caller": claim.caller, "route": claim.route, "key": claim.key})
    if not found:
        return None
    ((body_hash, status, content, headers),) = found
    if bytes(body_hash) != claim.body_hash:
        raise KeyReused
    assert status is not None, "a claim is committed with its answer"
    assert content is not None, "a claim is committed with its answer"
    response = HttpResponse(
        bytes(content), status=status, content_type="application/json", headers=json.loads(headers)
    )
    response["Idempotency-Replayed"] = "true"
    return response


def _bytes_of(response: HttpResponseBase) -> bytes:
    if isinstance(response, Response):
        return b"" if response.data is None else bytes(JSONRenderer().render(response.data))
    assert isinstance(response, HttpResponse), "a streamed answer cannot be kept"
    return response.content


def _route_of(request: Request) -> str:
    """Method, route and the converted ids in it: one resource, one text, however its path was spelled."""
    match = request.resolver_match
    path = match.route if match is not None else request.path
    ids = sorted(match.kwargs.items()) if match is not None else []
    route = " ".join([str(request.method), path, *(f"{name}={value}" for name, value in ids)])
    if len(route) > ROUTE_CHARACTERS_MAX:
        return f"{route[:200]}#{hashlib.sha256(route.encode()).hexdigest()}"
    return route
