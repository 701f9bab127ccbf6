"""`manage.py run_job NAME [--as-of ISO]`: run one job of the schedule here, for the instant it is told.

The run is explicit, so it claims no day: it neither waits for beat's run of that day nor takes its place.
Every job is safe to repeat. `expire_points` books what was due by then; `audit_ledger` looks at the books as
they stand.
"""

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.clock import now
from common.errors import DomainError
from loyalty.schedule import SCHEDULE, job_named


class Command(BaseCommand):
    """Prints the outcome as one JSON object."""

    help = "Run one job of the schedule for an instant (default: now) and print its outcome as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        known = ", ".join(job.name for job in SCHEDULE)
        parser.add_argument("name", help=f"one of: {known}")
        parser.add_argument("--as-of", help="an instant, ISO 8601 with offset: 2026-03-01T00:05:00+08:00")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            job = job_named(options["name"])
        except KeyError as unknown:
            known = ", ".join(job.name for job in SCHEDULE)
            raise CommandError(f"There is no job {options['name']!r}. The jobs are: {known}.") from unknown
        as_of = _instant(options["as_of"])
        try:
            outcome = job.task(*job.args, as_of=as_of.isoformat())
        except DomainError as refusal:
            raise CommandError(f"{refusal.code}: {refusal}") from refusal
        self.stdout.write(
            json.dumps({"job": job.name, "as_of": as_of.isoformat(), "outcome": outcome}, ensure_ascii=False)
        )


def _instant(text: str | None) -> datetime:
    """The instant that `text` names; the present one where it is None.

    :raises CommandError: not an instant with an offset, or one to come in production
    """
    present = now()
    if text is None:
        return present
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as malformed:
        raise CommandError(f"{text!r} is not an ISO 8601 instant.") from malformed
    if instant.tzinfo is None:
        raise CommandError(f"{text!r} has no offset: write for example {text}+08:00.")
    if settings.PRODUCTION and instant > present:
        raise CommandError(f"{text} is yet to come, and this is production.")
    return instant
