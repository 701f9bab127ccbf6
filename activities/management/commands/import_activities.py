"""`import_activities FILE --unit CODE`: what members did at a unit, from CSV or Parquet (docs/imports.md)."""

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from activities.services.importing import activities_task
from common.bulk import BulkCommand, BulkError, BulkTask
from common.errors import NotFound
from units.selectors.units import unit_by_code


class Command(BulkCommand):
    """Record activities and post what they earn. Safe to repeat and to interrupt."""

    help = "Import purchases, stays, fees, rents and events of one business unit, and post what they earn."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--unit", required=True, metavar="CODE", help="the business unit that reports")
        parser.add_argument("--generated", action="store_true", help="mark every row as generated for a demo")

    def task(self, options: Mapping[str, Any], at: datetime) -> BulkTask[Any]:
        """Into the unit that --unit names."""
        try:
            unit = unit_by_code(options["unit"])
        except NotFound as absent:
            raise BulkError(_("There is no business unit %(code)s.") % {"code": options["unit"]}) from absent
        if not unit.is_active:
            raise BulkError(_("The business unit %(code)s is not active.") % {"code": unit.code})
        return activities_task(unit=unit, by="import", at=at, is_generated=options["generated"])
