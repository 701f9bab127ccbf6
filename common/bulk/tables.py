"""Tables as people send them, CSV (plain or gzip), Parquet or XLSX: numbered rows in, refused rows out.

Nothing in a file may crash the reader or be changed silently: an unreadable row is a reject with its reason.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from common.bulk.base import BulkError, Reject, Row, RowRejected, Table
from common.bulk.parquet import ParquetTable
from common.bulk.rejects import RejectsFile
from common.bulk.separated import CsvTable
from common.bulk.workbook import WorkbookTable

__all__ = ["BulkError", "Reject", "RejectsFile", "Row", "RowRejected", "Table", "open_table"]

_NOT_A_TABLE = {
    b"\xd0\xcf\x11\xe0": "a workbook of the old kind (XLS)",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


def open_table(path: Path) -> Table:
    """The table in `path`, told apart by its first bytes, with its columns read.

    :raises BulkError: it is absent, unreadable, empty, or neither CSV in UTF-8 nor Parquet nor a workbook
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
        raise BulkError(_("%(file)s is %(what)s: it must be CSV in UTF-8, Parquet or XLSX.") % told)
    if start == b"PAR1":
        return ParquetTable(path, raw)
    if start == b"PK\x03\x04":
        return WorkbookTable(path, raw)
    return CsvTable(path, raw, is_gzip=start.startswith(b"\x1f\x8b"))
