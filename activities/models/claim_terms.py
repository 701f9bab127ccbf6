"""How long a unit's anonymous receipts may be claimed."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from units.models import BusinessUnit

CLAIM_DAYS: Final = 30


class ClaimTerms(models.Model):
    """The days after a sale in which a member may claim it with the receipt. Without terms: 30; 0: never."""

    id = models.AutoField(primary_key=True)
    unit = models.OneToOneField(
        BusinessUnit, on_delete=models.PROTECT, related_name="claim_terms", verbose_name=_("business unit")
    )
    days = models.PositiveSmallIntegerField(
        _("days to claim"),
        default=CLAIM_DAYS,
        help_text=_("Counted from the sale. 0: receipts of this unit cannot be claimed."),
    )

    class Meta:
        verbose_name = _("terms of claims")
        verbose_name_plural = _("terms of claims")
        constraints = [
            models.CheckConstraint(condition=models.Q(days__lte=366), name="claim_days_are_at_most_a_year"),
        ]

    def __str__(self) -> str:
        return f"{self.unit.code}: {self.days}"
