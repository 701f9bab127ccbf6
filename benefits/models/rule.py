"""An entitlement rule: who has a benefit by what they are, and how much of it in a period."""

from datetime import datetime
from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from benefits.models.benefit import CODE, Benefit
from benefits.models.fact_set import FactSet
from members.models import ResidencyRole, Tier
from units.models import BusinessUnit, Venue

AMOUNT_MAX = Decimal(10_000_000)


class QuotaPeriod(models.TextChoices):
    """How often the quota is given anew."""

    DAY = "day", _("a day")
    MONTH = "month", _("a month")
    QUARTER = "quarter", _("a quarter")
    YEAR = "year", _("a year")
    STAY = "stay", _("a stay")
    TOTAL = "total", _("in all")


class PeriodZone(models.TextChoices):
    """Whose midnight begins a period."""

    GROUP = "group", _("The group's")
    VENUE = "venue", _("The venue's where it is used")


class Sharing(models.TextChoices):
    """Who else may use it, out of the same quota."""

    OWN = "own", _("Nobody else")
    HOUSEHOLD = "household", _("The household")
    HOME = "home", _("The family of the residency")


class EntitlementRuleQuerySet(models.QuerySet["EntitlementRule"]):
    """Chainable filters."""

    def in_force(self, at: datetime) -> "EntitlementRuleQuerySet":
        """The rules that hold at the instant `at`."""
        return self.filter(during__contains=at)


class EntitlementRule(models.Model):
    """Who meets every condition that is set has `amount` of the benefit in each period.

    A tier means that level and above; of the rules by tier of one benefit, only the highest that is reached
    counts. A rule with a role gives each residency a right of its own, which begins and ends with it.
    """

    id = models.AutoField(primary_key=True)
    code = models.CharField(_("code"), max_length=40)
    version = models.PositiveIntegerField(_("version"), default=1)
    benefit = models.ForeignKey(
        Benefit, on_delete=models.PROTECT, related_name="rules", verbose_name=_("benefit")
    )
    during = DateTimeRangeField(_("in force"))
    tier = models.ForeignKey(
        Tier,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("tier at least"),
    )
    role = models.CharField(_("role"), max_length=16, choices=ResidencyRole.choices, blank=True, default="")
    unit = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("role at a venue of"),
    )
    venue = models.ForeignKey(
        Venue, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("role at")
    )
    enrolled_at = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("enrolled at"),
    )
    in_birth_month = models.BooleanField(_("in the month of their birthday"), default=False)
    fact_set = models.ForeignKey(
        FactSet, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("segment")
    )
    amount = models.DecimalField(
        _("amount"),
        max_digits=12,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01")), MaxValueValidator(AMOUNT_MAX)],
    )
    period = models.CharField(_("quota"), max_length=7, choices=QuotaPeriod.choices)
    zone = models.CharField(_("midnight"), max_length=5, choices=PeriodZone.choices, default=PeriodZone.GROUP)
    sharing = models.CharField(_("shared with"), max_length=9, choices=Sharing.choices, default=Sharing.OWN)
    is_pro_rata = models.BooleanField(
        _("pro rata"),
        default=False,
        help_text=_("In a period in which the role begins or ends, only its days' share; rounded up."),
    )
    published_by = models.CharField(_("published by"), max_length=80)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = EntitlementRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("entitlement rule")
        verbose_name_plural = _("entitlement rules")
        constraints = [
            ExclusionConstraint(
                name="entitlement_rules_never_overlap",
                expressions=[("code", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                violation_error_message=_("another version of this rule is in force in that time"),
            ),
            models.UniqueConstraint(fields=["code", "version"], name="entitlement_rule_version_is_new"),
            models.CheckConstraint(condition=models.Q(code__regex=CODE), name="rule_code_is_plain"),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, amount__lte=AMOUNT_MAX), name="rule_amount_is_sane"
            ),
            models.CheckConstraint(
                condition=models.Q(period__in=QuotaPeriod.values)
                & models.Q(zone__in=PeriodZone.values)
                & models.Q(sharing__in=Sharing.values),
                name="rule_words_are_known",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=ResidencyRole.values)
                | models.Q(role="", unit__isnull=True, venue__isnull=True, is_pro_rata=False)
                & ~models.Q(period="stay")
                & ~models.Q(sharing="home"),
                name="what_hangs_on_a_role_names_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"
