"""`manage.py archive_journal --year YYYY --to DIR`: a closed year's journal in a file that proves itself."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.clock import now
from common.errors import DomainError
from points.services.archiving import archive_year, check_archive


class Command(BaseCommand):
    """Prints the manifest. `--check FILE` reads an archive that is there already."""

    help = "Write a closed year's journal into a file, and read it back (docs/scaling.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, help="a calendar year of TIME_ZONE that is over")
        parser.add_argument("--to", type=Path, metavar="DIR", help="an existing folder")
        parser.add_argument("--check", type=Path, metavar="MANIFEST", help="read this archive again instead")

    def handle(self, *_args: Any, **options: Any) -> None:
        if (options["check"] is None) == (options["year"] is None or options["to"] is None):
            raise CommandError("Say --year and --to, or --check.")
        try:
            if options["check"] is not None:
                manifest = check_archive(options["check"])
            else:
                manifest = archive_year(year=options["year"], folder=options["to"], at=now())
        except DomainError as refusal:
            raise CommandError(f"{refusal} {refusal.facts or ''}".strip()) from refusal
        except OSError as error:
            raise CommandError(f"cannot read or write the archive: {error}") from error
        self.stdout.write(json.dumps(asdict(manifest), indent=2, ensure_ascii=False))
