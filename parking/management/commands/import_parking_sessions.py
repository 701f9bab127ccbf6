"""`manage.py import_parking_sessions FILE --unit CODE --car-park CODE`: stays from a CSV, as often as one
likes.
"""

import csv
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import clock
from common.errors import NotFound
from parking.selectors.car_parks import car_park_by_code
from parking.services.importing import COLUMNS, import_stays
from units.selectors.units import unit_by_code


class Command(BaseCommand):
    help = f"Record stays of a car park from a CSV with the columns {', '.join(COLUMNS)}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--unit", required=True)
        parser.add_argument("--car-park", required=True)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            car_park = car_park_by_code(options["car_park"], unit=unit_by_code(options["unit"]))
        except NotFound as nobody:
            raise CommandError("There is no such unit or car park.") from nobody
        counts: Counter[str] = Counter()
        with options["file"].open(encoding="utf-8-sig", newline="") as text:
            rows = csv.DictReader(text)
            if "source_ref" not in (rows.fieldnames or ()):
                raise CommandError(f"The header names {', '.join(COLUMNS)}.")
            for outcome in import_stays(
                car_park=car_park, rows=rows, by="import_parking_sessions", at=clock.now()
            ):
                counts[outcome.ending] += 1
                if outcome.ending not in ("recorded", "already_there"):
                    self.stderr.write(f"row {outcome.number}: {outcome.ending}")
        self.stdout.write(", ".join(f"{ending} {count}" for ending, count in sorted(counts.items())))
