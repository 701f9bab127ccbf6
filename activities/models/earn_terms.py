"""What an earn rule and a proposal for one have in common: whose it is, its effect and its terms."""

import re
from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from points.models import Program
from units.models import BusinessUnit

RULE_CODE_PATTERN = r"^[A-Z][A-Z0-9_-]{1,49}$"


class EarnEffect(models.TextChoices):
    """What a rule does when it is taken."""

    BASE = "base", _("Gives points")
    MULTIPLIER = "multiplier", _("Multiplies points")
    CAP = "cap", _("Caps points")
    EXCLUSION = "exclusion", _("Excludes")
    TAX = "tax", _("Takes tax off")


class EarnTerms(models.Model):
    """The columns of both. `terms` is a document that activities/rules/earn_terms.py reads, strictly."""

    code = models.CharField(_("rule code"), max_length=50)
    name_zh = models.CharField(_("name in Chinese"), max_length=80, blank=True, default="")
    name_en = models.CharField(_("name in English"), max_length=80, blank=True, default="")
    unit = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("business unit (empty: several)"),
    )
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", verbose_name=_("program")
    )
    effect = models.CharField(_("effect"), max_length=10, choices=EarnEffect.choices, default=EarnEffect.BASE)
    priority = models.SmallIntegerField(_("priority"), default=0)
    points_per_currency_unit = models.DecimalField(
        _("points per currency unit"),
        max_digits=10,
        decimal_places=4,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
    )
    fixed_points = models.PositiveIntegerField(_("points per activity"), default=0)
    factor = models.DecimalField(_("factor"), max_digits=7, decimal_places=3, null=True, blank=True)
    tax_percent = models.DecimalField(
        _("tax contained (%)"), max_digits=6, decimal_places=3, null=True, blank=True
    )
    terms = models.JSONField(_("terms"), default=dict, blank=True)

    class Meta:
        abstract = True

    @property
    def code_is_odd(self) -> bool:
        """Whether no rule could have this code."""
        return re.fullmatch(RULE_CODE_PATTERN, self.code, re.ASCII) is None

    @property
    def name(self) -> str:
        """The name in the reader's language; the code where it has none."""
        is_chinese = (get_language() or "zh").startswith("zh")
        return (self.name_zh if is_chinese else self.name_en) or self.code


def effect_fits(prefix: str) -> list[models.CheckConstraint]:
    """What the database refuses of either table: each effect has its own number, and only that."""
    q = models.Q
    nothing = q(points_per_currency_unit=0, fixed_points=0)
    return [
        models.CheckConstraint(condition=q(effect__in=EarnEffect.values), name=f"{prefix}_effect_is_known"),
        models.CheckConstraint(
            condition=q(points_per_currency_unit__range=(0, 10_000)), name=f"{prefix}_rate_is_sane"
        ),
        models.CheckConstraint(
            condition=q(fixed_points__range=(0, 1_000_000_000)), name=f"{prefix}_points_are_sane"
        ),
        models.CheckConstraint(
            condition=q(effect="base", factor__isnull=True, tax_percent__isnull=True)
            | (
                nothing
                & q(
                    effect="multiplier",
                    factor__isnull=False,
                    factor__gt=1,
                    factor__lte=100,
                    tax_percent__isnull=True,
                )
            )
            | (
                nothing
                & q(
                    effect="tax",
                    tax_percent__isnull=False,
                    tax_percent__gt=0,
                    tax_percent__lt=100,
                    factor__isnull=True,
                )
            )
            | (nothing & q(effect__in=["cap", "exclusion"], factor__isnull=True, tax_percent__isnull=True)),
            name=f"{prefix}_effect_has_its_number",
        ),
        models.CheckConstraint(condition=q(code__regex=RULE_CODE_PATTERN), name=f"{prefix}_code_is_plain"),
    ]
