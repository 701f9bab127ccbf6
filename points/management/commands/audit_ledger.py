"""`manage.py audit_ledger`: re-prove the ledger; exit 1 and the rows, if anything disagrees."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from points.selectors.audit import AuditReport, all_checks, audit


class Command(BaseCommand):
    help = "Re-prove every invariant of the ledger from its rows. Exit 1 if anything disagrees."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of words")
        parser.add_argument(
            "--since-seal",
            action="store_true",
            help="only what is new since the last seal, all it touched, the seals and the guards",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        report = audit(since_last_seal=options["since_seal"])
        self.stdout.write(_as_json(report) if options["json"] else _in_words(report))
        if not report.is_clean:
            sys.exit(1)


def _as_json(report: AuditReport) -> str:
    return json.dumps(
        {
            "clean": report.is_clean,
            "postings": report.postings,
            "since_seal": report.since_seal,
            "checks": report.counts,
            "disagreements": [asdict(found) for found in report.disagreements],
        },
        indent=2,
    )


def _in_words(report: AuditReport) -> str:
    since = "" if report.since_seal is None else f" since seal {report.since_seal}"
    lines = [f"{report.postings} postings audited{since}."]
    for check in all_checks():
        wrong = report.counts[check.name]
        lines.append(f"  {'ok' if not wrong else f'{wrong} WRONG'}  {check.says}")
    lines += [f"  {found.check}: {found.table} {found.row}: {found.detail}" for found in report.disagreements]
    lines.append("The ledger is clean." if report.is_clean else "The ledger DISAGREES.")
    return "\n".join(lines)
