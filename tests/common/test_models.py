"""What the database itself refuses in the tables of common."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError

from common.models import IdempotencyRecord, JobRun

AT = datetime(2026, 3, 1, tzinfo=UTC)


def keep(**changes):
    fields = {"caller": "c", "route": "r", "key": "k", "body_hash": b"x", "created_at": AT}
    return IdempotencyRecord.objects.create(**{**fields, **changes})


@pytest.mark.django_db
def test_a_key_is_claimed_once_for_a_caller_and_route():
    keep()
    keep(caller="other")
    keep(route="other")

    with pytest.raises(IntegrityError, match="idempotency_once"):
        keep()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "answer",
    [
        {"status": 409, "response": b""},
        {"status": 500, "response": b""},
        {"status": 201},
        {"response": b"{}"},
    ],
)
def test_only_whole_successes_are_kept(answer):
    with pytest.raises(IntegrityError, match="idempotency_keeps_successes"):
        keep(**answer)


@pytest.mark.django_db
def test_a_key_has_at_most_128_characters():
    keep(key="x" * 128)

    with pytest.raises(IntegrityError, match="idempotency_key_length"):
        keep(key="x" * 129)


@pytest.mark.django_db
def test_a_period_of_a_job_is_claimed_once():
    JobRun.objects.create(job="j", period="p", started_at=AT)

    with pytest.raises(IntegrityError, match="job_run_once"):
        JobRun.objects.create(job="j", period="p", started_at=AT)


@pytest.mark.django_db
def test_a_run_cannot_end_before_it_started():
    with pytest.raises(IntegrityError, match="job_run_ends_after_start"):
        JobRun.objects.create(job="j", period="p", started_at=AT, finished_at=AT - timedelta(seconds=1))
