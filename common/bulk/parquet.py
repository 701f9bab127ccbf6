"""Parquet: a table of typed columns, read as the text that a CSV would hold."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from common.bulk.base import CELL_CHARACTERS_MAX, DAMAGE, BulkError, Reject, Row, Table, in_words


class ParquetTable(Table):
    """Values become the text that a CSV would hold: numbers plainly, instants in UTC with their Z."""

    def __init__(self, path: Path, raw: BinaryIO) -> None:
        super().__init__(path, raw)
        try:
            self._file = pq.ParquetFile(raw)
        except DAMAGE as why:
            raise self.damaged(why) from why
        self.columns = self.named(self._file.schema_arrow.names)
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
        except DAMAGE as why:
            raise self.damaged(why) from why

    def share_read(self) -> float:
        return float(self._rows_read / max(1, self._file.metadata.num_rows))

    def _row(self, number: int, values: Sequence[str | None]) -> Row | Reject:
        cells = [value or "" for value in values]
        joined = "".join(cells)
        flaw = "bad_characters" if "\0" in joined else None
        if len(joined) > CELL_CHARACTERS_MAX and any(len(cell) > CELL_CHARACTERS_MAX for cell in cells):
            flaw = "too_long"
        if flaw:
            return Reject(number, flaw, in_words(flaw), [cell.replace("\0", "\ufffd") for cell in cells])
        return Row(number, {n: c or None for n, c in zip(self.columns, cells, strict=True)}, cells)


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
