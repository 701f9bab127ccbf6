"""Stock: how many pieces of a reward an outlet has, and every movement that made it so."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from benefits.models.reward_order import RewardOrder
from benefits.models.stock_row import Stock
from common.clock import uuid7


class StockMove(models.TextChoices):
    """Why stock changes."""

    RECEIVED = "received", _("Received")
    COUNTED = "counted", _("Counted")
    RESERVED = "reserved", _("Reserved for an order")
    RELEASED = "released", _("Released")
    TAKEN = "taken", _("Handed over")
    RETURNED = "returned", _("Came back")


class StockMovement(models.Model):
    """Append-only: one change of a stock, with what was there after it.

    Adding one is the only way to change a stock (benefits/sql/reward_v1.sql).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stock = models.ForeignKey(
        Stock, on_delete=models.PROTECT, related_name="movements", verbose_name=_("stock")
    )
    number = models.PositiveIntegerField(_("number"), default=0)
    kind = models.CharField(_("movement"), max_length=8, choices=StockMove.choices)
    on_hand_change = models.IntegerField(_("pieces there"), default=0)
    reserved_change = models.IntegerField(_("of them reserved"), default=0)
    on_hand_after = models.IntegerField(_("there after it"), default=0)
    reserved_after = models.IntegerField(_("reserved after it"), default=0)
    order = models.ForeignKey(
        RewardOrder, on_delete=models.PROTECT, related_name="movements", null=True, verbose_name=_("order")
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    by = models.CharField(_("by"), max_length=80)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("movement of stock")
        verbose_name_plural = _("movements of stock")
        constraints = [
            models.UniqueConstraint(fields=["stock", "number"], name="stock_movements_are_numbered"),
            models.CheckConstraint(
                condition=Q(kind__in=["received", "returned"], on_hand_change__gt=0, reserved_change=0)
                | Q(kind="counted", reserved_change=0) & ~Q(on_hand_change=0)
                | Q(kind="reserved", on_hand_change=0, reserved_change__gt=0)
                | Q(kind="released", on_hand_change=0, reserved_change__lt=0)
                | Q(kind="taken", on_hand_change__lt=0, reserved_change=F("on_hand_change")),
                name="stock_movement_is_of_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["received", "counted"], order=None)
                | Q(kind__in=["reserved", "released", "taken", "returned"], order__isnull=False),
                name="stock_movement_has_its_order",
            ),
            # An order reserves once, then releases or takes once, and comes back once.
            models.UniqueConstraint(
                fields=["order"], condition=Q(kind="reserved"), name="order_reserves_once"
            ),
            models.UniqueConstraint(
                fields=["order"], condition=Q(kind__in=["released", "taken"]), name="order_frees_once"
            ),
            models.UniqueConstraint(
                fields=["order"], condition=Q(kind="returned"), name="order_comes_back_once"
            ),
            models.CheckConstraint(condition=~Q(by=""), name="stock_movement_says_who"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.on_hand_change:+d}/{self.reserved_change:+d}"
