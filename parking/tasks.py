"""Beat's door to parking: money and orders that wait, refunds that are due, plates kept long enough."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.conf import settings

from common.clock import now
from parking.services.forgetting import forget_strangers
from parking.services.payments import settle_due
from points.tasks import TIME_LIMIT as NIGHTLY_TIME_LIMIT
from points.tasks import once_a_day

# Each minute's run takes up what the one before left.
TIME_LIMIT = timedelta(minutes=5)


@shared_task(acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def settle_parking(as_of: str | None = None) -> dict[str, Any]:
    """Each minute. Ask providers, end unpaid orders, push refunds. Returns how many of each."""
    at = now() if as_of is None else datetime.fromisoformat(as_of)
    return asdict(settle_due(by="settle_parking", at=at))


@shared_task(acks_late=True, time_limit=int(NIGHTLY_TIME_LIMIT.total_seconds()))
def forget_plates(as_of: str | None = None) -> dict[str, Any]:
    """Nightly. Forget the plates of strangers who left long ago. Returns of how many stays."""
    return once_a_day("forget_plates", _forget, as_of)


def _forget(at: datetime) -> dict[str, Any]:
    kept = timedelta(days=settings.STRANGER_PLATES_KEPT_DAYS)
    return {"stays": forget_strangers(before=at - kept)}
