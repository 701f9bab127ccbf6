"""A batch of vouchers: what each of its vouchers is worth, where, until when, and who pays."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from units.models import BusinessUnit
from units.models.business_unit import CODE_PATTERN

VOUCHERS_MAX = 1_000_000


class VoucherKind(models.TextChoices):
    """What a voucher gives."""

    CASH_OFF = "cash_off", _("Cash off")
    PERCENT_OFF = "percent_off", _("Percentage off")
    ITEM = "item", _("An item")
    PARKING_HOURS = "parking_hours", _("Parking time")


class VoucherBatch(models.Model):
    """Vouchers with the same terms. The issuer pays whoever honours one.

    Its terms are fixed from the first voucher on, and `issued` is counted by the database
    (benefits/sql/voucher_v1.sql).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(_("code"), max_length=24, unique=True)
    issuer = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("issuing unit"),
        help_text=_("It pays whoever honours a voucher."),
    )
    units = models.ManyToManyField(BusinessUnit, related_name="+", verbose_name=_("honoured by"), blank=True)
    kind = models.CharField(_("kind"), max_length=14, choices=VoucherKind.choices)
    name_zh = models.CharField(_("Chinese name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80)
    terms_zh = models.TextField(_("terms in Chinese"), max_length=2000, blank=True, default="")
    terms_en = models.TextField(_("terms in English"), max_length=2000, blank=True, default="")
    amount = models.DecimalField(
        _("amount"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Cash off: what it takes off. An item: what the honouring unit is paid for it."),
    )
    min_spend = models.DecimalField(
        _("minimum spend"),
        max_digits=12,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
    )
    percent = models.PositiveSmallIntegerField(
        _("percent off"), null=True, blank=True, help_text=_("15: the member pays 85 of 100.")
    )
    ceiling = models.DecimalField(_("at most"), max_digits=12, decimal_places=2, null=True, blank=True)
    minutes = models.PositiveIntegerField(_("minutes of parking"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    issued_max = models.PositiveIntegerField(_("vouchers at most"))
    member_max = models.PositiveIntegerField(
        _("vouchers a member at most (empty: no limit)"), null=True, blank=True
    )
    receipt_max = models.PositiveSmallIntegerField(_("vouchers a receipt at most"), default=1)
    starts_at = models.DateTimeField(_("valid from"))
    ends_at = models.DateTimeField(_("valid until"))
    valid_days = models.PositiveSmallIntegerField(
        _("days each voucher is valid (empty: until the end)"), null=True, blank=True
    )
    restore_days = models.PositiveSmallIntegerField(
        _("days of grace after a refund"),
        default=7,
        help_text=_("For a voucher that has expired when a refund gives it back. 0: none."),
    )
    is_offline = models.BooleanField(
        _("may be used offline"),
        default=False,
        help_text=_(
            "Tills without a connection take it from a list: it may be used twice before that shows."
        ),
    )
    issued = models.PositiveIntegerField(_("issued"), default=0, editable=False)
    created_by = models.CharField(_("made by"), max_length=80, editable=False)
    created_at = models.DateTimeField(_("made"), editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    closed_by = models.CharField(_("closed by"), max_length=80, blank=True, default="", editable=False)

    class Meta:
        verbose_name = _("voucher batch")
        verbose_name_plural = _("voucher batches")
        permissions = [
            ("can_issue_voucher", "Can issue and void vouchers"),
            ("can_ask_voucher_export", "Can ask for the codes of a batch"),
            ("can_approve_voucher_export", "Can approve and reject exports that others ask for"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=CODE_PATTERN), name="voucher_batch_code_is_plain"),
            models.CheckConstraint(
                condition=Q(kind="cash_off", amount__gt=0, percent=None, ceiling=None, minutes=None)
                | Q(kind="percent_off", percent__range=(1, 100), amount=None, minutes=None)
                # Both must be said: a CHECK lets NULL by.
                & Q(percent__isnull=False)
                | Q(kind="item", amount__gte=0, percent=None, ceiling=None, minutes=None)
                & Q(amount__isnull=False)
                | Q(kind="parking_hours", minutes__range=(1, 7 * 1440), amount=None, percent=None)
                & Q(minutes__isnull=False),
                name="voucher_batch_gives_one_thing",
            ),
            models.CheckConstraint(
                condition=~Q(kind="cash_off") | Q(amount__isnull=False),
                name="voucher_cash_off_has_its_amount",
            ),
            models.CheckConstraint(
                condition=Q(min_spend__gte=0) & (Q(ceiling=None) | Q(ceiling__gt=0)),
                name="voucher_batch_money_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"))
                & (Q(valid_days=None) | Q(valid_days__gt=0))
                & Q(restore_days__lte=366),
                name="voucher_batch_window_is_sane",
            ),
            models.CheckConstraint(
                condition=Q(issued__lte=F("issued_max"), issued_max__range=(1, VOUCHERS_MAX)),
                name="voucher_batch_issues_no_more",
            ),
            models.CheckConstraint(
                condition=Q(receipt_max__gte=1) & (Q(member_max=None) | Q(member_max__gte=1)),
                name="voucher_batch_limits_are_sane",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by="") | Q(closed_at__isnull=False, closed_by__gt=""),
                name="voucher_batch_says_who_closed_it",
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
