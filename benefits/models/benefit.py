"""A benefit: what one unit provides and others honour, and what kind of thing it is."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from units.models import BusinessUnit

CODE = r"^[A-Z][A-Z0-9_-]{1,39}$"


def in_reader_language(zh: str, en: str) -> str:
    """The one of two texts that the reader understands."""
    return zh if (get_language() or "zh").startswith("zh") else en


class Measure(models.TextChoices):
    """What a benefit is counted in. Money is in the currency of the benefit's version."""

    COUNT = "count", _("times")
    MINUTES = "minutes", _("minutes")
    MONEY = "money", _("money")


class BenefitKind(models.Model):
    """Free parking, room upgrade, late check-out …: data, so that an operator can add one."""

    id = models.SmallAutoField(primary_key=True)
    code = models.CharField(_("code"), max_length=24, unique=True)
    name_zh = models.CharField(_("Chinese name"), max_length=40)
    name_en = models.CharField(_("English name"), max_length=40)
    measure = models.CharField(_("counted in"), max_length=7, choices=Measure.choices)

    class Meta:
        verbose_name = _("kind of benefit")
        verbose_name_plural = _("kinds of benefits")
        constraints = [
            models.CheckConstraint(condition=models.Q(code__regex=CODE), name="benefit_kind_code_is_plain"),
            models.CheckConstraint(
                condition=models.Q(measure__in=Measure.values), name="benefit_kind_measure_is_known"
            ),
        ]

    def __str__(self) -> str:
        return in_reader_language(self.name_zh, self.name_en)


class Benefit(models.Model):
    """What is offered, under a code that never changes. Everything that may change is in its versions."""

    id = models.AutoField(primary_key=True)
    code = models.CharField(_("code"), max_length=40, unique=True)
    kind = models.ForeignKey(
        BenefitKind, on_delete=models.PROTECT, related_name="benefits", verbose_name=_("kind")
    )
    provider = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="benefits",
        verbose_name=_("provided by"),
        help_text=_("The unit whose promise it is."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("benefit")
        verbose_name_plural = _("benefits")
        constraints = [
            models.CheckConstraint(condition=models.Q(code__regex=CODE), name="benefit_code_is_plain"),
        ]

    def __str__(self) -> str:
        return self.code
