"""An activity: something a member did that may earn."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from members.models import Member
from units.models import BusinessUnit, Outlet


class ActivityKind(models.TextChoices):
    """What it was."""

    PURCHASE = "purchase", _("Purchase")
    STAY = "stay", _("Stay")
    FEE = "fee", _("Property fee")
    RENT = "rent", _("Rent")
    EVENT = "event", _("Event")
    REFUND = "refund", _("Refund")


class Activity(models.Model):
    """As the unit reported it, once a reference. Without a member it is anonymous and earns nothing."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(
        BusinessUnit,
        on_delete=models.PROTECT,
        related_name="activities",
        db_index=False,
        verbose_name=_("business unit"),
    )
    source_ref = models.CharField(_("source reference"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=ActivityKind.choices)
    member = models.ForeignKey(
        Member,
        on_delete=models.PROTECT,
        related_name="activities",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("member"),
    )
    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("outlet")
    )
    occurred_at = models.DateTimeField(_("happened"))
    amount = models.DecimalField(_("amount"), max_digits=17, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    category = models.CharField(_("category"), max_length=80, blank=True, default="")
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3, null=True, blank=True)
    paid_with_points = models.DecimalField(
        _("of which paid with points"), max_digits=17, decimal_places=2, default=0
    )
    refund_of = models.CharField(_("refund of"), max_length=120, blank=True, default="")
    attributes = models.JSONField(_("other columns"), default=dict, blank=True)
    is_generated = models.BooleanField(_("generated for the demo"), default=False)
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        constraints = [
            models.UniqueConstraint(fields=["unit", "source_ref"], name="activity_reported_once"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="activity_amount_is_not_negative"),
            models.CheckConstraint(
                condition=models.Q(paid_with_points__gte=0)
                & models.Q(paid_with_points__lte=models.F("amount")),
                name="activity_points_share_within_amount",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=ActivityKind.values), name="activity_kind_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-occurred_at"], name="activity_of_member"),
            models.Index(fields=["unit", "occurred_at"], name="activity_of_unit"),
            # Few rows are refunds: the others stay out of it.
            models.Index(
                fields=["unit", "refund_of"],
                condition=~models.Q(refund_of=""),
                name="activity_refunds_of_sale",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.source_ref}"
