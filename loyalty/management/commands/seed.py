"""`manage.py seed --seed N --members M`: a group of any size, the same for the same N, all generated."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from common.clock import now
from loyalty.demo.seeding import MEMBERS_MAX, OtherSeed, seed_group


class Command(BaseCommand):
    """Running it twice changes nothing; more members add to those that are there."""

    help = "Fill the database with generated members, enrolments, activities and points."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="which people (default: 1)")
        parser.add_argument("--members", type=int, default=1_000, help="how many (default: 1000)")

    def handle(self, *_args: Any, **options: Any) -> None:
        members = options["members"]
        if settings.PRODUCTION:
            raise CommandError("Seeding makes up people and points: it does not run in production.")
        if not 0 < members <= MEMBERS_MAX:
            raise CommandError(f"--members is 1 to {MEMBERS_MAX:,}.")
        with Progress(
            BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True)
        ) as bar:
            line = bar.add_task("", total=members)
            try:
                seeded = seed_group(
                    seed=options["seed"],
                    members=members,
                    at=now(),
                    show=lambda done: bar.update(line, completed=done),
                )
            except OtherSeed as other:
                raise CommandError(
                    _("This database was seeded with --seed %(seed)s.") % {"seed": other}
                ) from other
        self.stdout.write(
            _("Added, all generated: %(enrolments)s enrolments, %(activities)s activities, %(points)s points")
            % {"enrolments": seeded.enrolments, "activities": seeded.activities, "points": seeded.points}
        )
