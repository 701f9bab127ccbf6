"""Beat's door to rewards and vouchers: what waited too long ends."""

from datetime import datetime, timedelta
from typing import Any

from celery import shared_task

from benefits.services.reward_orders import expire_orders
from benefits.services.voucher_guessing import forget_attempts
from benefits.services.vouchers import time_out_vouchers
from common.clock import now

# Each minute's run takes up what the one before left.
SHOP_TIME_LIMIT = timedelta(minutes=5)


@shared_task(acks_late=True, time_limit=int(SHOP_TIME_LIMIT.total_seconds()))
def end_orders_and_vouchers(as_of: str | None = None) -> dict[str, Any]:
    """Each minute. Orders nobody picked up; locks and vouchers whose time is over. How many of each."""
    at = now() if as_of is None else datetime.fromisoformat(as_of)
    orders = expire_orders(at=at)
    locks, vouchers = time_out_vouchers(at=at)
    return {"orders": orders, "locks": locks, "vouchers": vouchers, "attempts": forget_attempts(at=at)}
