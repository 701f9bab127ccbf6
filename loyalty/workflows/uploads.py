"""Lists that operators upload: kept sealed, checked by a dry run, imported when somebody says so, forgotten.

The work is a worker's: a row that waits is the message, so that nothing is lost with the broker, and two
workers never take the same row. The check is the import itself, with each chunk's writes undone: people who
stand twice in a list, more than a chunk apart, are therefore counted as two by the check.
"""

import base64
import csv
import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as text

from activities.services.importing import activities_task, daily_totals_task
from common.bulk import BulkError, BulkTask, Outcome, Progress, Row, Stopwatch, import_file
from common.bulk.base import REJECTS_HEADER
from common.bulk.tables import open_table
from common.errors import DomainError, InvalidRequest, NotFound
from common.models import ImportUpload, UploadState
from loyalty.workflows.import_members import import_members_task
from members.vault import seal, unseal
from units.selectors.units import unit_by_code

logger = logging.getLogger(__name__)

BYTES_MAX: Final = 30 * 1024 * 1024
KEPT: Final = timedelta(days=7)
# Longer than the longest task may run (CELERY_TASK_TIME_LIMIT).
GIVEN_UP_AFTER: Final = timedelta(hours=4)
KINDS: Final = ("members", "activities", "daily_totals")
CHECK_PREFIX: Final = "check:"
_SAMPLE_MAX: Final = 20


class FileTooLarge(InvalidRequest):
    """Facts: `bytes_max`. Larger lists go by the command line."""

    code = "file_too_large"
    title = text("The file is larger than 30 MB: import it by the command line (docs/imports.md).")


class UnreadableFile(InvalidRequest):
    """It cannot be read as a table, or lacks a column; the words say which."""

    code = "unreadable_file"
    title = text("This file cannot be read.")


class UploadNotReady(DomainError):
    """Only a list that was checked, or stopped half-way, is imported; a discarded one is gone."""

    code = "upload_not_ready"
    title = text("This list cannot be imported now: it is not checked yet, or done, or discarded.")


def take_upload(
    *, kind: str, unit_code: str, program_code: str, file_name: str, content: bytes, by: str, at: datetime
) -> ImportUpload:
    """Keep a list, sealed, to be checked. Nothing of it is imported yet.

    :raises FileTooLarge: more than 30 MB
    :raises UnreadableFile: no table, a column lacks, or there is no such unit or program
    """
    assert kind in KINDS, "the form offers what there is"
    if len(content) > BYTES_MAX:
        raise FileTooLarge(bytes_max=BYTES_MAX)
    upload = ImportUpload(
        kind=kind,
        unit_code=unit_code,
        program_code=program_code,
        file_name=Path(file_name).name[-200:] or "list",
        size_bytes=len(content),
        content=seal(base64.b64encode(content).decode()),
        uploaded_by=by,
        uploaded_at=at,
    )
    with TemporaryDirectory() as folder:
        path = _written(upload, Path(folder))
        try:
            task = _task(upload, at=at)
            table = open_table(path)
            missing = ", ".join(sorted(task.required - set(table.columns)))
            table.close()
        except BulkError as refusal:
            raise UnreadableFile(_without_path(str(refusal), path, upload)) from refusal
    if missing:
        raise UnreadableFile(_("These columns are missing: %(names)s.") % {"names": missing})
    upload.save(force_insert=True)
    return upload


@transaction.atomic
def ask_import(*, upload_id: UUID, by: str, at: datetime) -> ImportUpload:
    """Let a checked list be imported. Asking twice asks once.

    :raises UploadNotReady: not checked yet, done, or discarded
    """
    upload = ImportUpload.objects.select_for_update().get(pk=upload_id)
    if upload.state == UploadState.IMPORT:
        return upload
    if upload.state not in {UploadState.CHECKED, UploadState.FAILED} or upload.content is None:
        raise UploadNotReady
    upload.state, upload.asked_by, upload.problem, upload.share = UploadState.IMPORT, by, "", 0
    upload.finished_at = None
    upload.save(update_fields=["state", "asked_by", "problem", "share", "finished_at"])
    logger.info("upload %s is to be imported, by %s at %s", upload.pk, by, at)
    return upload


@transaction.atomic
def discard_upload(*, upload_id: UUID, by: str, at: datetime) -> ImportUpload:
    """Forget a list that is not imported; its figures stay. Twice discards once.

    :raises UploadNotReady: it is imported, or a worker has it just now
    """
    upload = ImportUpload.objects.select_for_update().get(pk=upload_id)
    if upload.state == UploadState.DISCARDED:
        return upload
    if upload.state == UploadState.DONE or upload.worked_since is not None:
        raise UploadNotReady
    upload.state, upload.content, upload.rejects = UploadState.DISCARDED, None, None
    upload.finished_at = at
    upload.save(update_fields=["state", "content", "rejects", "finished_at"])
    logger.info("upload %s discarded by %s", upload.pk, by)
    return upload


def work_on_uploads(*, at: datetime) -> int:
    """Check and import what waits, oldest first. Safe in parallel. Returns how many lists."""
    done = 0
    while (upload := _claimed(at)) is not None:
        _work(upload, at)
        done += 1
    return done


def refused_rows(upload: ImportUpload) -> bytes | None:
    """The file of refused rows, as an import on the command line would write it; None where there is none."""
    return base64.b64decode(unseal(bytes(upload.rejects))) if upload.rejects is not None else None


def forget_uploads(*, at: datetime) -> int:
    """Drop the files of lists that nobody touched for a week. Returns how many; their figures stay."""
    old = ImportUpload.objects.filter(uploaded_at__lt=at - KEPT, worked_since__isnull=True)
    old = old.filter(Q(content__isnull=False) | Q(rejects__isnull=False))
    waiting = {UploadState.CHECK, UploadState.CHECKED, UploadState.IMPORT, UploadState.FAILED}
    with transaction.atomic():
        forgotten = old.filter(state__in=waiting).update(
            state=UploadState.DISCARDED, content=None, rejects=None, finished_at=at
        )
        return forgotten + old.update(content=None, rejects=None)


@transaction.atomic
def _claimed(at: datetime) -> ImportUpload | None:
    waiting = ImportUpload.objects.select_for_update(skip_locked=True).filter(
        Q(worked_since__isnull=True) | Q(worked_since__lt=at - GIVEN_UP_AFTER),
        state__in=[UploadState.CHECK, UploadState.IMPORT],
    )
    upload = waiting.order_by("uploaded_at").first()
    if upload is not None:
        upload.worked_since = at
        upload.save(update_fields=["worked_since"])
    return upload


def _work(upload: ImportUpload, at: datetime) -> None:
    is_check = upload.state == UploadState.CHECK

    def show(progress: Progress) -> None:
        ImportUpload.objects.filter(pk=upload.pk).update(share=progress.share)

    with TemporaryDirectory() as folder:
        path = _written(upload, Path(folder))
        rejects = path.with_name("rejects.csv")
        try:
            task = _task(upload, at=at)
            report = import_file(
                path,
                task=_without_effect(task) if is_check else task,
                at=at,
                rejects_path=rejects,
                on_progress=show,
            )
        except BulkError as refusal:
            upload.state, upload.problem = UploadState.FAILED, _without_path(str(refusal), path, upload)
        except Exception as failure:
            logger.exception("upload %s stopped", upload.pk)
            upload.state = UploadState.FAILED
            upload.problem = _("It stopped by an error of ours (%(why)s): tell whoever runs the system.") % {
                "why": type(failure).__name__
            }
        else:
            figures = {"read": report.read, "counts": dict(report.counts), "rejected": dict(report.rejected)}
            kept = rejects.read_bytes() if rejects.exists() else None
            upload.rejects = seal(base64.b64encode(kept).decode()) if kept else None
            figures["samples"] = _samples(kept)
            if is_check:
                upload.check_report, upload.state = figures, UploadState.CHECKED
            else:
                upload.report, upload.state = figures, UploadState.DONE
    upload.worked_since, upload.share, upload.finished_at = None, 1, at
    upload.save(
        update_fields=[
            "state", "problem", "check_report", "report", "rejects", "worked_since", "share", "finished_at",
        ]
    )  # fmt: skip


def _task(upload: ImportUpload, *, at: datetime) -> BulkTask[Any]:
    by = upload.asked_by or upload.uploaded_by
    if upload.kind == "members":
        return import_members_task(
            unit_code=upload.unit_code,
            program_code=upload.program_code or None,
            by=by,
            at=at,
            time_zone=settings.TIME_ZONE,
        )
    if upload.kind == "daily_totals":
        return daily_totals_task(at=at)
    try:
        unit = unit_by_code(upload.unit_code)
    except NotFound as absent:
        raise BulkError(_("There is no business unit %(code)s.") % {"code": upload.unit_code}) from absent
    if not unit.is_active:
        raise BulkError(_("The business unit %(code)s is not active.") % {"code": unit.code})
    return activities_task(unit=unit, by=by, at=at)


def _without_effect(task: BulkTask[Any]) -> BulkTask[Any]:
    """`task`, each chunk of which is done in full and undone again: the same refusals, nothing written."""

    def record(rows: Sequence[tuple[Row, Any]], watch: Stopwatch) -> Outcome:
        with transaction.atomic():
            outcome = task.record(rows, watch)
            transaction.set_rollback(True)
        return outcome

    return replace(task, kind=CHECK_PREFIX + task.kind, record=record)


def _written(upload: ImportUpload, folder: Path) -> Path:
    """The file, opened, in a folder that only we enter."""
    assert upload.content is not None, "what is worked on has its file"
    path = folder / f"list{Path(upload.file_name).suffix.lower()[:8]}"
    path.write_bytes(base64.b64decode(unseal(bytes(upload.content))))
    return path


def _without_path(words: str, path: Path, upload: ImportUpload) -> str:
    """Where the file lay for a moment means nothing to whoever uploaded it."""
    return words.replace(str(path), upload.file_name)


def _samples(rejects: bytes | None) -> list[Mapping[str, str]]:
    """Row, reason and words of the first refused rows, without their cells: those hold people's data."""
    lines = csv.reader(io.StringIO((rejects or b"").decode()))
    return [dict(zip(REJECTS_HEADER, line, strict=False)) for line in islice(lines, 1, _SAMPLE_MAX + 1)]
