"""Beat's door to activities: read the clock, claim the day, call one service."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from celery import shared_task

from activities.services import tier_review
from points.tasks import TIME_LIMIT, once_a_day


@shared_task(acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def review_tiers(as_of: str | None = None) -> dict[str, Any]:
    """Nightly. Lower whose review found too few credits, raise whom the day raises. Returns how many."""
    return once_a_day("review_tiers", _review, as_of)


def _review(at: datetime) -> dict[str, Any]:
    return asdict(tier_review.review_tiers(at=at, by="review_tiers"))
