"""The codes of a batch as a file: one person asks, another agrees, each download is on record."""

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import openpyxl
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from benefits.models import ExportState, Voucher, VoucherBatch, VoucherDownload, VoucherExport, VoucherState
from benefits.rules.spreadsheets import harmless
from benefits.rules.voucher_codes import in_groups
from common.errors import DomainError, InvalidRequest
from points.services.approvals import (
    TEXT_MAX,
    AlreadyDecided,
    TextTooLong,
    refuse_foreign,
    refuse_own,
    refuse_without,
)

ASK_EXPORT: Final = "benefits.can_ask_voucher_export"
APPROVE_EXPORT: Final = "benefits.can_approve_voucher_export"
# How long an approval lets its asker download.
DOWNLOADABLE_FOR: Final = timedelta(hours=24)
VOUCHERS_MAX: Final = 100_000
COLUMNS: Final = ("batch", "name", "code", "valid_from", "expires_at")


class ExportNotApproved(DomainError):
    """Nobody agreed to it, or too long ago. Facts: `state`."""

    code = "export_not_approved"
    title = _("This export is not approved, or its time is over.")


class ExportTooLong(DomainError):
    """More codes than one file takes. Facts: `vouchers_max`."""

    code = "export_too_long"
    status = 422
    title = _("The batch has more codes than one file takes.")


@transaction.atomic
def ask_export(*, batch: VoucherBatch, reason: str, by: User, at: datetime) -> VoucherExport:
    """Ask for the codes of a batch: those of nobody in particular that are still usable.

    :raises Forbidden: `by` may not ask
    :raises InvalidRequest: no reason
    :raises TextTooLong: a reason of more than 300 characters
    """
    refuse_without(ASK_EXPORT, by)
    if not reason.strip():
        raise InvalidRequest(field="reason")
    _refuse_long(reason, "reason")
    return VoucherExport.objects.create(batch=batch, reason=reason.strip(), asked_by=by, asked_at=at)


@transaction.atomic
def approve_export(*, export: VoucherExport, by: User, at: datetime, note: str = "") -> VoucherExport:
    """Agree that who asked may download the codes within a day.

    :raises Forbidden: `by` may not decide
    :raises OwnRequest: `by` asked for it
    :raises AlreadyDecided: somebody was here before
    """
    return _decided(export, ExportState.APPROVED, by=by, at=at, note=note)


@transaction.atomic
def reject_export(*, export: VoucherExport, by: User, at: datetime, note: str = "") -> VoucherExport:
    """Refuse it.

    :raises Forbidden, OwnRequest, AlreadyDecided: as for an approval
    """
    return _decided(export, ExportState.REJECTED, by=by, at=at, note=note)


@transaction.atomic
def withdraw_export(*, export: VoucherExport, by: User, at: datetime, note: str = "") -> VoucherExport:
    """Take back one's own.

    :raises NotOwnRequest: somebody else asked
    :raises AlreadyDecided: it was decided meanwhile
    """
    waiting = _waiting(export)
    refuse_foreign(waiting.asked_by_id, by)
    return _written(waiting, ExportState.WITHDRAWN, by=by, at=at, note=note)


@transaction.atomic
def download_export(*, export: VoucherExport, form: str, by: User, at: datetime) -> bytes:
    """The file (`csv` or `xlsx`), for whoever asked; the download is on record with the file's digest.

    :raises NotOwnRequest: somebody else asked
    :raises ExportNotApproved: not approved, or more than a day ago
    :raises ExportTooLong: more than 100,000 codes
    """
    assert form in {"csv", "xlsx"}, "the door offers two forms"
    refuse_without(ASK_EXPORT, by)
    refuse_foreign(export.asked_by_id, by)
    fresh = VoucherExport.objects.select_related("batch").get(pk=export.pk)
    is_open = fresh.decided_at is not None and at < fresh.decided_at + DOWNLOADABLE_FOR
    if fresh.state != ExportState.APPROVED or not is_open:
        raise ExportNotApproved(state=fresh.state)
    usable = Voucher.objects.filter(batch=fresh.batch, member=None, state=VoucherState.ISSUED)
    vouchers = list(usable.order_by("id")[: VOUCHERS_MAX + 1])
    if len(vouchers) > VOUCHERS_MAX:
        raise ExportTooLong(vouchers_max=VOUCHERS_MAX)
    content = (_as_csv if form == "csv" else _as_xlsx)(_rows(fresh.batch, vouchers))
    VoucherDownload.objects.create(
        export=fresh,
        by=by,
        at=at,
        form=form,
        vouchers=len(vouchers),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return content


def _rows(batch: VoucherBatch, vouchers: list[Voucher]) -> Iterator[list[str]]:
    yield list(COLUMNS)
    for voucher in vouchers:
        told = (
            batch.code,
            batch.name_zh,
            in_groups(voucher.code),
            voucher.valid_from.isoformat(),
            voucher.expires_at.isoformat(),
        )
        yield [harmless(text) for text in told]


def _as_csv(rows: Iterator[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    # With its mark, so that spreadsheets read the Chinese as UTF-8.
    return text.getvalue().encode("utf-8-sig")


def _as_xlsx(rows: Iterator[list[str]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("vouchers")
    for row in rows:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _decided(
    export: VoucherExport, state: ExportState, *, by: User, at: datetime, note: str
) -> VoucherExport:
    refuse_without(APPROVE_EXPORT, by)
    waiting = _waiting(export)
    refuse_own(waiting.asked_by_id, by)
    return _written(waiting, state, by=by, at=at, note=note)


def _waiting(export: VoucherExport) -> VoucherExport:
    fresh = VoucherExport.objects.select_for_update(no_key=True).get(pk=export.pk)
    if fresh.decided_at is not None:
        raise AlreadyDecided(state=fresh.state)
    return fresh


def _written(
    waiting: VoucherExport, state: ExportState, *, by: User, at: datetime, note: str
) -> VoucherExport:
    _refuse_long(note, "note")
    waiting.state, waiting.decided_by, waiting.decided_at, waiting.note = state, by, at, note.strip()
    waiting.save()
    return waiting


def _refuse_long(text: str, field: str) -> None:
    if len(text) > TEXT_MAX:
        raise TextTooLong(field=field)
