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
    CHECK_IN = "check_in", _("Check-in")
    REFUND = "refund", _("Refund")
    RETURN = "return", _("Return without a receipt")


class Activity(models.Model):
    """As the unit reported it, once a reference. Without a member it is anonymous and earns nothing.

    What was reported never changes (activities/sql/reported_v1.sql). An anonymous sale may get the member who
    claims it, once; `refunded` is kept by the database as the sum of the refunds that name the sale.
    """

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
    period_starts_on = models.DateField(_("period from"), null=True, blank=True)
    # The day after the last: a stay's check-out, the first day that a fee or rent does not cover.
    period_ends_on = models.DateField(_("period to"), null=True, blank=True)
    refund_of = models.CharField(_("refund of"), max_length=120, blank=True, default="")
    refunded = models.DecimalField(_("refunded"), max_digits=17, decimal_places=2, default=0, db_default=0)
    lines_sha256 = models.CharField(
        _("digest of the lines"), max_length=64, blank=True, default="", db_default=""
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="", db_default="")
    reported_by = models.CharField(_("reported by"), max_length=80, blank=True, default="", db_default="")
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    claimed_by = models.CharField(_("claimed by"), max_length=80, blank=True, default="", db_default="")
    attributes = models.JSONField(_("other columns"), default=dict, blank=True)
    is_generated = models.BooleanField(_("generated for the demo"), default=False)
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        permissions = [
            ("can_refund_activity", "Can refund sales, and dismiss refunds that wait for a sale"),
            ("can_claim_activity", "Can claim anonymous sales for members who show the receipt"),
        ]
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
            models.CheckConstraint(
                condition=models.Q(refunded__gte=0) & models.Q(refunded__lte=models.F("amount")),
                name="activity_refunded_within_amount",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="refund", refund_of__gt="")
                | ~models.Q(kind="refund") & models.Q(refund_of=""),
                name="activity_refund_names_its_sale",
            ),
            models.CheckConstraint(
                condition=models.Q(period_starts_on__isnull=True, period_ends_on__isnull=True)
                | models.Q(period_ends_on__gte=models.F("period_starts_on")),
                name="activity_period_runs_forward",
            ),
            models.CheckConstraint(
                condition=models.Q(claimed_at__isnull=True, claimed_by="")
                | models.Q(claimed_at__isnull=False, claimed_by__gt="", member__isnull=False),
                name="activity_claim_says_whose_and_by_whom",
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
