"""A refund that arrived before its sale: it waits, and settles when the sale comes."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models import Member
from units.models import BusinessUnit, Outlet


class WaitingState(models.TextChoices):
    """What became of it."""

    WAITING = "waiting", _("Waiting for its sale")
    SETTLED = "settled", _("Settled")
    REFUSED = "refused", _("Refused")
    DISMISSED = "dismissed", _("Dismissed")


class WaitingRefund(models.Model):
    """As reported. Settled, it is an activity of the same reference; refused, it did not fit its sale."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("business unit"),
    )
    source_ref = models.CharField(_("source reference"), max_length=120)
    refund_of = models.CharField(_("refund of"), max_length=120)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("member")
    )
    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("outlet")
    )
    occurred_at = models.DateTimeField(_("happened"))
    amount = models.DecimalField(
        _("amount"), max_digits=17, decimal_places=2, null=True, blank=True, help_text=_("Empty: all of it.")
    )
    # Everything else that was told, so that it settles as it would have been recorded.
    told = models.JSONField(_("as reported"), default=dict)
    reported_by = models.CharField(_("reported by"), max_length=80)
    is_generated = models.BooleanField(_("generated for the demo"), default=False)
    arrived_at = models.DateTimeField(_("arrived"))
    state = models.CharField(
        _("state"), max_length=10, choices=WaitingState.choices, default=WaitingState.WAITING
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.CharField(_("decided by"), max_length=80, blank=True, default="")
    refusal = models.CharField(_("why not"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("waiting refund")
        verbose_name_plural = _("waiting refunds")
        constraints = [
            models.UniqueConstraint(fields=["unit", "source_ref"], name="refund_waits_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=WaitingState.values), name="waiting_refund_state_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state="waiting", decided_at__isnull=True)
                | ~models.Q(state="waiting") & models.Q(decided_at__isnull=False),
                name="waiting_refund_says_when_it_was_decided",
            ),
        ]
        indexes = [
            models.Index(
                fields=["unit", "refund_of"],
                condition=models.Q(state="waiting"),
                name="refunds_waiting_for_sale",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_ref} → {self.refund_of}"
