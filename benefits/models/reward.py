"""A reward: what members get for points, or for points and money; and the picture that shows it."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from benefits.models.voucher_batch import VoucherBatch
from common.clock import uuid7
from members.models import ResidencyRole, Tier
from points.models import Program
from units.models import BusinessUnit
from units.models.business_unit import CODE_PATTERN

POINTS_MAX = 1_000_000_000


class RewardKind(models.TextChoices):
    """How a reward reaches the member."""

    ITEM = "item", _("Handed over at an outlet")
    VOUCHER = "voucher", _("A voucher, at once")


class LimitPeriod(models.TextChoices):
    """In which time a member's limit counts; days and months are the program's."""

    EVER = "ever", _("in all")
    MONTH = "month", _("a month")
    DAY = "day", _("a day")


class RewardPicture(models.Model):
    """A picture, drawn anew from what was uploaded and named by its digest: it never changes.

    Kept in the database, so that web processes stay without state and a backup has it (ADR 0017).
    """

    sha256 = models.CharField(_("SHA-256"), max_length=64, primary_key=True)
    content = models.BinaryField(_("content"))
    width = models.PositiveSmallIntegerField(_("width"))
    height = models.PositiveSmallIntegerField(_("height"))
    uploaded_by = models.CharField(_("uploaded by"), max_length=80)
    uploaded_at = models.DateTimeField(_("uploaded"))

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")

    def __str__(self) -> str:
        return f"{self.width}×{self.height}"


class Reward(models.Model):
    """Something in the catalogue. An order keeps the price it was placed at; the catalogue may change."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(_("code"), max_length=24, unique=True)
    provider = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("provided by"),
        help_text=_("The unit whose goods these are."),
    )
    kind = models.CharField(_("kind"), max_length=7, choices=RewardKind.choices, default=RewardKind.ITEM)
    name_zh = models.CharField(_("Chinese name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80)
    terms_zh = models.TextField(_("terms in Chinese"), max_length=2000, blank=True, default="")
    terms_en = models.TextField(_("terms in English"), max_length=2000, blank=True, default="")
    picture = models.ForeignKey(
        RewardPicture,
        on_delete=models.PROTECT,
        related_name="rewards",
        null=True,
        blank=True,
        editable=False,
        verbose_name=_("picture"),
    )
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", verbose_name=_("price in the points of")
    )
    price_points = models.PositiveIntegerField(_("price in points"))
    price_money = models.DecimalField(
        _("and in money"),
        max_digits=12,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Paid at the till when it is picked up, under the till's receipt."),
    )
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    cost = models.DecimalField(
        _("what one costs its provider"),
        max_digits=12,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
    )
    batch = models.ForeignKey(
        VoucherBatch,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("voucher batch"),
        help_text=_("For a voucher: where it comes from."),
    )
    starts_at = models.DateTimeField(_("offered from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    pickup_days = models.PositiveSmallIntegerField(
        _("days to pick it up"), default=7, help_text=_("After the day of the order. Then it is given back.")
    )
    quantity_max = models.PositiveSmallIntegerField(_("pieces an order"), default=1)
    limit_total = models.PositiveIntegerField(_("pieces in all (empty: no limit)"), null=True, blank=True)
    limit_member = models.PositiveIntegerField(_("pieces a member (empty: no limit)"), null=True, blank=True)
    limit_period = models.CharField(
        _("a member's limit counts"), max_length=5, choices=LimitPeriod.choices, default=LimitPeriod.EVER
    )
    tiers = models.ManyToManyField(
        Tier, related_name="+", blank=True, verbose_name=_("tiers"), help_text=_("None: everybody.")
    )
    roles = ArrayField(
        models.CharField(max_length=16, choices=ResidencyRole.choices),
        verbose_name=_("residency roles"),
        default=list,
        blank=True,
        help_text=_("One of these, at any venue. None: everybody."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=CODE_PATTERN), name="reward_code_is_plain"),
            models.CheckConstraint(
                condition=Q(price_points__range=(1, POINTS_MAX), price_money__gte=0, cost__gte=0),
                name="reward_has_its_price",
            ),
            models.CheckConstraint(
                condition=Q(kind="item", batch=None) | Q(kind="voucher", batch__isnull=False, price_money=0),
                name="reward_is_an_item_or_a_voucher",
            ),
            models.CheckConstraint(
                condition=(Q(ends_at=None) | Q(ends_at__gt=F("starts_at"))) & Q(pickup_days__range=(0, 366)),
                name="reward_window_is_sane",
            ),
            models.CheckConstraint(
                condition=Q(quantity_max__range=(1, 99)) & Q(limit_period__in=LimitPeriod.values),
                name="reward_limits_are_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en

    @property
    def terms(self) -> str:
        """The terms in the reader's language."""
        return self.terms_zh if (get_language() or "zh").startswith("zh") else self.terms_en
