"""A draw: how many points of which lot a posting consumed."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models import Member
from points.models.lot import Lot
from points.models.posting import Posting


class Draw(models.Model):
    """Positive: drawn from the lot. Negative: put back into it by a reversal."""

    id = models.BigAutoField(primary_key=True)
    posting = models.ForeignKey(
        Posting,
        on_delete=models.PROTECT,
        related_name="draws",
        db_constraint=False,
        verbose_name=_("posting"),
    )
    lot = models.ForeignKey(
        Lot, on_delete=models.PROTECT, related_name="draws", db_constraint=False, verbose_name=_("lot")
    )
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    points = models.BigIntegerField(_("points"))

    class Meta:
        verbose_name = _("draw")
        verbose_name_plural = _("draws")

    def __str__(self) -> str:
        return f"{self.points} ← {str(self.lot_id)[-8:]}"
