"""A program: one points currency, its expiry policy and what a point costs."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from units.models import BusinessUnit
from units.models.business_unit import CODE_PATTERN
from units.models.venue import validate_time_zone


class ExpiryKind(models.TextChoices):
    """How long points live. The count means days, months or years.

    Rolling: N days after the member last earned or redeemed; a transfer or an exchange renews nothing.
    """

    NEVER = "never", _("Never")
    DAYS = "days", _("N days after accrual")
    MONTH_END = "month_end", _("End of the month, N months on")
    YEAR_END = "year_end", _("End of the Nth calendar year (0 = this one)")
    ROLLING = "rolling", _("N days after the last earning or redeeming")


class ReversalPolicy(models.TextChoices):
    """What a refund does when the earned points are already spent."""

    DEBT = "debt", _("Record a debt that later accruals repay first")
    CLAMP = "clamp", _("Take what is there, forgive the rest")
    REFUSE = "refuse", _("Refuse")


class Program(models.Model):
    """A points currency. Changing its policy touches future lots only: a lot keeps its own expiry instant."""

    id = models.AutoField(primary_key=True)
    code = models.CharField(_("code"), max_length=24, unique=True)
    name_zh = models.CharField(_("Chinese name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80)
    owner = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="programs",
        null=True,
        blank=True,
        verbose_name=_("owning unit (empty: the group)"),
    )
    expiry_kind = models.CharField(
        _("expiry"), max_length=10, choices=ExpiryKind.choices, default=ExpiryKind.NEVER
    )
    expiry_count = models.PositiveSmallIntegerField(_("N"), default=0)
    time_zone = models.CharField(
        _("time zone"), max_length=40, default="Asia/Shanghai", validators=[validate_time_zone]
    )
    unit_cost = models.DecimalField(
        _("cost per point"),
        max_digits=12,
        decimal_places=6,
        default=Decimal("0.01"),
        validators=[MinValueValidator(Decimal(0))],
    )
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    reversal_policy = models.CharField(
        _("refund of spent points"), max_length=6, choices=ReversalPolicy.choices, default=ReversalPolicy.DEBT
    )
    grace_days = models.PositiveSmallIntegerField(
        _("grace after a cancelled redemption (days; 0: none)"), default=30
    )
    # Of the giver, in this program's own time zone. What a household pools for a redemption counts too.
    transfer_cap_day = models.PositiveBigIntegerField(
        _("points a member may transfer in a day (empty: no limit)"), null=True, blank=True
    )
    transfer_cap_month = models.PositiveBigIntegerField(
        _("points a member may transfer in a month (empty: no limit)"), null=True, blank=True
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("points program")
        verbose_name_plural = _("points programs")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(code__regex=CODE_PATTERN), name="program_code_is_plain"
            ),
            models.CheckConstraint(condition=models.Q(unit_cost__gte=0), name="program_cost_is_not_negative"),
            models.CheckConstraint(
                condition=models.Q(expiry_kind__in=ExpiryKind.values), name="program_expiry_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(reversal_policy__in=ReversalPolicy.values),
                name="program_reversal_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(expiry_count__lte=3660)
                & (~models.Q(expiry_kind__in=["days", "rolling"]) | models.Q(expiry_count__gte=1)),
                name="program_expiry_count_is_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en
