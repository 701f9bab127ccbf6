"""What every table of rows has: numbered rows in, refused rows out, one sentence for what cannot be read."""

import hashlib
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyarrow as pa
from django.utils.translation import gettext as _

CELL_CHARACTERS_MAX = 4_000
COLUMNS_MAX = 200
REJECTS_HEADER = ["row", "reason", "message"]
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
DAMAGE = (OSError, EOFError, zlib.error, pa.ArrowException)


class BulkError(Exception):
    """The import cannot begin or cannot go on. Its one sentence says what to do."""


class RowRejected(Exception):
    """One row is refused: a stable `code` and words for the person who mends the file."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Row(NamedTuple):
    """A row by column name. Row 1 is the header, as a spreadsheet counts; an empty cell is None."""

    number: int
    values: dict[str, str | None]
    cells: Sequence[str]

    def refused(self, code: str, message: str) -> "Reject":
        """The reject that this row becomes."""
        return Reject(self.number, code, message, self.cells)


class Reject(NamedTuple):
    """A row that was refused, and why."""

    number: int
    code: str
    message: str
    cells: Sequence[str]


class Table:
    """A file of rows with named columns. Iterating reads it once, from the first row."""

    def __init__(self, path: Path, raw: BinaryIO) -> None:
        self.path, self.raw = path, raw
        self._opened_as = os.fstat(raw.fileno())
        self.columns: list[str] = []

    def __iter__(self) -> Iterator[Row | Reject]:
        """The rows of this kind of file, or why one cannot be read."""
        raise NotImplementedError("each kind of file reads its own rows")

    def share_read(self) -> float:
        """How much of the file was read, 0 to 1."""
        return self.raw.tell() / max(1, self._opened_as.st_size)

    def content_hash(self) -> str:
        """SHA-256 of the file, in hexadecimal digits. Leaves the reading position alone."""
        with self.path.open("rb") as again:
            return hashlib.file_digest(again, "sha256").hexdigest()

    def refuse_change(self) -> None:
        """Make sure that the file is still the one that was opened.

        :raises BulkError: it was changed meanwhile
        """
        now = os.fstat(self.raw.fileno())
        if (now.st_size, now.st_mtime_ns) != (self._opened_as.st_size, self._opened_as.st_mtime_ns):
            raise BulkError(
                _("%(file)s was changed while it was read: run this again.") % {"file": self.path}
            )

    def close(self) -> None:
        self.raw.close()

    def named(self, header: Sequence[str]) -> list[str]:
        """The column names.

        :raises BulkError: one is missing, twice, or there are too many
        """
        names = [name.strip() for name in header]
        told = {"file": self.path, "max": COLUMNS_MAX}
        if len(names) > COLUMNS_MAX:
            raise BulkError(_("%(file)s has more than %(max)s columns.") % told)
        if "" in names:
            told["column"] = names.index("") + 1
            raise BulkError(_("%(file)s has a column without a name (column %(column)s).") % told)
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            told["names"] = ", ".join(twice)
            raise BulkError(_("%(file)s has two columns of the same name: %(names)s.") % told)
        return names

    def damaged(self, why: Exception) -> BulkError:
        return BulkError(
            _("%(file)s is damaged or cannot be read: %(why)s.") % {"file": self.path, "why": why}
        )


def chunks_of(
    rows: Iterator[Row | Reject], size: int, together: Callable[[Row], str | None] | None
) -> Iterator[list[Row | Reject]]:
    """Chunks of `size` rows, longer by what belongs `together` with their last: rows of one key."""
    if together is None:
        while chunk := list(islice(rows, size)):
            yield chunk
        return
    chunk, last = [], None
    for row in rows:
        key = together(row) if isinstance(row, Row) else None
        if len(chunk) >= size and (key is None or key != last):
            yield chunk
            chunk = []
        chunk.append(row)
        last = key
    if chunk:
        yield chunk


def in_words(flaw: str, *, wanted: int = 0, found: int = 0) -> str:
    told = {"wanted": wanted, "found": found, "max": CELL_CHARACTERS_MAX}
    match flaw:
        case "wrong_cell_count":
            return _("The row has %(found)s cells, the header has %(wanted)s.") % told
        case "too_long":
            return _("A cell has more than %(max)s characters.") % told
        case "has_formula":
            return _("A cell holds a formula or an error: send its value.")
        case "digits_lost":
            return _("A number has more than 15 digits, of which spreadsheets keep 15: format it as text.")
        case "bad_quotes":
            return _("The double quotes of this row do not fit together.")
        case _:
            return _("The row holds bytes that are not UTF-8 text, or a NUL.")
