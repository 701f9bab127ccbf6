"""A business unit: an operating business of the group."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

CODE_PATTERN = r"^[A-Z][A-Z0-9_-]{1,23}$"


class Sector(models.TextChoices):
    """The four businesses of a property group."""

    RESIDENTIAL = "residential", _("Residential")
    MALL = "mall", _("Mall")
    HOTEL = "hotel", _("Hotel")
    OFFICE = "office", _("Office")


class BusinessUnit(models.Model):
    """An operating business of the group. Its code is its name in files and APIs and never changes."""

    id = models.AutoField(primary_key=True)
    code = models.CharField(_("code"), max_length=24, unique=True)
    name_zh = models.CharField(_("Chinese name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80)
    sector = models.CharField(_("sector"), max_length=12, choices=Sector.choices)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("business unit")
        verbose_name_plural = _("business units")
        constraints = [
            models.CheckConstraint(condition=models.Q(code__regex=CODE_PATTERN), name="unit_code_is_plain"),
            models.CheckConstraint(
                condition=models.Q(sector__in=Sector.values), name="unit_sector_is_one_of_four"
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="unit_currency_is_iso_4217"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en
