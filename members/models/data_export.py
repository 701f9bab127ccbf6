"""A member's wish for a copy of their data, good for some days. The copy is made when it is fetched."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models.member import Member


class DataExport(models.Model):
    """Nothing is stored but the wish: no copy lies about, and none is left to erase."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="data_exports", verbose_name=_("member")
    )
    asked_by = models.CharField(_("asked by"), max_length=80)
    asked_at = models.DateTimeField(_("asked"))
    expires_at = models.DateTimeField(_("expires"))

    class Meta:
        verbose_name = _("data export")
        verbose_name_plural = _("data exports")
        indexes = [models.Index(fields=["member", "-asked_at"], name="data_export_newest_first")]

    def __str__(self) -> str:
        return str(self.pk)[-8:]
