"""Exports of codes: one person asks, another decides, then the first downloads, on record."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from benefits.models import ExportState, VoucherExport
from benefits.services.voucher_exports import (
    APPROVE_EXPORT,
    approve_export,
    download_export,
    reject_export,
    withdraw_export,
)
from common import clock
from common.admin import Panel
from common.errors import DomainError
from points.admin.acts import operator_of
from points.admin.decisions import DecidedByAnother, Decisions
from points.admin.moments import moment

STATE_COLOURS = {
    ExportState.ASKED: "warning",
    ExportState.APPROVED: "success",
    ExportState.REJECTED: "danger",
    ExportState.WITHDRAWN: "default",
}
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@admin.register(VoucherExport)
class VoucherExportAdmin(DecidedByAnother):
    """What waits comes first."""

    list_display = ("asked_at", "batch", "state_label", "reason", "asked_by", "decided_by", "decided_at")
    list_filter = ("state", "batch")
    list_select_related = ("batch", "asked_by", "decided_by")
    ordering = (Case(When(state="asked", then=Value(0)), default=Value(1)), "-asked_at", "-id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("batch", "state"),
                    "reason",
                    ("asked_by", "asked_at"),
                    ("decided_by", "decided_at"),
                    "note",
                )
            },
        ),
    )
    actions_detail = ("approve", "reject", "withdraw", "download_csv", "download_xlsx")
    decisions = Decisions("export", approve_export, reject_export, withdraw_export)
    decide_right = APPROVE_EXPORT
    waiting_state = ExportState.ASKED
    asker_field = "asked_by_id"
    approved_words = _("Approved: who asked may download it within a day.")

    def panels(self, row: VoucherExport, at: datetime) -> list[Panel]:  # noqa: ARG002 -- history does not age
        """Who took the codes away."""
        return [
            Panel(
                title=_("Downloads"),
                headers=[_("at"), _("by"), _("form"), _("vouchers"), _("SHA-256 of the file")],
                rows=[
                    (moment(told.at), told.by, told.form, f"{told.vouchers:,}", told.sha256[:16] + "…")
                    for told in row.downloads.select_related("by").order_by("at")
                ],
                right=frozenset({3}),
            )
        ]

    def asked_panel(self, row: VoucherExport) -> Panel:
        """Which codes, what for."""
        return Panel(
            title=_("What was asked"),
            headers=[_("voucher batch"), _("issued"), _("what for"), _("asked by"), _("asked")],
            rows=[(row.batch, f"{row.batch.issued:,}", row.reason, row.asked_by, moment(row.asked_at))],
            right=frozenset({1}),
        )

    def has_download_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Who asked, once another person agreed."""
        row = self.get_object(request, object_id)
        return row is not None and row.state == ExportState.APPROVED and row.asked_by_id == request.user.pk

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, export: VoucherExport) -> tuple[str, str]:
        """In its colour."""
        return export.state, export.get_state_display()

    @action(description=_("Download CSV"), url_path="csv", permissions=["download"], icon="download")
    def download_csv(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """As text."""
        return self._file(request, object_id, "csv")

    @action(description=_("Download XLSX"), url_path="xlsx", permissions=["download"], icon="download")
    def download_xlsx(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """As a workbook."""
        return self._file(request, object_id, "xlsx")

    def _file(self, request: HttpRequest, object_id: str, form: str) -> HttpResponse:
        export: Any = self.get_object(request, object_id)
        try:
            content = download_export(export=export, form=form, by=operator_of(request), at=clock.now())
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:benefits_voucherexport_change", args=[export.pk]))
        name = f"vouchers-{export.batch.code}.{form}"
        return HttpResponse(
            content,
            content_type=_TYPES[form],
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )
