"""An export of a batch's codes: asked for by one person, agreed to by another, each download on record."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from benefits.models.voucher_batch import VoucherBatch
from common.clock import uuid7


class ExportState(models.TextChoices):
    """Asked until decided."""

    ASKED = "asked", _("Waiting")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class VoucherExport(models.Model):
    """Somebody wants the codes of a batch as a file. Never by one person alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(
        VoucherBatch, on_delete=models.PROTECT, related_name="exports", verbose_name=_("voucher batch")
    )
    reason = models.CharField(_("what for"), max_length=300)
    state = models.CharField(_("state"), max_length=9, choices=ExportState.choices, default=ExportState.ASKED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    note = models.CharField(_("note"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("export of codes")
        verbose_name_plural = _("exports of codes")
        constraints = [
            models.CheckConstraint(condition=Q(reason__gt=""), name="voucher_export_has_a_reason"),
            models.CheckConstraint(
                condition=Q(state="asked", decided_by=None, decided_at=None)
                | Q(
                    ~Q(decided_by=F("asked_by")),
                    state__in=["approved", "rejected"],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                )
                | Q(
                    state="withdrawn",
                    decided_by=F("asked_by"),
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
                name="voucher_export_is_decided_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.state}"


class VoucherDownload(models.Model):
    """Append-only: who took the codes of an approved export away, when, and the file's digest."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    export = models.ForeignKey(
        VoucherExport, on_delete=models.PROTECT, related_name="downloads", verbose_name=_("export of codes")
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))
    form = models.CharField(_("form"), max_length=4)
    vouchers = models.PositiveIntegerField(_("vouchers"))
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)

    class Meta:
        verbose_name = _("download of codes")
        verbose_name_plural = _("downloads of codes")
        constraints = [
            models.CheckConstraint(
                condition=Q(form__in=["csv", "xlsx"]), name="voucher_download_form_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.export_id} {self.form}"
