"""A car park of a venue, and the cars that members say are theirs."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from members.models import Identity
from units.models import BusinessUnit, Venue
from units.models.business_unit import CODE_PATTERN


class CarPark(models.Model):
    """Where cars stand, and whose it is. Its code is what its gates call it and never changes."""

    id = models.AutoField(primary_key=True)
    # Beside the venue so that (unit, code) can be unique; a composite foreign key holds the two together.
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="car_parks", verbose_name=_("business unit")
    )
    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="car_parks", verbose_name=_("venue")
    )
    code = models.CharField(_("code"), max_length=24)
    name_zh = models.CharField(_("Chinese name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("car park")
        verbose_name_plural = _("car parks")
        constraints = [
            models.UniqueConstraint(fields=["unit", "code"], name="car_park_code_unique_in_its_unit"),
            models.CheckConstraint(
                condition=models.Q(code__regex=CODE_PATTERN), name="car_park_code_is_plain"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en


class AutoPay(models.TextChoices):
    """What may be used at the barrier without asking. Money never is."""

    NOTHING = "nothing", _("Nothing")
    FREE = "free", _("Passes, free hours and receipts")
    ALL = "all", _("Vouchers and points, too")


class Vehicle(models.Model):
    """What a member chose for a plate of theirs. No row: `free`."""

    identity = models.OneToOneField(
        Identity, on_delete=models.CASCADE, primary_key=True, related_name="vehicle", verbose_name=_("plate")
    )
    auto_pay = models.CharField(
        _("used at the barrier without asking"), max_length=8, choices=AutoPay.choices, default=AutoPay.FREE
    )

    class Meta:
        verbose_name = _("vehicle")
        verbose_name_plural = _("vehicles")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(auto_pay__in=AutoPay.values), name="vehicle_auto_pay_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.identity_id}: {self.auto_pay}"
