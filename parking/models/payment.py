"""Money for an order, asked of a payment provider; and the books of the sandbox provider."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from parking.models.order import ParkingOrder


class PaymentState(models.TextChoices):
    """Where a payment stands (parking/sql/orders_v1.sql says which ways there are)."""

    ASKED = "asked", _("Asked")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    REFUND_DUE = "refund_due", _("To be refunded")
    REFUNDED = "refunded", _("Refunded")


class Payment(models.Model):
    """What the provider knows by our id. Unanswered is unknown, never failed: the provider is asked again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(
        ParkingOrder, on_delete=models.PROTECT, related_name="payments", verbose_name=_("parking order")
    )
    provider = models.CharField(_("provider"), max_length=24)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    state = models.CharField(
        _("state"), max_length=10, choices=PaymentState.choices, default=PaymentState.ASKED
    )
    provider_ref = models.CharField(_("provider's reference"), max_length=128, blank=True, default="")
    failure = models.CharField(_("why it failed"), max_length=80, blank=True, default="")
    asked_at = models.DateTimeField(_("asked"))
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    # When the provider is asked next, where it has not answered.
    look_at = models.DateTimeField(_("looked up at"), null=True, blank=True)
    looked = models.PositiveSmallIntegerField(_("times looked up"), default=0)
    refunded_at = models.DateTimeField(_("refunded"), null=True, blank=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=PaymentState.values), name="payment_state_is_known"
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payment_is_of_something"),
            models.CheckConstraint(
                condition=models.Q(state__in=["asked", "failed"], paid_at__isnull=True)
                | models.Q(state__in=["succeeded", "refund_due", "refunded"], paid_at__isnull=False),
                name="payment_says_when_it_was_paid",
            ),
            models.CheckConstraint(
                condition=models.Q(state="refunded", refunded_at__isnull=False)
                | ~models.Q(state="refunded") & models.Q(refunded_at__isnull=True),
                name="payment_says_when_it_was_refunded",
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_ref"],
                condition=~models.Q(provider_ref=""),
                name="provider_reference_once",
            ),
            models.UniqueConstraint(
                fields=["order"], condition=models.Q(state="succeeded"), name="an_order_is_paid_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["look_at"],
                condition=models.Q(state__in=["asked", "refund_due"]),
                name="payment_to_be_looked_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}, {self.get_state_display()}"


class SandboxCharge(models.Model):
    """The sandbox provider's own books: what a real provider would keep at its side. Refused in
    production.
    """

    payment_id = models.UUIDField(_("payment"), primary_key=True)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    state = models.CharField(_("state"), max_length=10, default="pending")
    # The provider hangs up instead of answering, so many times more.
    silent = models.PositiveSmallIntegerField(_("silent"), default=0)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    refunded = models.DecimalField(_("refunded"), max_digits=12, decimal_places=2, default=0)

    class Meta:
        verbose_name = _("sandbox charge")
        verbose_name_plural = _("sandbox charges")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(refunded__gte=0) & models.Q(refunded__lte=models.F("amount")),
                name="sandbox_refunds_what_was_paid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.state}"
