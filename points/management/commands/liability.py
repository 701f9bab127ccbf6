"""`manage.py liability [--as-of ISO] [--json]`: what outstanding points would cost, at any past instant."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import DomainError
from points.selectors.as_of import LiabilityLine, liability_as_of
from points.selectors.seals import database_now


class Command(BaseCommand):
    help = "Points outstanding and their cost, by program and issuing unit, as the books said at an instant."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--as-of", help="an instant, ISO 8601 with offset (default: now)")
        parser.add_argument("--json", action="store_true", help="one JSON object; money as exact text")

    def handle(self, *_args: Any, **options: Any) -> None:
        at = _instant(options["as_of"])
        try:
            lines = liability_as_of(at=at)
        except DomainError as refusal:
            raise CommandError(f"{refusal.code}: {refusal}") from refusal
        self.stdout.write(_as_json(at, lines) if options["json"] else _in_words(at, lines))


def _as_json(at: datetime, lines: Sequence[LiabilityLine]) -> str:
    return json.dumps(
        {
            "as_of": at.isoformat(),
            "lines": [
                {
                    "program": line.program.code,
                    "issuer": line.issuer.code,
                    "currency": line.program.currency,
                    "points": line.points,
                    "cost": str(line.cost),
                    "expired_points": line.expired_points,
                    "expired_cost": str(line.expired_cost),
                }
                for line in lines
            ],
            "totals": {currency: str(cost) for currency, cost in _totals(lines).items()},
        },
        indent=2,
    )


def _in_words(at: datetime, lines: Sequence[LiabilityLine]) -> str:
    told = [f"As of {at.isoformat()}: program, issuing unit, points, cost; expired and not yet swept"]
    told += [
        f"  {line.program.code:<24} {line.issuer.code:<24} {line.points:>15} {line.cost:>20}"
        f" {line.program.currency}{line.expired_points:>12} {line.expired_cost:>16}"
        for line in lines
    ]
    told += [f"Total {cost} {currency}" for currency, cost in _totals(lines).items()]
    return "\n".join(told)


def _totals(lines: Sequence[LiabilityLine]) -> dict[str, Decimal]:
    """By currency, the cost of what was alive."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        totals[line.program.currency] += line.cost
    return dict(totals)


def _instant(text: str | None) -> datetime:
    if text is None:
        return database_now()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as malformed:
        raise CommandError(f"{text!r} is not an ISO 8601 instant.") from malformed
    if instant.tzinfo is None:
        raise CommandError(f"{text!r} has no offset: write for example {text}+08:00.")
    return instant
