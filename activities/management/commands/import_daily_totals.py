"""`import_daily_totals FILE`: all sales of units by day, from CSV or Parquet (docs/imports.md)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from activities.services.importing import daily_totals_task
from common.bulk import BulkCommand, BulkTask


class Command(BulkCommand):
    """Record daily totals. Safe to repeat and to interrupt."""

    help = "Import the daily totals of business units, against which the members' share is measured."

    def task(self, _options: Mapping[str, Any], at: datetime) -> BulkTask[Any]:
        """Into the units that the rows name."""
        return daily_totals_task(at=at)
