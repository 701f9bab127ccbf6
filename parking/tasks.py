"""Beat's door to parking: money that nobody answered for, orders that nobody paid, refunds that are due."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task

from common.clock import now
from parking.services.payments import settle_due

# Each minute's run takes up what the one before left.
TIME_LIMIT = timedelta(minutes=5)


@shared_task(acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def settle_parking(as_of: str | None = None) -> dict[str, Any]:
    """Each minute. Ask providers, end unpaid orders, push refunds. Returns how many of each."""
    at = now() if as_of is None else datetime.fromisoformat(as_of)
    return asdict(settle_due(by="settle_parking", at=at))
