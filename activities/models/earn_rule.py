"""An earn rule: how an activity becomes points, in versions that are never rewritten."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from activities.models.earn_terms import EarnTerms, effect_fits
from points.models import Program
from units.models import BusinessUnit


class EarnRuleQuerySet(models.QuerySet["EarnRule"]):
    """Chainable filters."""

    def in_force(self, at: datetime) -> "EarnRuleQuerySet":
        """The rules that hold at the instant `at`."""
        return self.filter(during__contains=at)


class EarnRule(EarnTerms):
    """One version of a rule, in force while `during`. What happened then earns by it, whenever it is heard.

    Versions of one code never overlap, and only their end can still be moved (sql/earn_rules_v1.sql). Every
    row is approved: what is only proposed is an `EarnRuleProposal`. Rows from before there were approvals
    name nobody.
    """

    id = models.AutoField(primary_key=True)
    unit = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="earn_rules",
        null=True,
        blank=True,
        verbose_name=_("business unit (empty: several)"),
    )
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="earn_rules", verbose_name=_("program")
    )
    version = models.PositiveIntegerField(_("version"), default=1)
    during = DateTimeRangeField(_("in force"))
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("proposed by"),
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("approved by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = EarnRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("earn rule")
        verbose_name_plural = _("earn rules")
        constraints = [
            *effect_fits("earn_rule"),
            ExclusionConstraint(
                name="earn_rule_versions_never_overlap",
                expressions=[("code", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                violation_error_message=_("another version of this rule is in force in that time"),
            ),
            models.UniqueConstraint(fields=["code", "version"], name="earn_rule_version_is_new"),
            models.CheckConstraint(
                condition=models.Q(during__isempty=False), name="earn_rule_range_is_not_empty"
            ),
            models.CheckConstraint(
                condition=models.Q(proposed_by=None, approved_by=None)
                | models.Q(
                    ~models.Q(approved_by=models.F("proposed_by")),
                    proposed_by__isnull=False,
                    approved_by__isnull=False,
                ),
                name="earn_rule_is_approved_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"
