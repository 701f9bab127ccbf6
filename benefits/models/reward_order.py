"""An order of a reward, and its history: placed, then fulfilled, cancelled or expired; perhaps refunded."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from benefits.models.reward import Reward
from benefits.models.stock_row import Stock
from common.clock import uuid7
from members.models import Member
from members.models.encrypted_field import EncryptedTextField
from points.models import Hold, Program
from units.models import BusinessUnit, Outlet


class OrderState(models.TextChoices):
    """Where an order stands; its last event says the same."""

    PLACED = "placed", _("To be picked up")
    FULFILLED = "fulfilled", _("Handed over")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Not picked up")
    REFUNDED = "refunded", _("Refunded")


class RewardOrder(models.Model):
    """Pieces of a reward that a member ordered, at the price of that moment.

    Its points are held for exactly as long as it waits: `expires_at` is the hold's. It changes by its events
    only (benefits/sql/reward_v1.sql).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The caller's: the same one orders once.
    order_ref = models.CharField(_("reference"), max_length=128)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="reward_orders", verbose_name=_("member")
    )
    reward = models.ForeignKey(
        Reward, on_delete=models.PROTECT, related_name="orders", verbose_name=_("reward")
    )
    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="+", verbose_name=_("stock"))
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("honoured by")
    )
    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, related_name="+", null=True, verbose_name=_("outlet")
    )
    quantity = models.PositiveSmallIntegerField(_("pieces"))
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", verbose_name=_("program")
    )
    points = models.BigIntegerField(_("points"))
    money = models.DecimalField(_("money"), max_digits=14, decimal_places=2)
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    hold = models.OneToOneField(
        Hold, on_delete=models.PROTECT, related_name="+", db_constraint=False, verbose_name=_("hold")
    )
    state = models.CharField(_("state"), max_length=9, choices=OrderState.choices, default=OrderState.PLACED)
    moves = models.PositiveSmallIntegerField(_("events"), default=0)
    placed_at = models.DateTimeField(_("placed"))
    expires_at = models.DateTimeField(_("to be picked up before"))
    closed_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("reward order")
        verbose_name_plural = _("reward orders")
        permissions = [
            ("can_fulfil_reward_order", "Can hand over, and cancel, reward orders"),
            ("can_refund_reward_order", "Can refund reward orders that were handed over"),
            ("can_move_stock", "Can receive and count stock"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["member", "order_ref"], name="one_reference_orders_once"),
            models.CheckConstraint(condition=Q(state__in=OrderState.values), name="order_state_is_known"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, points__gte=1, money__gte=0, cost__gte=0) & ~Q(order_ref=""),
                name="order_has_its_price",
            ),
            models.CheckConstraint(
                condition=Q(state="placed", closed_at=None) | ~Q(state="placed") & Q(closed_at__isnull=False),
                name="order_ends_once",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("placed_at")), name="order_waits_for_a_time"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state="placed"), name="reward_order_to_expire"),
            models.Index(fields=["member", "-id"], name="reward_order_of_member"),
            models.Index(fields=["reward", "member", "placed_at"], name="reward_order_counted"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.reward}"


class OrderAct(models.TextChoices):
    """What can happen to an order."""

    PLACED = "placed", _("Placed")
    FULFILLED = "fulfilled", _("Handed over")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")
    REFUNDED = "refunded", _("Refunded")


class RewardOrderEvent(models.Model):
    """Append-only: what happened to an order, where, under which receipt, by whose word.

    Adding one is the only way to change its order. Settlement pays by `fulfilled` and `refunded` rows: the
    order says who provided, who honoured, and at what points, money and cost.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(
        RewardOrder, on_delete=models.PROTECT, related_name="events", verbose_name=_("order")
    )
    number = models.PositiveSmallIntegerField(_("number"), default=0)
    kind = models.CharField(_("what happened"), max_length=9, choices=OrderAct.choices)
    unit = models.ForeignKey(
        BusinessUnit, on_delete=models.PROTECT, related_name="+", verbose_name=_("business unit")
    )
    # Of the money: the till's own receipt; of a refund, the receipt that paid it back.
    receipt_ref = models.CharField(_("receipt"), max_length=128, blank=True, default="")
    reason = EncryptedTextField(_("reason"), owner="order.member_id", blank=True, default="")
    by = models.CharField(_("by"), max_length=80)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("event of a reward order")
        verbose_name_plural = _("events of reward orders")
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="order_events_are_numbered"),
            models.UniqueConstraint(
                fields=["unit", "receipt_ref"],
                condition=Q(kind="fulfilled") & ~Q(receipt_ref=""),
                name="one_receipt_pays_one_order",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=OrderAct.values) & ~Q(by=""), name="order_event_says_what_and_who"
            ),
        ]
        indexes = [
            models.Index(
                fields=["at"], condition=Q(kind__in=["fulfilled", "refunded"]), name="order_events_by_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.order_id}"
