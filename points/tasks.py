"""Beat's door to the ledger: read the clock, claim the day, call one service.

A nightly task runs once for a local day, however many beats fire and workers listen. With `as_of` (an
instant, given by `manage.py run_job`) it runs for that instant, at once and without a claim. `time_out_holds`
claims nothing: it runs each minute, and any number of runs at once end each hold once.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.utils.timezone import localdate

from common.clock import now
from common.idempotency import JobAlreadyClaimed, run_job_once
from points.selectors.audit import audit
from points.services import holds, partitions
from points.services.expiry import expire_due_lots
from points.services.sealing import seal_days

logger = logging.getLogger(__name__)

TIME_LIMIT = timedelta(minutes=45)
# After its time limit a worker has ended the task: a run without an end is then a killed one.
STALE_AFTER = TIME_LIMIT + timedelta(minutes=5)
# Beyond it the next minutes' runs go on: what a killed run had ended stays ended.
HOLDS_TIME_LIMIT = timedelta(minutes=5)
NAMED_MAX = 20


@shared_task(acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def expire_points(as_of: str | None = None) -> dict[str, Any]:
    """Turn points past their last day into breakage. Returns the lots and points booked."""
    return once_a_day("expire_points", _expire, as_of)


@shared_task(acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def audit_ledger(as_of: str | None = None) -> dict[str, Any]:
    """Re-prove the ledger as it stands. A disagreement is logged as CRITICAL and is the run's outcome."""
    return once_a_day("audit_ledger", _audit, as_of)


@shared_task(acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def seal_ledger(as_of: str | None = None) -> dict[str, Any]:
    """Seal the days that are over. A day whose last transactions still run is left to the next firing."""
    return once_a_day("seal_ledger", _seal, as_of)


@shared_task(acks_late=True, time_limit=int(HOLDS_TIME_LIMIT.total_seconds()))
def time_out_holds(as_of: str | None = None) -> dict[str, Any]:
    """Let go of what is held for sales that nobody finished. Returns how many holds."""
    at = now() if as_of is None else datetime.fromisoformat(as_of)
    return {"holds": holds.time_out_holds(at=at)}


@shared_task(acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def make_coming_parts(as_of: str | None = None) -> dict[str, Any]:
    """Make the parts of coming years, where the journal is in parts by year. Returns how many."""
    return once_a_day("make_coming_parts", _make_parts, as_of)


def once_a_day(job: str, work: Callable[[datetime], Mapping[str, Any]], as_of: str | None) -> dict[str, Any]:
    """Do `work` for today, unless today is done or being done; with `as_of`, for that instant, unclaimed."""
    if as_of is not None:
        return dict(work(datetime.fromisoformat(as_of)))
    at = now()
    period = localdate(at).isoformat()
    try:
        run = run_job_once(job=job, period=period, at=at, stale_after=STALE_AFTER, work=lambda: work(at))
    except JobAlreadyClaimed:
        logger.info("%s of %s is done or being done", job, period)
        return {"skipped": period}
    assert run.outcome is not None, "a run that ended has an outcome"
    return dict(run.outcome)


def _expire(at: datetime) -> dict[str, Any]:
    booked = expire_due_lots(at=at)
    return {"lots": booked.lots, "points": booked.points, "chunks": booked.chunks}


def _seal(at: datetime) -> dict[str, Any]:
    seals = seal_days(until=at)
    return {"seals": [seal.number for seal in seals], "postings": sum(seal.postings for seal in seals)}


def _audit(_at: datetime) -> dict[str, Any]:
    report = audit()
    outcome: dict[str, Any] = {"clean": report.is_clean, "postings": report.postings}
    if not report.is_clean:
        named = [f"{found.check}: {found.table} {found.row}" for found in report.disagreements[:NAMED_MAX]]
        wrong = {check: count for check, count in report.counts.items() if count}
        logger.critical("the ledger disagrees with itself: %s, first %s", wrong, named)
        outcome |= {"checks": wrong, "rows": named}
    return outcome


def _make_parts(at: datetime) -> dict[str, Any]:
    return {"parts": partitions.make_coming_parts(at=at)}
