"""`manage.py seal_ledger [--until ISO]`: seal the days that are over, or all posted before an instant."""

import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.clock import now
from common.errors import DomainError
from points import seal_keys
from points.models import Seal
from points.services.sealing import keep_files, seal_days, seal_until


class Command(BaseCommand):
    help = (
        "Seal each local day that is over and not sealed yet, and write missing seal files; or, with --until,"
        " one seal over all that was posted before that instant. One JSON line a seal."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until", help="an instant, ISO 8601 with offset; never one to come")
        parser.add_argument(
            "--public-key",
            action="store_true",
            help="only print the public half of the key that signs, as LEDGER_SEAL_PUBLIC_KEYS takes it",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["public_key"]:
            self.stdout.write(seal_keys.public_key())
            return
        try:
            if options["until"]:
                seals = [seal_until(ends_at=_instant(options["until"]))]
            else:
                seals = seal_days(until=now())
                keep_files()
        except DomainError as refusal:
            facts = " ".join(f"{name}={value}" for name, value in refusal.facts.items())
            raise CommandError(f"{refusal.code}: {refusal} {facts}".rstrip()) from refusal
        for seal in seals:
            self.stdout.write(json.dumps(_told(seal)))


def _told(seal: Seal) -> dict[str, Any]:
    return {
        "seal": seal.number,
        "from": seal.starts_at.isoformat(),
        "until": seal.ends_at.isoformat(),
        "postings": seal.postings,
        "root": bytes(seal.root).hex(),
        "digest": bytes(seal.digest).hex(),
    }


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as malformed:
        raise CommandError(f"{text!r} is not an ISO 8601 instant.") from malformed
    if instant.tzinfo is None:
        raise CommandError(f"{text!r} has no offset: write for example {text}+08:00.")
    return instant
