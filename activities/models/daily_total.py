"""A daily total: all sales of a unit on one day, members' and anonymous together."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from units.models import BusinessUnit


class DailyTotal(models.Model):
    """What the members' share of sales is measured against."""

    id = models.BigAutoField(primary_key=True)
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="daily_totals", verbose_name=_("business unit")
    )
    date = models.DateField(_("date"))
    amount = models.DecimalField(_("amount"), max_digits=17, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    orders = models.PositiveIntegerField(
        _("orders"), null=True, blank=True, help_text=_("Empty: the unit does not know.")
    )

    class Meta:
        verbose_name = _("daily total")
        verbose_name_plural = _("daily totals")
        constraints = [
            models.UniqueConstraint(fields=["unit", "date", "currency"], name="one_total_a_unit_and_day"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="daily_total_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.date}"
