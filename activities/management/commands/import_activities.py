"""`import_activities FILE --unit CODE`: what members did at a unit, from CSV or Parquet (docs/imports.md)."""

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from activities.services.importing import activities_task
from activities.services.line_files import lines_task
from activities.services.mapping_files import map_file, mapping_named
from common.bulk import BulkCommand, BulkError, BulkTask
from common.errors import NotFound
from units.selectors.units import unit_by_code


class Command(BulkCommand):
    """Record activities and post what they earn. Safe to repeat and to interrupt."""

    help = "Import purchases, stays, fees, rents and events of one business unit, and post what they earn."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--unit", required=True, metavar="CODE", help="the business unit that reports")
        parser.add_argument(
            "--lines", action="store_true", help="a row is a line; a receipt's stand together"
        )
        parser.add_argument(
            "--mapping", metavar="NAME", help="a foreign file, read by this shipped mapping or JSON file"
        )
        parser.add_argument(
            "--mapped", type=Path, help="where the mapped file goes (default: FILE.mapped.csv)"
        )
        parser.add_argument("--generated", action="store_true", help="mark every row as generated for a demo")

    def task(self, options: Mapping[str, Any], at: datetime) -> BulkTask[Any]:
        """Into the unit that --unit names."""
        try:
            unit = unit_by_code(options["unit"])
        except NotFound as absent:
            raise BulkError(_("There is no business unit %(code)s.") % {"code": options["unit"]}) from absent
        if not unit.is_active:
            raise BulkError(_("The business unit %(code)s is not active.") % {"code": unit.code})
        if options["lines"]:
            return lines_task(unit=unit, by="import", at=at, is_generated=options["generated"])
        return activities_task(unit=unit, by="import", at=at, is_generated=options["generated"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Map the file first, where it is a foreign one."""
        if options["mapping"]:
            options |= self._mapped(options)
        super().handle(*args, **options)

    def _mapped(self, options: Mapping[str, Any]) -> dict[str, Any]:
        source: Path = options["file"]
        try:
            mapping = mapping_named(options["mapping"])
            target = options["mapped"] or source.with_name(f"{source.name}.mapped.csv")
            done = map_file(source, mapping=mapping, target=target)
        except BulkError as refusal:
            raise CommandError(str(refusal)) from refusal
        if not options["json"]:
            for word, count in sorted(done.counts.items()):
                self.stdout.write(f"mapped {word}: {count}")
        return {"file": done.path, "lines": mapping.has_lines}
