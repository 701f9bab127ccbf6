"""The rejects file: the refused rows of an import, for a person to mend."""

import csv
import fcntl
import hashlib
import io
import os
from collections.abc import Sequence
from pathlib import Path

from django.utils.translation import gettext as _

from common.bulk.base import CELL_CHARACTERS_MAX, FORMULA_STARTS, REJECTS_HEADER, BulkError, Reject


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


def _as_csv(lines: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode("utf-8")


def _guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, cut to a bearable length."""
    cell = cell if len(cell) <= CELL_CHARACTERS_MAX else cell[:CELL_CHARACTERS_MAX] + "…"
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
