"""What keeps vouchers from being guessed, and what tills without a connection are given and tell later."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from benefits.models.voucher import Voucher
from common.clock import uuid7
from units.models import BusinessUnit, Outlet


class CodeAttempt(models.Model):
    """How many unknown codes one caller asked about in one hour, at one outlet (empty: all together)."""

    id = models.BigAutoField(primary_key=True)
    caller = models.CharField(_("caller"), max_length=80)
    place = models.CharField(_("outlet"), max_length=80, blank=True, default="")
    hour = models.DateTimeField(_("hour"))
    wrong = models.PositiveIntegerField(_("unknown codes"), default=0)

    class Meta:
        verbose_name = _("attempts at voucher codes")
        verbose_name_plural = _("attempts at voucher codes")
        constraints = [
            models.UniqueConstraint(fields=["caller", "place", "hour"], name="code_attempts_of_an_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.caller} {self.place} {self.wrong}"


class OfflineList(models.Model):
    """What a till was given to verify codes without a connection: salted digests, for a few hours."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("business unit")
    )
    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("outlet")
    )
    salt = models.BinaryField(_("salt"), max_length=16)
    made_at = models.DateTimeField(_("made"))
    valid_until = models.DateTimeField(_("valid until"))
    made_by = models.CharField(_("by"), max_length=80)
    vouchers = models.PositiveIntegerField(_("vouchers"))

    class Meta:
        verbose_name = _("offline list")
        verbose_name_plural = _("offline lists")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("made_at")), name="offline_list_ends_after_it_was_made"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.made_at:%Y-%m-%d %H:%M}"


class OfflineEntry(models.Model):
    """One line of an offline list: SHA-256 of its salt and the code."""

    id = models.BigAutoField(primary_key=True)
    offline_list = models.ForeignKey(
        OfflineList, on_delete=models.PROTECT, related_name="entries", verbose_name=_("offline list")
    )
    voucher = models.ForeignKey(
        Voucher, on_delete=models.PROTECT, related_name="+", verbose_name=_("voucher")
    )
    digest = models.BinaryField(_("digest"), max_length=32)

    class Meta:
        verbose_name = _("line of an offline list")
        verbose_name_plural = _("lines of offline lists")
        constraints = [
            models.UniqueConstraint(fields=["offline_list", "digest"], name="offline_digest_once_a_list"),
        ]

    def __str__(self) -> str:
        return f"{self.offline_list_id} {self.voucher_id}"


class OfflineOutcome(models.TextChoices):
    """What became of a use that was told later."""

    USED = "used", _("Used")
    TOOK_OVER = "took_over", _("Used earlier than the use on record, whose place it takes")
    ALREADY_USED = "already_used", _("Used earlier elsewhere")
    NOT_USABLE = "not_usable", _("Not usable")
    NOT_LISTED = "not_listed", _("Not on the list")
    OUT_OF_TIME = "out_of_time", _("Outside the time of the list")


class OfflineUse(models.Model):
    """Append-only: a use that a till told later, and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    offline_list = models.ForeignKey(
        OfflineList, on_delete=models.PROTECT, related_name="uses", verbose_name=_("offline list")
    )
    voucher = models.ForeignKey(
        Voucher, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("voucher")
    )
    digest = models.BinaryField(_("digest"), max_length=32)
    source_ref = models.CharField(_("source reference"), max_length=128)
    sale = models.DecimalField(_("amount of the sale"), max_digits=14, decimal_places=2, null=True)
    used_at = models.DateTimeField(_("used"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=OfflineOutcome.choices)
    by = models.CharField(_("by"), max_length=80)
    told_at = models.DateTimeField(_("told"))

    class Meta:
        verbose_name = _("use told later")
        verbose_name_plural = _("uses told later")
        constraints = [
            models.UniqueConstraint(
                fields=["offline_list", "digest", "source_ref"], name="offline_use_is_told_once"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=OfflineOutcome.values), name="offline_outcome_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_ref} {self.outcome}"
