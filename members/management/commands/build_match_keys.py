"""`build_match_keys`: the blocks of every member made anew, in batches; safe to run twice or cut off."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from members.services.blocking import members_after, refresh_match_keys


class Command(BaseCommand):
    help = "Put every member into the blocks by which imports find who is like whom."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=2_000, help="members of one transaction")

    def handle(self, *_args: Any, **options: Any) -> None:
        members = keys = 0
        batch = members_after(None, count=max(1, options["batch"]))
        while batch:
            keys += refresh_match_keys(batch)
            members += len(batch)
            batch = members_after(batch[-1], count=max(1, options["batch"]))
        self.stdout.write(f"members: {members}\nkeys: {keys}")
