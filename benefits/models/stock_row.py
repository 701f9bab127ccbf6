"""The row of a stock: a counter that movements lock and move, and nothing else does."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from benefits.models.reward import Reward
from units.models import Outlet


class Stock(models.Model):
    """Pieces of a reward at one outlet (none: at no place in particular), and how many are reserved."""

    id = models.BigAutoField(primary_key=True)
    reward = models.ForeignKey(
        Reward, on_delete=models.PROTECT, related_name="stocks", verbose_name=_("reward")
    )
    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("outlet")
    )
    on_hand = models.IntegerField(_("pieces there"), default=0, editable=False)
    reserved = models.IntegerField(_("of them reserved"), default=0, editable=False)
    moves = models.PositiveIntegerField(_("movements"), default=0, editable=False)

    class Meta:
        verbose_name = _("stock")
        verbose_name_plural = _("stocks")
        constraints = [
            models.UniqueConstraint(
                fields=["reward", "outlet"], nulls_distinct=False, name="one_stock_a_reward_and_outlet"
            ),
            models.CheckConstraint(
                condition=Q(reserved__gte=0) & Q(on_hand__gte=F("reserved")), name="stock_is_never_oversold"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reward} · {self.outlet}" if self.outlet_id else str(self.reward)
