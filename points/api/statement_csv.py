"""A statement as CSV, streamed: for a member's own spreadsheet."""

import csv
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import BaseRenderer, JSONRenderer

from common.errors import DomainError
from points.models import Posting

POSTINGS_MAX = 50_000
POSTINGS_A_CHUNK = 1_000
COLUMNS = ("occurred_at", "kind", "unit", "source_ref", "program", "points", "rule", "posting")
# A spreadsheet takes a cell that begins with one of these for a formula (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class StatementTooLong(DomainError):
    """More postings than one file holds; a shorter period fits. Facts: `postings_max`."""

    code = "statement_too_long"
    status = 422
    title = _("This statement is too long for one file: ask for a shorter period.")


class CsvRenderer(BaseRenderer):
    """Lets a caller ask for `text/csv`. The statement streams past it; what it renders are refusals."""

    media_type = "text/csv"
    format = "csv"

    def render(self, data: Any, _media_type: str | None = None, _context: Any = None) -> bytes:
        """A refusal stays a problem document, whatever was asked for."""
        return bytes(JSONRenderer().render(data))


def statement_csv(postings: QuerySet[Posting]) -> StreamingHttpResponse:
    """`postings`, a line for each wallet that one moved, points signed.

    :raises StatementTooLong: more than 50,000 postings
    """
    if postings[POSTINGS_MAX : POSTINGS_MAX + 1].exists():
        raise StatementTooLong(postings_max=POSTINGS_MAX)
    return StreamingHttpResponse(
        _lines(postings),
        content_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": 'attachment; filename="statement.csv"'},
    )


def plain(cell: str) -> str:
    """`cell` as text that no spreadsheet runs."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _lines(postings: QuerySet[Posting]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for posting in postings.iterator(chunk_size=POSTINGS_A_CHUNK):
        yield "".join(
            writer.writerow(
                (
                    posting.occurred_at.isoformat(),
                    posting.kind,
                    plain(posting.unit.code),
                    plain(posting.source_ref),
                    plain(entry.program.code),
                    entry.points,
                    plain(posting.rule),
                    posting.pk,
                )
            )
            for entry in posting.entries.all()
        )


class _Echo:
    """A file that hands each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line
