"""A hold: points reserved for a sale in progress."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models import Member
from points.models.lot import Lot
from points.models.posting import Posting
from points.models.program import Program
from units.models import BusinessUnit


class HoldStatus(models.TextChoices):
    """Where a hold stands. Only an open one reserves anything; no way leads back to open."""

    OPEN = "open", _("Held")
    CAPTURED = "captured", _("Captured")
    VOIDED = "voided", _("Voided")
    TIMED_OUT = "timed_out", _("Timed out")


class Hold(models.Model):
    """A price that points stand ready for, until captured, voided or timed out. Written by the kernel only.

    It moves no balance: it names its lots (`HoldLot`), which keep its points from every other use.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("business unit")
    )
    source_ref = models.CharField(_("source reference"), max_length=200)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="holds", verbose_name=_("member")
    )
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", verbose_name=_("program")
    )
    points = models.BigIntegerField(_("points"))
    shares = models.JSONField(_("shares"))
    status = models.CharField(_("status"), max_length=10, choices=HoldStatus.choices, default=HoldStatus.OPEN)
    actor = models.CharField(_("by"), max_length=80)
    held_at = models.DateTimeField(_("held"))
    expires_at = models.DateTimeField(_("times out"))
    closed_at = models.DateTimeField(_("ended"), null=True)
    posting = models.ForeignKey(
        Posting,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        db_constraint=False,
        verbose_name=_("captured as"),
    )

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.UniqueConstraint(fields=["unit", "source_ref"], name="one_source_reference_holds_once"),
            models.CheckConstraint(condition=models.Q(points__gt=0), name="hold_points_are_positive"),
            models.CheckConstraint(
                condition=models.Q(status__in=HoldStatus.values), name="hold_status_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status=HoldStatus.OPEN, closed_at__isnull=True)
                | ~models.Q(status=HoldStatus.OPEN) & models.Q(closed_at__isnull=False),
                name="hold_ends_once",
            ),
            models.CheckConstraint(
                condition=models.Q(status=HoldStatus.CAPTURED, posting__isnull=False)
                | ~models.Q(status=HoldStatus.CAPTURED) & models.Q(posting__isnull=True),
                name="captured_hold_has_its_posting",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=models.Q(status="open"), name="hold_timing_out"),
        ]

    def __str__(self) -> str:
        return self.source_ref


class HoldLot(models.Model):
    """How many points of which lot a hold reserves, in the order they will be drawn."""

    id = models.BigAutoField(primary_key=True)
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="lots", verbose_name=_("hold"))
    lot = models.ForeignKey(
        Lot, on_delete=models.PROTECT, related_name="+", db_constraint=False, verbose_name=_("lot")
    )
    points = models.BigIntegerField(_("points"))

    class Meta:
        verbose_name = _("held lot")
        verbose_name_plural = _("held lots")
        constraints = [
            models.CheckConstraint(condition=models.Q(points__gt=0), name="held_points_are_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.points} of lot {self.lot_id}"
