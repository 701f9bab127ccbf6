"""Housekeeping that belongs to no app of its own: what the ground floor keeps is thrown away in time."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task

from benefits.services.grants import expire_grants
from benefits.services.usages import release_overdue
from common.clock import now
from common.idempotency import prune_idempotency_records
from common.outbox import deliver_due
from loyalty.listeners import LISTENERS
from loyalty.workflows import uploads
from loyalty.workflows.erase_member import erase_due
from members.services.exporting import forget_exports
from members.services.minding import forget_codes, mind_guardians
from points.tasks import TIME_LIMIT, once_a_day

# Longer than any caller retries; the natural keys (source references) stay for ever.
ANSWERS_KEPT = timedelta(days=8)
# Each minute's run takes up what the one before left.
TELLING_TIME_LIMIT = timedelta(minutes=5)


@shared_task(acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def prune_answers(as_of: str | None = None) -> dict[str, Any]:
    """Forget the kept answers of requests that nobody retries any more. Returns how many went."""
    return once_a_day("prune_answers", _prune, as_of)


@shared_task(acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def mind_members(as_of: str | None = None) -> dict[str, Any]:
    """Nightly. Children and their guardians, and codes of no use any more. Returns how many of each."""
    return once_a_day("mind_members", _mind, as_of)


@shared_task(acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def end_entitlements(as_of: str | None = None) -> dict[str, Any]:
    """Nightly. Book grants whose time is over and let go of holds past theirs. Returns how many of each."""
    return once_a_day("end_entitlements", _end, as_of)


@shared_task(acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def erase_members(as_of: str | None = None) -> dict[str, Any]:
    """Hourly. Erase whoever's waiting period is over. Claims nothing: the next run takes up what is left."""
    at = now() if as_of is None else datetime.fromisoformat(as_of)
    return erase_due(by="erase_members", at=at)


@shared_task(acks_late=True, time_limit=int(TELLING_TIME_LIMIT.total_seconds()))
def tell_listeners(as_of: str | None = None) -> dict[str, Any]:
    """Each minute. Hand on the events that were committed meanwhile. Returns how the deliveries ended."""
    at = now() if as_of is None else datetime.fromisoformat(as_of)
    return asdict(deliver_due(listeners=LISTENERS, at=at))


@shared_task(acks_late=True)
def work_on_uploads(as_of: str | None = None) -> dict[str, Any]:
    """Each minute, and when somebody uploads. Check and import the lists that wait. Returns how many."""
    at = now() if as_of is None else datetime.fromisoformat(as_of)
    return {"lists": uploads.work_on_uploads(at=at)}


@shared_task(acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def forget_uploads(as_of: str | None = None) -> dict[str, Any]:
    """Nightly. Drop the files of lists that nobody touched for a week. Returns how many."""
    return once_a_day("forget_uploads", _forget_uploads, as_of)


def _forget_uploads(at: datetime) -> dict[str, Any]:
    return {"files": uploads.forget_uploads(at=at)}


def _mind(at: datetime) -> dict[str, Any]:
    return {
        "children": mind_guardians(by="mind_members", at=at),
        "codes": forget_codes(at=at),
        "exports": forget_exports(at=at),
    }


def _end(at: datetime) -> dict[str, Any]:
    by = "end_entitlements"
    return {"grants": expire_grants(by=by, at=at), "holds": release_overdue(by=by, at=at)}


def _prune(at: datetime) -> dict[str, Any]:
    return {"records": prune_idempotency_records(older_than=at - ANSWERS_KEPT)}
