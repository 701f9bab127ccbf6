"""Bulk imports: rows in chunks, each recorded or rejected by name; resumed after any crash.

Each chunk is one transaction that also advances its `ImportRun`: whatever dies at whatever instant, a row is
recorded once. The formats, the reasons and how resuming works are in `docs/imports.md`.
"""

import gc
import json
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseFailure
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as TerminalProgress

from common import clock
from common.bulk.base import chunks_of
from common.bulk.tables import BulkError, Reject, RejectsFile, Row, RowRejected, Table, open_table
from common.clock import Stopwatch
from common.errors import sqlstate
from common.models import ImportRun
from common.sql import retrying

__all__ = [
    "BulkCommand", "BulkError", "BulkTask", "Outcome", "Progress", "Reject", "Report", "Row", "RowRejected",
    "Stopwatch", "attributes_of", "import_file",
]  # fmt: skip

Item = TypeVar("Item")

CHUNK_ROWS = 5_000
LINE_EVERY_SECONDS = 2
CHUNKS_A_SEARCH = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a chunk did: counts by word (`recorded`, `already_there`, …) and the rows that it refused."""

    counts: Mapping[str, int]
    rejects: Sequence[Reject] = ()


@dataclass(frozen=True, slots=True)
class BulkTask(Generic[Item]):
    """How rows of one kind are taken in.

    `read` is pure, runs in another thread and raises RowRejected. `record` gets (row, item) pairs in file
    order inside the chunk's transaction; it runs again where that transaction lost a race.
    """

    kind: str
    unit_code: str
    required: frozenset[str]
    read: Callable[[Row], Item]
    record: Callable[[Sequence[tuple[Row, Item]], Stopwatch], Outcome]
    # Rows of one key that follow one another come in one chunk: the lines of a receipt.
    together: Callable[[Row], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did from the file's first row on, crashes included.

    `rows` and `seconds` are those of this process alone.
    """

    read: int
    counts: Mapping[str, int]
    rejected: Mapping[str, int]
    rejects_path: Path | None
    rows: int
    seconds: float
    stages: Mapping[str, float]


class Progress(NamedTuple):
    """Rows since the file's first, rows of this process, the share of the file read (of 1)."""

    read: int
    rows: int
    share: float


def attributes_of(row: Row, known: frozenset[str]) -> dict[str, str]:
    """The cells of the columns that the format does not know."""
    return {name: cell for name, cell in row.values.items() if cell is not None and name not in known}


def import_file(
    path: Path,
    *,
    task: BulkTask[Any],
    at: datetime,
    rejects_path: Path | None = None,
    chunk_rows: int = CHUNK_ROWS,
    wait_seconds: float = 0,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> Report:
    """Take in the whole of `path`, going on where an earlier run of the same content was cut off.

    A finished file may be imported again: all its rows are looked at again. If the database goes away, it is
    waited for up to `wait_seconds`.

    :raises BulkError: the file is unreadable or lacks a column, the rejects cannot be written, another
        process imports this file, or the database is away
    """
    target = rejects_path or path.with_name(path.name + ".rejects.csv")
    with closing(open_table(path)) as table:
        missing = ", ".join(sorted(task.required - set(table.columns)))
        if missing:
            raise BulkError(_("%(file)s lacks these columns: %(names)s.") % {"file": path, "names": missing})
        with closing(RejectsFile(target, table.columns)) as rejects:
            work = _Import(table, rejects, task, at, wait_seconds)
            try:
                with _no_search_for_cycles():
                    return work.run(chunk_rows, on_progress)
            except KeyboardInterrupt as stop:
                raise BulkError(_("Stopped. Run the same command again to go on.")) from stop


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Leave memory to reference counts: looking for cycles at every turn took a third of an import."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Chunk(NamedTuple):
    last_row: int
    items: list[tuple[Row, Any]]
    rejects: list[Reject]

    @property
    def size(self) -> int:
        return len(self.items) + len(self.rejects)


class _Import:
    """One file on its way in."""

    def __init__(
        self, table: Table, rejects: RejectsFile, task: BulkTask[Any], at: datetime, wait_seconds: float
    ) -> None:
        self.table, self.rejects, self.task, self.at, self.wait_seconds = (
            table,
            rejects,
            task,
            at,
            wait_seconds,
        )
        self.begun = time.monotonic()
        self.watch = Stopwatch()
        self.unsure = False
        self.state = ImportRun(last_row=1)

    def run(self, chunk_rows: int, on_progress: Callable[[Progress], None]) -> Report:
        """Read one chunk ahead while the database works on the one before."""
        with self.watch("read"):
            content = self.table.content_hash()
        self._patiently(lambda: self._begin(content))
        done = 0
        rows = chunks_of(
            (row for row in self.table if row.number > self.state.last_row), chunk_rows, self.task.together
        )
        with ThreadPoolExecutor(
            1, "reader", translation.activate, (translation.get_language() or "en",)
        ) as reader:
            ahead = reader.submit(self._read, rows)
            while (chunk := ahead.result()).size:
                ahead = reader.submit(self._read, rows)
                self._patiently(lambda chunk=chunk: self._post(chunk))  # type: ignore[misc]  # mypy cannot infer it
                done += chunk.size
                if done % (chunk_rows * CHUNKS_A_SEARCH) < chunk.size:
                    gc.collect()  # rows hold no cycles, refusals may
                on_progress(Progress(self.state.counts["read"], done, self.table.share_read()))
        self.table.refuse_change()
        self.state.finished_at = self.at + timedelta(seconds=time.monotonic() - self.begun)
        self._patiently(lambda: self.state.save(update_fields=["finished_at"]))
        counts = dict(self.state.counts)
        kept = self.rejects.path if self.state.rejected else None
        seconds = time.monotonic() - self.begun
        return Report(
            counts.pop("read", 0), counts, self.state.rejected, kept, done, seconds, self.watch.seconds
        )

    def _read(self, rows: Iterator[list[Row | Reject]]) -> _Chunk:
        chunk = _Chunk(0, [], [])
        last_row = 0
        with self.watch("read"):
            for row in next(rows, ()):
                last_row = row.number
                if isinstance(row, Reject):
                    chunk.rejects.append(row)
                    continue
                try:
                    chunk.items.append((row, self.task.read(row)))
                except RowRejected as refusal:
                    chunk.rejects.append(row.refused(refusal.code, str(refusal)))
        return chunk._replace(last_row=last_row)

    @transaction.atomic
    def _begin(self, content: str) -> None:
        """Find the cut-off run of this content, or begin at the first row."""
        run, is_new = ImportRun.objects.select_for_update().get_or_create(
            kind=self.task.kind,
            unit_code=self.task.unit_code,
            content_sha256=content,
            defaults={"started_at": self.at, "file_name": self.table.path.name[-200:]},
        )
        # Rejects that are no longer on disk can only be found again by looking at every row again.
        if is_new or run.finished_at or not self.rejects.resume(run.rejects_bytes, run.rejects_sha256):
            run.last_row, run.counts, run.rejected = 1, {}, {}
            run.started_at, run.finished_at = self.at, None
            run.rejects_bytes, run.rejects_sha256 = self.rejects.start_over()
            run.save()
        self.state = run

    def _post(self, chunk: _Chunk) -> None:
        """Record one chunk and advance the run, in one transaction."""
        before = self.state
        with transaction.atomic():
            with connection.cursor() as cursor:
                # Another file's chunk may hold the same rows for as long as a chunk takes.
                cursor.execute("SET LOCAL lock_timeout = '60s'")
            mine = ImportRun.objects.filter(pk=before.pk, last_row=before.last_row, finished_at=None)
            if not mine.update(last_row=chunk.last_row):
                self.state = self._committed_unheard(chunk)
                return
            outcome = self.task.record(chunk.items, self.watch)
            refused = sorted([*chunk.rejects, *outcome.rejects], key=lambda reject: reject.number)
            after = ImportRun.objects.get(pk=before.pk)
            after.counts = dict(Counter(before.counts) + Counter({"read": chunk.size, **outcome.counts}))
            after.rejected = dict(Counter(before.rejected) + Counter(reject.code for reject in refused))
            after.rejects_bytes, after.rejects_sha256 = self.rejects.write(before.rejects_bytes, refused)
            after.save()
        self.state = after

    def _committed_unheard(self, chunk: _Chunk) -> ImportRun:
        """The run as stored, if the connection was lost between our commit and its answer."""
        stored = ImportRun.objects.get(pk=self.state.pk)
        if self.unsure and stored.last_row == chunk.last_row:
            return stored
        raise BulkError(_("Another process is importing this file: wait for it, then run this again."))

    def _patiently(self, operation: Callable[[], Any]) -> None:
        deadline: float | None = None
        while True:
            try:
                retrying(operation)
            except DatabaseFailure as failure:
                deadline = deadline or time.monotonic() + self.wait_seconds
                self._bear(failure, is_late=time.monotonic() >= deadline)
            else:
                return

    def _bear(self, failure: DatabaseFailure, *, is_late: bool) -> None:
        """Make ready to try again after a lost connection, or say that this is the end of it."""
        code = sqlstate(failure)
        known = isinstance(failure, OperationalError | InterfaceError)
        if not known and code is not None:
            raise failure
        if is_late:
            safe = {"rows": self.state.counts.get("read", 0), "why": code or type(failure).__name__}
            words = _("The database is away or busy (%(why)s) after %(rows)s rows. Run this again to go on.")
            raise BulkError(words % safe) from failure
        self.unsure = True
        connection.close()
        time.sleep(0.25)


class BulkCommand(BaseCommand):
    """The command line of an import: the file, how to report, how to wait. Subclasses say the task."""

    def task(self, options: Mapping[str, Any], at: datetime) -> BulkTask[Any]:
        """What to do with the rows.

        :raises BulkError: the options name nothing that exists
        """
        raise NotImplementedError("each import says its own task")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help="CSV (UTF-8, also .csv.gz), Parquet or XLSX; docs/imports.md says more"
        )
        parser.add_argument("--rejects", type=Path, help="where refused rows go (default: FILE.rejects.csv)")
        parser.add_argument("--timings", action="store_true", help="say where the time went")
        parser.add_argument("--json", action="store_true", help="report as one line of JSON")
        parser.add_argument(
            "--wait", type=float, default=0, metavar="SECONDS", help="bear a lost database so long"
        )
        parser.add_argument("--chunk-rows", type=int, default=CHUNK_ROWS, help="rows of one transaction")

    def handle(self, *_args: Any, **options: Any) -> None:
        at = clock.now()
        try:
            with _display(self.stderr) as show:
                report = import_file(
                    options["file"],
                    task=self.task(options, at),
                    at=at,
                    rejects_path=options["rejects"],
                    chunk_rows=max(1, options["chunk_rows"]),
                    wait_seconds=options["wait"],
                    on_progress=show,
                )
        except BulkError as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["json"]:
            self.stdout.write(json.dumps(asdict(report), default=str))
            return
        for line in _in_words(report, timings=options["timings"]):
            self.stdout.write(line)


def _in_words(report: Report, *, timings: bool) -> Iterator[str]:
    # Words that scripts look for, like the reasons: the same in every language.
    yield f"read: {report.read}"
    yield from (f"{word}: {count}" for word, count in report.counts.items())
    yield f"rejected: {sum(report.rejected.values())}"
    yield from (f"  {code}: {count}" for code, count in sorted(report.rejected.items()))
    if report.rejects_path:
        yield _("rejects are in %(file)s") % {"file": report.rejects_path}
    pace = report.rows / max(report.seconds, 1e-9)
    yield _("%(rows)s rows in %(seconds).1f s: %(pace).0f rows/s") % {
        "rows": report.rows, "seconds": report.seconds, "pace": pace,
    }  # fmt: skip
    if timings:
        # Reading runs beside the rest, in its own thread; what no other stage counts is commits and waiting.
        counted = sum(seconds for stage, seconds in report.stages.items() if stage != "read")
        stages = {**report.stages, "commit and wait": report.seconds - counted}
        yield from (
            f"  {stage}: {seconds:.2f} s ({seconds / report.seconds:.0%})"
            for stage, seconds in stages.items()
        )


@contextmanager
def _display(stream: Any) -> Iterator[Callable[[Progress], None]]:
    """Shows progress: a bar on a terminal, else a line every few seconds."""
    begun = said = time.monotonic()
    if not stream.isatty():

        def say(progress: Progress) -> None:
            nonlocal said
            if time.monotonic() - said >= LINE_EVERY_SECONDS:
                said = time.monotonic()
                pace, left = _pace(progress, said - begun)
                stream.write(
                    f"{progress.share:.0%} · {progress.read} rows · {pace:.0f} rows/s · {left:.0f} s left"
                )

        yield say
        return
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with TerminalProgress(*columns, console=Console(file=stream)) as bar:
        line = bar.add_task("", total=1.0)

        def draw(progress: Progress) -> None:
            pace, _left = _pace(progress, time.monotonic() - begun)
            bar.update(
                line, completed=progress.share, description=f"{progress.read} rows · {pace:.0f} rows/s"
            )

        yield draw


def _pace(progress: Progress, seconds: float) -> tuple[float, float]:
    """Rows a second, and the seconds left if the rest of the file goes on like this."""
    return progress.rows / max(seconds, 1e-9), seconds * (1 - progress.share) / max(progress.share, 1e-9)
