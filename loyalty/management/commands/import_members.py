"""`import_members FILE --unit CODE`: a unit's legacy members become the group's, with their points."""

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from common.bulk import BulkCommand, BulkTask
from loyalty.workflows.import_members import import_members_task
from members.services.linking import matcher


class Command(BulkCommand):
    help = (
        "Import members from CSV, Parquet or XLSX; docs/imports.md tells the columns. Twice changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--unit", required=True, help="code of the unit whose list this is")
        parser.add_argument("--program", help="code of the program of the balances (default: the unit's own)")
        parser.add_argument(
            "--generated", action="store_true", help="mark the members as generated for a demo"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if matcher() is None:
            self.stderr.write(
                "Splink is not installed (requirements-matching.txt): only exact identities are matched."
            )
        super().handle(*args, **options)

    def task(self, options: Mapping[str, Any], at: datetime) -> BulkTask[Any]:
        return import_members_task(
            unit_code=options["unit"],
            program_code=options["program"],
            by="command:import_members",
            at=at,
            time_zone=settings.TIME_ZONE,
            is_generated=options["generated"],
        )
