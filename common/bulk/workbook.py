"""XLSX: the one sheet of a workbook, read row by row as the text that a CSV would hold.

Read by openpyxl in its read-only mode: a hundred thousand rows take no more memory than one. What a workbook
may hold and a CSV cannot, a formula or a number whose last digits are lost, refuses its row.
"""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from common.bulk.base import CELL_CHARACTERS_MAX, DAMAGE, BulkError, Reject, Row, Table, in_words

UNPACKED_BYTES_MAX = 1 << 29
DIGITS_KEPT = 10**15
_BROKEN = (*DAMAGE, zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError)


class WorkbookTable(Table):
    """Its first row names the columns; empty columns at the end and empty rows are not there."""

    def __init__(self, path: Path, raw: BinaryIO) -> None:
        super().__init__(path, raw)
        try:
            with zipfile.ZipFile(raw) as packed:
                unpacked = sum(part.file_size for part in packed.infolist())
            if unpacked > UNPACKED_BYTES_MAX:
                raise BulkError(_("%(file)s is too large unpacked: send it as CSV.") % {"file": path})
            self._book = load_workbook(raw, read_only=True, data_only=False)
            sheets = [sheet for sheet in self._book.worksheets if sheet.sheet_state == "visible"]
            if len(sheets) != 1:
                told = {"file": path, "count": len(sheets)}
                raise BulkError(_("%(file)s has %(count)s sheets: send one.") % told)
            self._rows_about = sheets[0].max_row or 0
            sheets[0].reset_dimensions()
            self._rows = sheets[0].iter_rows()
            header = [_text(cell)[0] for cell in next(self._rows, ())]
        except _BROKEN as why:
            raise self.damaged(why) from why
        while header and not header[-1]:
            header.pop()
        if not header:
            raise BulkError(_("%(file)s is empty: it needs a header row.") % {"file": path})
        self.columns = self.named(header)
        self._rows_read = 0

    def __iter__(self) -> Iterator[Row | Reject]:
        number = 1
        while True:
            try:
                cells = next(self._rows, None)
            except _BROKEN as why:
                raise self.damaged(why) from why
            if cells is None:
                return
            number += 1
            self._rows_read = number
            if (row := self._row(number, cells)) is not None:
                yield row

    def share_read(self) -> float:
        return min(1.0, self._rows_read / max(1, self._rows_about))

    def _row(self, number: int, cells: Sequence[Any]) -> Row | Reject | None:
        told = [_text(cell) for cell in cells]
        texts = [text for text, _flaw in told]
        while len(texts) > len(self.columns) and not texts[-1]:
            texts.pop()
        texts += [""] * (len(self.columns) - len(texts))
        flaw = next((flaw for _text, flaw in told if flaw), None)
        if flaw is None and any("\0" in text for text in texts):
            flaw = "bad_characters"
        if flaw is None and any(len(text) > CELL_CHARACTERS_MAX for text in texts):
            flaw = "too_long"
        if flaw is None and len(texts) != len(self.columns):
            flaw = "wrong_cell_count"
        if flaw:
            words = in_words(flaw, wanted=len(self.columns), found=len(texts))
            return Reject(number, flaw, words, [text.replace("\0", "\ufffd") for text in texts])
        if not any(texts):
            return None
        return Row(number, {n: t or None for n, t in zip(self.columns, texts, strict=True)}, texts)


def _text(cell: Any) -> tuple[str, str | None]:
    """What a CSV would hold for `cell`, and why it cannot be taken."""
    value = cell.value
    if value is None:
        return "", None
    if cell.data_type in ("f", "e"):
        return str(value), "has_formula"
    flaw = None
    match value:
        case bool():
            text = str(value).upper()
        case int() | float():
            is_whole = isinstance(value, int) or value.is_integer()
            text = str(int(value)) if is_whole else repr(value)
            flaw = "digits_lost" if abs(value) >= DIGITS_KEPT else None
        case datetime() if value.time() != time.min:
            text = value.isoformat(sep=" ")
        case date():
            text = f"{value:%Y-%m-%d}"
        case _:
            text = str(value)
    return text, flaw
