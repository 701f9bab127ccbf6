"""Bulk imports: tables as people send them, taken in by chunks that resume after any crash."""

from common.bulk.importing import (
    BulkCommand,
    BulkError,
    BulkTask,
    Outcome,
    Progress,
    Reject,
    Report,
    Row,
    RowRejected,
    Stopwatch,
    attributes_of,
    import_file,
)

__all__ = [
    "BulkCommand", "BulkError", "BulkTask", "Outcome", "Progress", "Reject", "Report", "Row", "RowRejected",
    "Stopwatch", "attributes_of", "import_file",
]  # fmt: skip
