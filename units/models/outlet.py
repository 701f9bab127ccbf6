"""An outlet: a shop, restaurant, desk or car park inside a venue."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from units.models.business_unit import BusinessUnit
from units.models.venue import Venue


class Outlet(models.Model):
    """Where something is sold or served. Its code is unique within its unit, as tills know it."""

    id = models.AutoField(primary_key=True)
    # Beside the venue so that (unit, code) can be unique; a composite foreign key holds the two together.
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="outlets", verbose_name=_("business unit")
    )
    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="outlets", verbose_name=_("venue")
    )
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("outlet")
        verbose_name_plural = _("outlets")
        constraints = [
            models.UniqueConstraint(fields=["unit", "code"], name="outlet_code_unique_in_its_unit"),
            models.CheckConstraint(condition=~models.Q(code=""), name="outlet_code_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"
