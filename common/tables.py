"""Tables as people send them, CSV (plain or gzip) or Parquet: numbered rows in, refused rows out.

Nothing in a file may crash the reader or be changed silently: an unreadable row is a reject with its reason.
"""

import csv
import fcntl
import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import pyarrow as pa
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

CELL_CHARACTERS_MAX = 4_000
LINE_BYTES_MAX = 1 << 20
COLUMNS_MAX = 200
REJECTS_HEADER = ["row", "reason", "message"]
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_DAMAGE = (OSError, EOFError, zlib.error, pa.ArrowException)
_NOT_A_TABLE = {b"PK\x03\x04": "a workbook", b"\xff\xfe": "UTF-16 text", b"\xfe\xff": "UTF-16 text"}


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
        raise NotImplementedError

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

    def _named(self, header: Sequence[str]) -> list[str]:
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

    def _damaged(self, why: Exception) -> BulkError:
        return BulkError(
            _("%(file)s is damaged or cannot be read: %(why)s.") % {"file": self.path, "why": why}
        )


def open_table(path: Path) -> Table:
    """The table in `path`, told apart by its first bytes, with its columns read.

    :raises BulkError: it is absent, unreadable, empty, or neither CSV in UTF-8 nor Parquet
    """
    try:
        raw = path.open("rb")
    except OSError as refused:
        raise BulkError(
            _("%(file)s cannot be read: %(why)s.") % {"file": path, "why": refused.strerror}
        ) from refused
    with ExitStack() as on_refusal:
        on_refusal.callback(raw.close)
        table = _told_apart(path, raw)
        on_refusal.pop_all()
    return table


def _told_apart(path: Path, raw: BinaryIO) -> Table:
    start = raw.read(4) if path.is_file() else b""
    raw.seek(0)
    what = next((what for magic, what in _NOT_A_TABLE.items() if start.startswith(magic)), None)
    if what is None and path.suffix.lower() in (".parquet", ".pq") and start != b"PAR1":
        what = "not a Parquet file"
    if what:
        told = {"file": path, "what": what}
        raise BulkError(_("%(file)s is %(what)s: it must be CSV in UTF-8 or Parquet.") % told)
    if start == b"PAR1":
        return _ParquetTable(path, raw)
    return _CsvTable(path, raw, is_gzip=start.startswith(b"\x1f\x8b"))


class _Lines:
    """Physical lines as text; those of the record being read are remembered, to be put back."""

    def __init__(self, stream: io.BufferedReader | BinaryIO) -> None:
        self._stream = stream
        self._returned: list[tuple[str, str | None]] = []
        self.taken: list[tuple[str, str | None]] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._returned.pop() if self._returned else self._read()
        self.taken.append(line)
        return line[0]

    def put_back_all_but_first(self) -> None:
        """A quote that never closed must not swallow the rows after it."""
        self._returned.extend(reversed(self.taken[1:]))
        del self.taken[1:]

    def _read(self) -> tuple[str, str | None]:
        raw = self._stream.readline(LINE_BYTES_MAX)
        if not raw:
            raise StopIteration
        if len(raw) == LINE_BYTES_MAX and not raw.endswith(b"\n"):
            rest = raw
            while rest and not rest.endswith(b"\n"):
                rest = self._stream.readline(LINE_BYTES_MAX)
            return raw[:200].decode("utf-8", "replace").replace("\0", "\ufffd").replace('"', "'"), "too_long"
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode("utf-8", "replace").replace("\0", "\ufffd"), "bad_characters"
        if "\0" in text:
            return text.replace("\0", "\ufffd"), "bad_characters"
        return text, None


class _CsvTable(Table):
    """RFC 4180: commas, double quotes, a header; lines end in LF or CRLF; a byte-order mark is skipped."""

    def __init__(self, path: Path, raw: BinaryIO, *, is_gzip: bool) -> None:
        super().__init__(path, raw)
        unzipped = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=raw))) if is_gzip else raw
        self._lines = _Lines(unzipped)
        self._reader = csv.reader(self._lines, strict=True)
        try:
            header = next(self._reader, [])
        except (csv.Error, *_DAMAGE) as why:
            raise self._damaged(why) from why
        if any(flaw for _text, flaw in self._lines.taken):
            raise self._damaged(ValueError(_("its header is not UTF-8 text")))
        if header:
            header[0] = header[0].removeprefix("\ufeff")
        if not any(header):
            raise BulkError(_("%(file)s is empty: it needs a header row.") % {"file": path})
        # A mended rejects file may be imported as it is.
        self._skipped = len(REJECTS_HEADER) if header[: len(REJECTS_HEADER)] == REJECTS_HEADER else 0
        self.columns = self._named(header[self._skipped :])

    def __iter__(self) -> Iterator[Row | Reject]:
        number = 1
        width = len(self.columns) + self._skipped
        while True:
            number += 1
            cells, flaw = self._record(width)
            if cells is None:
                return
            if self._skipped and len(cells) == width:
                cells = [_unguarded(cell) for cell in cells[self._skipped :]]
            if flaw:
                yield Reject(number, flaw, _in_words(flaw, wanted=width, found=len(cells)), cells)
            elif cells:
                yield Row(number, {n: c or None for n, c in zip(self.columns, cells, strict=True)}, cells)

    def _record(self, width: int) -> tuple[list[str] | None, str | None]:
        """The next record and what is wrong with it. None at the end; no cells for a blank line."""
        lines = self._lines
        lines.taken.clear()
        cells: list[str] = []
        flaw = None
        try:
            cells = next(self._reader)
        except StopIteration:
            return None, None
        except csv.Error as error:
            flaw = "too_long" if "field limit" in str(error) else "bad_quotes"
        except _DAMAGE as why:
            raise self._damaged(why) from why
        flaw = next((flawed for _text, flawed in lines.taken if flawed), flaw)
        if flaw is None and cells and len(cells) != width:
            flaw = "wrong_cell_count"
        if flaw and len(lines.taken) > 1:
            lines.put_back_all_but_first()
            cells, flaw = [], lines.taken[0][1] or "bad_quotes"
        elif flaw is None and sum(len(text) for text, _flaw in lines.taken) > CELL_CHARACTERS_MAX:
            flaw = "too_long" if any(len(cell) > CELL_CHARACTERS_MAX for cell in cells) else None
        return (cells or [lines.taken[0][0].rstrip("\r\n")] if flaw else cells), flaw


class _ParquetTable(Table):
    """Values become the text that a CSV would hold: numbers plainly, instants in UTC with their Z."""

    def __init__(self, path: Path, raw: BinaryIO) -> None:
        super().__init__(path, raw)
        try:
            self._file = pq.ParquetFile(raw)
        except _DAMAGE as why:
            raise self._damaged(why) from why
        self.columns = self._named(self._file.schema_arrow.names)
        nested = [f.name for f in self._file.schema_arrow if pa.types.is_nested(f.type)]
        if nested:
            told = {"file": path, "names": ", ".join(nested)}
            raise BulkError(_("%(file)s has nested columns: %(names)s.") % told)
        self._rows_read = 0

    def __iter__(self) -> Iterator[Row | Reject]:
        try:
            for batch in self._file.iter_batches(batch_size=5_000):
                rows = list(zip(*(_texts(column) for column in batch.columns), strict=True))
                for number, values in enumerate(rows, self._rows_read + 2):
                    yield self._row(number, values)
                self._rows_read += len(rows)
        except _DAMAGE as why:
            raise self._damaged(why) from why

    def share_read(self) -> float:
        return float(self._rows_read / max(1, self._file.metadata.num_rows))

    def _row(self, number: int, values: Sequence[str | None]) -> Row | Reject:
        cells = [value or "" for value in values]
        joined = "".join(cells)
        flaw = "bad_characters" if "\0" in joined else None
        if len(joined) > CELL_CHARACTERS_MAX and any(len(cell) > CELL_CHARACTERS_MAX for cell in cells):
            flaw = "too_long"
        if flaw:
            return Reject(number, flaw, _in_words(flaw), [cell.replace("\0", "\ufffd") for cell in cells])
        return Row(number, {n: c or None for n, c in zip(self.columns, cells, strict=True)}, cells)


class RejectsFile:
    """The refused rows, as CSV: written a chunk at a time, cut back to what was committed."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self._header = [*REJECTS_HEADER, *columns]
        try:
            # Rows may hold personal data: only the operator reads them.
            self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        except OSError as refused:
            told = {"file": path, "why": refused.strerror}
            raise BulkError(_("The rejects file %(file)s cannot be written: %(why)s.") % told) from refused
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as held:
            self._file.close()
            raise BulkError(
                _("Another process is importing this file: wait for it, then run this again.")
            ) from held
        # The SHA-256 so far, by length: a chunk that lost a race is written again from the length before it.
        self._digests: dict[int, hashlib._Hash] = {0: hashlib.sha256()}

    def start_over(self) -> tuple[int, str]:
        """Empty but for its header. Returns its length in bytes and its SHA-256."""
        self._digests = {0: hashlib.sha256()}
        return self._append(0, _as_csv([self._header]))

    def resume(self, length: int, digest: str) -> bool:
        """Whether the file still begins with the `length` bytes of `digest` that were committed."""
        self._file.seek(0)
        kept = self._file.read(length)
        if not kept and (length, digest) == self.start_over():
            return True  # nothing had been rejected, so nothing was left behind
        self._digests = {length: hashlib.sha256(kept)}
        return len(kept) == length and self._digests[length].hexdigest() == digest

    def write(self, length: int, rejects: Sequence[Reject]) -> tuple[int, str]:
        """Cut back to `length` bytes and append `rejects`. Returns the new length and SHA-256."""
        lines = [[str(r.number), r.code, r.message, *r.cells] for r in rejects]
        return self._append(length, _as_csv([[_guarded(cell) for cell in line] for line in lines]))

    def close(self) -> None:
        """Leave nothing behind where nothing was rejected."""
        if self._file.seek(0, os.SEEK_END) <= len(_as_csv([self._header])):
            self.path.unlink(missing_ok=True)
        self._file.close()

    def _append(self, length: int, content: bytes) -> tuple[int, str]:
        try:
            self._file.seek(length)
            self._file.truncate()
            self._file.write(content)
            self._file.flush()
        except OSError as refused:
            told = {"file": self.path, "why": refused.strerror}
            raise BulkError(_("The rejects file %(file)s cannot be written: %(why)s.") % told) from refused
        digest = self._digests[length].copy()
        digest.update(content)
        self._digests = {length: self._digests[length], length + len(content): digest}
        return length + len(content), digest.hexdigest()


def _texts(column: pa.Array) -> list[str | None]:
    """The column's values as text, None where there is none."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", "UTC" if kind.tz else None), safe=False)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        column = column.cast(pa.binary() if pa.types.is_large_binary(kind) else pa.string(), safe=False)
    try:
        return cast("list[str | None]", column.to_pylist())
    except UnicodeDecodeError:
        # A NUL marks what is not text, so that its row alone is refused.
        texts = (
            value and value.decode("utf-8", "replace") for value in column.cast(pa.large_binary()).to_pylist()
        )
        return [f"{text}\0" if text and "\ufffd" in text else text for text in texts]


def _as_csv(lines: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode("utf-8")


def _guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, cut to a bearable length."""
    cell = cell if len(cell) <= CELL_CHARACTERS_MAX else cell[:CELL_CHARACTERS_MAX] + "…"
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell


def _in_words(flaw: str, *, wanted: int = 0, found: int = 0) -> str:
    told = {"wanted": wanted, "found": found, "max": CELL_CHARACTERS_MAX}
    match flaw:
        case "wrong_cell_count":
            return _("The row has %(found)s cells, the header has %(wanted)s.") % told
        case "too_long":
            return _("A cell has more than %(max)s characters.") % told
        case "bad_quotes":
            return _("The double quotes of this row do not fit together.")
        case _:
            return _("The row holds bytes that are not UTF-8 text, or a NUL.")
