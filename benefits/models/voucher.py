"""A voucher: a code that can be verified once, and the events that are its whole history."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from benefits.models.voucher_batch import VoucherBatch
from common.clock import uuid7
from members.models import Member
from members.models.encrypted_field import EncryptedTextField
from units.models import BusinessUnit, Outlet


class VoucherState(models.TextChoices):
    """Where a voucher stands; its last event says the same."""

    ISSUED = "issued", _("Usable")
    LOCKED = "locked", _("Locked by a sale")
    USED = "used", _("Used")
    EXPIRED = "expired", _("Expired")
    VOID = "void", _("Void")


class VoucherAct(models.TextChoices):
    """What can happen to a voucher."""

    ISSUED = "issued", _("Issued")
    LOCKED = "locked", _("Locked")
    RELEASED = "released", _("Released")
    USED = "used", _("Used")
    RESTORED = "restored", _("Given back")
    EXPIRED = "expired", _("Expired")
    VOIDED = "voided", _("Voided")


class Voucher(models.Model):
    """One voucher, of a member or of whoever has the code.

    Found by a keyed digest of its code; the code itself is sealed, for its owner's eyes and for an export
    that two people agreed on. It changes by its events only: the database refuses any other way.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(
        VoucherBatch, on_delete=models.PROTECT, related_name="vouchers", verbose_name=_("voucher batch")
    )
    digest = models.BinaryField(_("keyed digest of the code"), max_length=32, unique=True)
    code = EncryptedTextField(_("code"))
    tail = models.CharField(_("last letters"), max_length=4)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="vouchers", null=True, verbose_name=_("member")
    )
    # What it was given for: the same thing gives it once.
    cause = models.CharField(_("given for"), max_length=160, blank=True, default="")
    state = models.CharField(
        _("state"), max_length=7, choices=VoucherState.choices, default=VoucherState.ISSUED
    )
    valid_from = models.DateTimeField(_("valid from"))
    expires_at = models.DateTimeField(_("expires"))
    locked_until = models.DateTimeField(_("locked until"), null=True)
    lock_unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("locked by")
    )
    lock_ref = models.CharField(_("locked for"), max_length=200, blank=True, default="")
    is_extended = models.BooleanField(_("had its grace"), default=False)
    moves = models.PositiveIntegerField(_("events"), default=0)
    issued_at = models.DateTimeField(_("issued"))

    class Meta:
        verbose_name = _("voucher")
        verbose_name_plural = _("vouchers")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=VoucherState.values), name="voucher_state_is_known"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("valid_from")), name="voucher_expires_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(
                    state="locked", locked_until__isnull=False, lock_unit__isnull=False, lock_ref__gt=""
                )
                | ~Q(state="locked") & Q(locked_until=None, lock_unit=None, lock_ref=""),
                name="voucher_lock_has_its_sale",
            ),
            models.UniqueConstraint(
                fields=["batch", "cause"], condition=~Q(cause=""), name="voucher_is_given_once_for_its_cause"
            ),
        ]
        indexes = [
            models.Index(
                fields=["member", "expires_at"],
                condition=Q(state__in=["issued", "locked"]),
                name="voucher_usable_by_member",
            ),
            models.Index(fields=["member", "-id"], name="voucher_of_member"),
            models.Index(fields=["expires_at"], condition=Q(state="issued"), name="voucher_to_expire"),
            models.Index(
                fields=["locked_until"], condition=Q(state="locked"), name="voucher_lock_timing_out"
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.tail}"


class VoucherEvent(models.Model):
    """Append-only: what happened to a voucher, where, for which sale, at what value, by whose word.

    Adding one is the only way to change its voucher (benefits/sql/voucher_v1.sql): the trigger numbers it,
    refuses a step that does not follow, and moves the voucher. A `used` row is what settlement pays by: its
    voucher's batch says who issued it, `unit` who honoured it, `value` at what.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    voucher = models.ForeignKey(
        Voucher, on_delete=models.PROTECT, related_name="events", verbose_name=_("voucher")
    )
    number = models.PositiveIntegerField(_("number"), default=0)
    kind = models.CharField(_("what happened"), max_length=8, choices=VoucherAct.choices)
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("business unit")
    )
    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("outlet")
    )
    source_ref = models.CharField(_("source reference"), max_length=200, blank=True, default="")
    sale = models.DecimalField(_("amount of the sale"), max_digits=14, decimal_places=2, null=True)
    value = models.DecimalField(_("value"), max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, default="")
    # Of a lock its time-out; of what a refund gives back after its end, the end of its grace.
    until = models.DateTimeField(_("until"), null=True)
    # Said of the batch, or by us; what people say of a member's own voucher is closed with the member's key.
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    words = EncryptedTextField(_("what happened"), owner="voucher.member_id", blank=True, default="")
    by = models.CharField(_("by"), max_length=80)
    at = models.DateTimeField(_("at"))
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("event of a voucher")
        verbose_name_plural = _("events of vouchers")
        constraints = [
            models.UniqueConstraint(fields=["voucher", "number"], name="voucher_events_are_numbered"),
            # A receipt that comes twice uses a voucher once, for ever.
            models.UniqueConstraint(
                fields=["unit", "source_ref", "voucher"],
                condition=Q(kind="used"),
                name="voucher_is_used_once_for_a_receipt",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="voucher_event_has_its_number"),
            models.CheckConstraint(
                condition=Q(kind__in=VoucherAct.values) & ~Q(by=""), name="voucher_event_says_what_and_who"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["locked", "used", "restored"])
                | Q(unit__isnull=False, source_ref__gt=""),
                name="voucher_sale_is_somewhere",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["used", "restored"])
                | Q(value__gte=0, value__isnull=False, currency__regex=r"^[A-Z]{3}$"),
                name="voucher_use_has_its_value",
            ),
            models.CheckConstraint(
                condition=~Q(kind="locked") | Q(until__isnull=False), name="voucher_lock_times_out"
            ),
        ]
        indexes = [
            models.Index(
                fields=["unit", "source_ref"], condition=Q(kind="used"), name="voucher_uses_of_receipt"
            ),
            models.Index(
                fields=["recorded_at"],
                condition=Q(kind__in=["used", "restored"]),
                name="voucher_uses_by_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.voucher_id}"
