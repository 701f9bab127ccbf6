"""CSV: physical lines with their flaws, and the records that they make."""

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from common.bulk.base import (
    CELL_CHARACTERS_MAX,
    DAMAGE,
    FORMULA_STARTS,
    REJECTS_HEADER,
    BulkError,
    Reject,
    Row,
    Table,
    in_words,
)

LINE_BYTES_MAX = 1 << 20


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


class CsvTable(Table):
    """RFC 4180: commas, double quotes, a header; lines end in LF or CRLF; a byte-order mark is skipped."""

    def __init__(self, path: Path, raw: BinaryIO, *, is_gzip: bool) -> None:
        super().__init__(path, raw)
        unzipped = io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=raw))) if is_gzip else raw
        self._lines = _Lines(unzipped)
        self._reader = csv.reader(self._lines, strict=True)
        try:
            header = next(self._reader, [])
        except (csv.Error, *DAMAGE) as why:
            raise self.damaged(why) from why
        if any(flaw for _text, flaw in self._lines.taken):
            raise self.damaged(ValueError(_("its header is not UTF-8 text")))
        if header:
            header[0] = header[0].removeprefix("\ufeff")
        if not any(header):
            raise BulkError(_("%(file)s is empty: it needs a header row.") % {"file": path})
        # A mended rejects file may be imported as it is.
        self._skipped = len(REJECTS_HEADER) if header[: len(REJECTS_HEADER)] == REJECTS_HEADER else 0
        self.columns = self.named(header[self._skipped :])

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
                yield Reject(number, flaw, in_words(flaw, wanted=width, found=len(cells)), cells)
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
        except DAMAGE as why:
            raise self.damaged(why) from why
        flaw = next((flawed for _text, flawed in lines.taken if flawed), flaw)
        if flaw is None and cells and len(cells) != width:
            flaw = "wrong_cell_count"
        if flaw and len(lines.taken) > 1:
            lines.put_back_all_but_first()
            cells, flaw = [], lines.taken[0][1] or "bad_quotes"
        elif flaw is None and sum(len(text) for text, _flaw in lines.taken) > CELL_CHARACTERS_MAX:
            flaw = "too_long" if any(len(cell) > CELL_CHARACTERS_MAX for cell in cells) else None
        return (cells or [lines.taken[0][0].rstrip("\r\n")] if flaw else cells), flaw


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell
