"""Instants as the screens write them."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format


def moment(instant: datetime | None) -> str | None:
    """2026-11-23 15:48 in the operator's time zone; None stays None."""
    return None if instant is None else date_format(timezone.localtime(instant), "Y-m-d H:i")
