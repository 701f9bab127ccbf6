"""An order: how a fee was paid, wholly or not at all, part by part."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from activities.models import Activity
from common.clock import uuid7
from members.models import Member
from parking.models.session import ParkingSession
from points.models import Hold, Posting
from units.models import BusinessUnit


class OrderState(models.TextChoices):
    """Where an order stands. Placed: its parts stand ready, money is awaited (parking/sql/orders_v1.sql)."""

    PLACED = "placed", _("Awaiting payment")
    PAID = "paid", _("Paid")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")
    REFUNDED = "refunded", _("Refunded")


LIVE_STATES = (OrderState.PLACED, OrderState.PAID)


class PartKind(models.TextChoices):
    """What a part of a fee is paid with (parking/rules/offers.py)."""

    PASS = "pass", _("Monthly pass")
    RIGHT = "right", _("Free hours")
    RECEIPT = "receipt", _("Receipt of the day")
    VOUCHER_HOURS = "voucher_hours", _("Parking voucher")
    VOUCHER_CASH = "voucher_cash", _("Cash-off voucher")
    POINTS = "points", _("Points")
    MONEY = "money", _("Money")


class ParkingOrder(models.Model):
    """Pays what was due for a stay up to `until_at`. Its parts add up to its fee, by a trigger of the
    database.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    session = models.ForeignKey(
        ParkingSession, on_delete=models.PROTECT, related_name="orders", verbose_name=_("parking session")
    )
    # As at the time of the order: whose rights it used, where, on which local day, for which plate.
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("business unit")
    )
    member = models.ForeignKey(
        Member,
        on_delete=models.PROTECT,
        related_name="parking_orders",
        null=True,
        blank=True,
        verbose_name=_("member"),
    )
    plate_index = models.BinaryField(max_length=32, editable=False)
    local_day = models.DateField(_("local day"))
    state = models.CharField(_("state"), max_length=10, choices=OrderState.choices, default=OrderState.PLACED)
    fee = models.DecimalField(_("fee"), max_digits=12, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    until_at = models.DateTimeField(_("pays up to"))
    placed_at = models.DateTimeField(_("placed"))
    expires_at = models.DateTimeField(_("to be paid before"))
    closed_at = models.DateTimeField(_("ended"), null=True, blank=True)
    leave_before = models.DateTimeField(_("to leave before"), null=True, blank=True)
    placed_by = models.CharField(_("by"), max_length=80)
    refunded_at = models.DateTimeField(_("refunded"), null=True, blank=True)
    refunded_by = models.CharField(_("refunded by"), max_length=80, blank=True, default="")
    refund_reason = models.CharField(_("reason of the refund"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("parking order")
        verbose_name_plural = _("parking orders")
        permissions = [("can_refund_parkingorder", _("can refund parking orders"))]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=OrderState.values), name="parking_order_state_is_known"
            ),
            models.CheckConstraint(condition=models.Q(fee__gt=0), name="parking_order_is_for_something"),
            models.CheckConstraint(
                condition=models.Q(state="placed", closed_at__isnull=True)
                | ~models.Q(state="placed") & models.Q(closed_at__isnull=False),
                name="parking_order_ends_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state="refunded", refunded_at__isnull=False, refunded_by__gt="")
                | ~models.Q(state="refunded") & models.Q(refunded_at__isnull=True, refunded_by=""),
                name="parking_refund_says_who",
            ),
            # Paid twice in parallel is paid once.
            models.UniqueConstraint(
                fields=["session"], condition=models.Q(state="placed"), name="one_open_order_a_session"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "local_day"], name="parking_order_of_member"),
            models.Index(fields=["plate_index", "local_day"], name="parking_order_of_plate"),
            models.Index(fields=["unit", "-placed_at"], name="parking_order_of_unit"),
            models.Index(
                fields=["expires_at"], condition=models.Q(state="placed"), name="parking_order_expiring"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fee} {self.currency}, {self.get_state_display()}"


class OrderPart(models.Model):
    """One part of an order: never changed. What it used is named, so that the audit can look for it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(
        ParkingOrder, on_delete=models.PROTECT, related_name="parts", verbose_name=_("parking order")
    )
    place = models.PositiveSmallIntegerField(_("place"))
    kind = models.CharField(_("kind"), max_length=14, choices=PartKind.choices)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    # Free minutes used up, and those of them that count to the caps.
    minutes = models.PositiveIntegerField(_("minutes"), default=0)
    counted = models.PositiveIntegerField(_("minutes that count"), default=0)
    points = models.PositiveBigIntegerField(_("points"), default=0)
    # What it used: the pass, the entitlement's usage, the receipt, the voucher's use. Ids of other tables.
    ref = models.CharField(_("reference"), max_length=128, blank=True, default="")
    name_zh = models.CharField(_("Chinese name"), max_length=120, blank=True, default="")
    name_en = models.CharField(_("English name"), max_length=120, blank=True, default="")
    hold = models.ForeignKey(
        Hold, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("hold")
    )

    class Meta:
        verbose_name = _("part of an order")
        verbose_name_plural = _("parts of orders")
        constraints = [
            models.UniqueConstraint(fields=["order", "place"], name="parking_part_has_its_place"),
            models.CheckConstraint(
                condition=models.Q(kind__in=PartKind.values), name="parking_part_kind_is_known"
            ),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="parking_part_is_not_negative"),
            models.CheckConstraint(
                condition=models.Q(counted__lte=models.F("minutes")), name="parking_part_counts_what_it_uses"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"


class PointsPaid(models.Model):
    """The posting that took an order's points: one an order."""

    order = models.OneToOneField(
        ParkingOrder, on_delete=models.PROTECT, primary_key=True, related_name="points_paid"
    )
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="+", db_constraint=False)

    class Meta:
        verbose_name = _("points paid")
        verbose_name_plural = _("points paid")

    def __str__(self) -> str:
        return str(self.posting_id)


class ReceiptUse(models.Model):
    """A receipt freed parking: once in the whole group, unless the order was let go or refunded.

    `unit` is whose receipt it is and stands for the benefit; the order's unit honoured it, at `value`.
    """

    id = models.BigAutoField(primary_key=True)
    receipt = models.ForeignKey(
        Activity, on_delete=models.PROTECT, related_name="+", verbose_name=_("receipt")
    )
    order = models.ForeignKey(
        ParkingOrder, on_delete=models.PROTECT, related_name="receipts", verbose_name=_("parking order")
    )
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("business unit")
    )
    minutes = models.PositiveIntegerField(_("minutes"))
    value = models.DecimalField(_("value"), max_digits=12, decimal_places=2)
    used_at = models.DateTimeField(_("used"))
    released_at = models.DateTimeField(_("released"), null=True, blank=True)

    class Meta:
        verbose_name = _("receipt used")
        verbose_name_plural = _("receipts used")
        constraints = [
            models.UniqueConstraint(
                fields=["receipt"],
                condition=models.Q(released_at__isnull=True),
                name="a_receipt_frees_parking_once",
            ),
            models.CheckConstraint(condition=models.Q(value__gte=0), name="receipt_value_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id}: {self.minutes} min"
