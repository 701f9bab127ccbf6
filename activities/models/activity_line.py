"""A line of an activity: an article of a receipt, a position of a folio, a part of a fee."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from activities.models.activity import Activity


class ActivityLine(models.Model):
    """Lines are numbered from 1 and add up to the activity's amount, or there are none.

    A refund's line bears the number of the sale's line that it refunds, and what is given back of it.
    `refunded` is kept by the database (activities/sql/lines_v1.sql).
    """

    id = models.BigAutoField(primary_key=True)
    activity = models.ForeignKey(
        Activity, on_delete=models.PROTECT, related_name="lines", db_index=False, verbose_name=_("activity")
    )
    number = models.PositiveSmallIntegerField(_("line"))
    item = models.CharField(_("article"), max_length=80, blank=True, default="")
    category = models.CharField(_("category"), max_length=80, blank=True, default="")
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3, null=True, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=17, decimal_places=2)
    refunded = models.DecimalField(_("refunded"), max_digits=17, decimal_places=2, default=0, db_default=0)

    class Meta:
        verbose_name = _("line of an activity")
        verbose_name_plural = _("lines of activities")
        constraints = [
            models.UniqueConstraint(fields=["activity", "number"], name="activity_line_number_is_new"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="activity_lines_count_from_one"),
            models.CheckConstraint(
                condition=models.Q(refunded__gte=0) & models.Q(refunded__lte=models.F("amount")),
                name="activity_line_refunded_within_amount",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.item or self.category}".rstrip()
