"""Stock by outlet, with the movements that made it."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from benefits.admin.places import CountForm
from benefits.admin.reward import MOVE_STOCK
from benefits.models import RewardOrder, Stock, StockMovement
from benefits.services.stock import count_stock
from common import clock
from common.admin import Panel, PanelPage, actor_of, page_link
from points.admin.acts import ActsAdmin, operator_of, sent
from points.admin.moments import moment

MOVEMENTS_SHOWN = 50


@admin.register(Stock)
class StockAdmin(ActsAdmin, PanelPage):
    """Pieces of each reward at each outlet."""

    list_display = ("reward", "place", "on_hand", "reserved", "free")
    list_filter = ("reward", "outlet__unit")
    list_select_related = ("reward", "outlet__unit")
    search_fields = ("reward__code",)
    ordering = ("reward__code", "id")
    actions_detail = ("count",)
    fieldsets = ((None, {"fields": (("reward", "outlet"), ("on_hand", "reserved"), "free")}),)

    def panels(self, row: Stock, at: datetime) -> list[Panel]:  # noqa: ARG002 -- movements do not age
        """The movements, newest first."""
        return [movements_panel(row)]

    def has_count_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may move stock."""
        return request.user.has_perm(MOVE_STOCK)

    @display(description=_("outlet"))
    def place(self, stock: Stock) -> str:
        """Or no place in particular."""
        return f"{stock.outlet} · {stock.outlet.unit.code}" if stock.outlet else "—"

    @display(description=_("free"))
    def free(self, stock: Stock) -> str:
        """Nobody has reserved them."""
        return f"{stock.on_hand - stock.reserved:,}"

    @action(description=_("Count stock"), url_path="count", permissions=["count"], icon="fact_check")
    def count(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Write down what somebody counted."""
        stock = self.get_object(request, object_id)
        assert isinstance(stock, Stock), "the page of a stock that is there"

        def do(said: Any) -> tuple[Any, str]:
            count_stock(
                stock=stock,
                counted=said["counted"],
                reason=said["reason"],
                by=actor_of(operator_of(request)),
                at=clock.now(),
            )
            return _("Counted."), reverse("admin:benefits_stock_change", args=[stock.pk])

        return self.act(
            request,
            form=CountForm(sent(request), initial={"counted": stock.on_hand}),
            do=do,
            title=f"{_('Count stock')}: {stock.reward}",
            button=_("Write down"),
            panels=[movements_panel(stock)],
        )


def movements_panel(stock: Stock) -> Panel:
    """The newest movements, with what was there after each."""
    rows = StockMovement.objects.filter(stock=stock).order_by("-number")[:MOVEMENTS_SHOWN]
    return Panel(
        title=_("Movements"),
        headers=[
            _("number"),
            _("at"),
            _("movement"),
            _("pieces there"),
            _("of them reserved"),
            _("there after it"),
            _("reserved after it"),
            _("order"),
            _("reason"),
            _("by"),
        ],
        rows=[
            (
                row.number,
                moment(row.at),
                row.get_kind_display(),
                f"{row.on_hand_change:+,}",
                f"{row.reserved_change:+,}",
                f"{row.on_hand_after:,}",
                f"{row.reserved_after:,}",
                page_link(RewardOrder, row.order_id, _("order")) if row.order_id else "—",
                row.reason or "—",
                row.by,
            )
            for row in rows
        ],
        right=frozenset({0, 3, 4, 5, 6}),
    )
