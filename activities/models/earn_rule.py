"""An earn rule: how an activity becomes points."""

from datetime import datetime
from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from points.models import Program
from units.models import BusinessUnit


class EarnRuleQuerySet(models.QuerySet["EarnRule"]):
    """Chainable filters."""

    def in_force(self, at: datetime) -> "EarnRuleQuerySet":
        """The rules that hold at the instant `at`."""
        return self.filter(during__contains=at)


class EarnRule(models.Model):
    """The base rate of a unit in a program: points per whole currency unit, while in force.

    The rules in force when the activity *happened* apply. For one unit and program, ranges never overlap.
    """

    id = models.AutoField(primary_key=True)
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="earn_rules", verbose_name=_("business unit")
    )
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="earn_rules", verbose_name=_("program")
    )
    version = models.PositiveIntegerField(_("version"), default=1)
    points_per_currency_unit = models.DecimalField(
        _("points per currency unit"),
        max_digits=10,
        decimal_places=4,
        validators=[MinValueValidator(Decimal(0))],
    )
    during = DateTimeRangeField(_("in force"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = EarnRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("earn rule")
        verbose_name_plural = _("earn rules")
        constraints = [
            ExclusionConstraint(
                name="base_rates_never_overlap",
                expressions=[
                    ("unit", RangeOperators.EQUAL),
                    ("program", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_(
                    "another base rate of this unit and program is in force in that time"
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(points_per_currency_unit__range=(0, 10_000)), name="base_rate_is_sane"
            ),
            models.UniqueConstraint(fields=["unit", "program", "version"], name="earn_rule_version_is_new"),
        ]

    def __str__(self) -> str:
        return f"{self.unit.code} → {self.program.code} v{self.version}"
