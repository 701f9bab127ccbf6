"""`manage.py partition_journal`: put entries and draws into parts by year, once, as the owner."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections

from common.clock import now
from points.services.partitions import AlreadyParted, partition_journal


class Command(BaseCommand):
    """Prints how many parts there are."""

    help = "Part the journal by year (docs/scaling.md says when). Moves no row; needs DATABASE_OWNER_URL."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if "owner" not in connections:
            raise CommandError("Set DATABASE_OWNER_URL: only loyalty_owner may change the schema.")
        try:
            parts = partition_journal(owner=connections["owner"], at=now())
        except AlreadyParted as nothing_to_do:
            raise CommandError("The journal is in parts already.") from nothing_to_do
        except OperationalError as busy:
            raise CommandError(f"Nothing has changed; try again at a quieter time: {busy}") from busy
        self.stdout.write(f"The journal is in {parts} parts. Every night the coming years' are made in time.")
