"""Orders of rewards: hand over, cancel, refund; what happened to each."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display

from benefits.admin.places import FulfilForm, ReasonForm, RefundForm
from benefits.models import OrderState, Reward, RewardOrder, StockMovement
from benefits.services.reward_orders import cancel_order, fulfil_order
from benefits.services.reward_refunds import refund_order
from common import clock
from common.admin import Panel, PanelPage, WholeTermSearch, actor_of, page_link
from members.models import Member
from points.admin.acts import ActsAdmin, operator_of, sent
from points.admin.moments import moment
from points.models import Hold

FULFIL = "benefits.can_fulfil_reward_order"
REFUND = "benefits.can_refund_reward_order"
STATE_COLOURS = {
    OrderState.PLACED: "warning",
    OrderState.FULFILLED: "success",
    OrderState.CANCELLED: "default",
    OrderState.EXPIRED: "default",
    OrderState.REFUNDED: "danger",
}


@admin.register(RewardOrder)
class RewardOrderAdmin(ActsAdmin, WholeTermSearch, PanelPage):
    """Newest first. An order is found by the member's number."""

    list_display = (
        "placed_at",
        "state_label",
        "member_link",
        "reward_link",
        "quantity",
        "price",
        "unit",
        "outlet",
        "expires_at",
    )
    list_filter = ("state", "reward", "unit", ("placed_at", RangeDateTimeFilter))
    list_select_related = ("member", "reward", "program", "unit", "outlet")
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole.")
    ordering = ("-id",)
    actions_detail = ("fulfil", "cancel", "refund")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("state", "member_link"),
                    ("reward_link", "quantity"),
                    ("price", "hold_link"),
                    ("unit", "outlet"),
                    ("placed_at", "expires_at"),
                    "closed_at",
                )
            },
        ),
    )

    def panels(self, row: RewardOrder, at: datetime) -> list[Panel]:  # noqa: ARG002 -- history does not age
        """What happened, and to the stock."""
        return [_events_panel(row), _stock_panel(row)]

    def found(self, queryset: QuerySet[RewardOrder], term: str) -> QuerySet[RewardOrder]:
        """By member number."""
        return queryset.filter(member__number=term)

    def has_fulfil_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whoever may, while the order waits."""
        return request.user.has_perm(FULFIL) and self._is(request, object_id, OrderState.PLACED)

    def has_refund_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whoever may, once it was handed over."""
        return request.user.has_perm(REFUND) and self._is(request, object_id, OrderState.FULFILLED)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, order: RewardOrder) -> tuple[str, str]:
        """In its colour."""
        return order.state, order.get_state_display()

    @display(description=_("member"))
    def member_link(self, order: RewardOrder) -> object:
        """Leads to the member's page."""
        return page_link(Member, order.member_id, order.member.number)

    @display(description=_("reward"))
    def reward_link(self, order: RewardOrder) -> object:
        """Leads to the catalogue."""
        return page_link(Reward, order.reward_id, order.reward)

    @display(description=_("price"), ordering="points")
    def price(self, order: RewardOrder) -> str:
        """1,000 MALL + 9.90 CNY."""
        points = f"{order.points:,} {order.program.code}"
        return f"{points} + {order.money} {order.currency}" if order.money else points

    @display(description=_("hold"))
    def hold_link(self, order: RewardOrder) -> object:
        """Leads to what is held."""
        return page_link(Hold, order.hold_id, order.hold)

    @action(description=_("Hand over"), url_path="fulfil", permissions=["fulfil"], icon="redeem")
    def fulfil(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The member is here."""

        def do(order: RewardOrder, said: Any, by: str, at: datetime) -> Any:
            fulfil_order(order_id=order.pk, units=[order.unit], receipt_ref=said["receipt_ref"], by=by, at=at)
            return _("Handed over: the points are spent.")

        return self._act(request, object_id, FulfilForm(sent(request)), _("Hand over"), do)

    @action(description=_("Cancel"), url_path="cancel", permissions=["fulfil"], icon="close")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let go of points and pieces."""

        def do(order: RewardOrder, said: Any, by: str, at: datetime) -> Any:
            cancel_order(order_id=order.pk, reason=said["reason"], by=by, at=at)
            return _("Cancelled: points and pieces are free again.")

        return self._act(request, object_id, ReasonForm(sent(request)), _("Cancel"), do, is_danger=True)

    @action(description=_("Refund"), url_path="refund", permissions=["refund"], icon="undo")
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the points back."""

        def do(order: RewardOrder, said: Any, by: str, at: datetime) -> Any:
            refund_order(order_id=order.pk, units=None, **said, by=by, at=at)
            return _("Refunded: the points are back where they came from.")

        return self._act(request, object_id, RefundForm(sent(request)), _("Refund"), do, is_danger=True)

    def _act(
        self,
        request: HttpRequest,
        object_id: str,
        form: forms.Form,
        button: Any,
        service: Callable[[RewardOrder, Any, str, datetime], Any],
        *,
        is_danger: bool = False,
    ) -> HttpResponse:
        order, at = self.get_object(request, object_id), clock.now()
        assert isinstance(order, RewardOrder), "the permission was asked of this row"

        def do(said: Any) -> tuple[Any, str]:
            words = service(order, dict(said), actor_of(operator_of(request)), at)
            return words, reverse("admin:benefits_rewardorder_change", args=[order.pk])

        return self.act(
            request,
            form=form,
            do=do,
            title=f"{button}: {order.quantity} × {order.reward}",
            button=button,
            panels=[_order_panel(order), *self.panels(order, at)],
            is_danger=is_danger,
        )

    def _is(self, request: HttpRequest, object_id: str, state: OrderState) -> bool:
        order = self.get_object(request, object_id)
        return order is not None and order.state == state


def _order_panel(order: RewardOrder) -> Panel:
    return Panel(
        title=_("The order"),
        headers=[_("member"), _("reward"), _("pieces"), _("points"), _("money"), _("to be picked up before")],
        rows=[
            (
                page_link(Member, order.member_id, order.member.number),
                order.reward,
                order.quantity,
                f"{order.points:,} {order.program.code}",
                f"{order.money} {order.currency}",
                moment(order.expires_at),
            )
        ],
        right=frozenset({2, 3, 4}),
    )


def _events_panel(order: RewardOrder) -> Panel:
    return Panel(
        title=_("What happened"),
        headers=[_("at"), _("what happened"), _("business unit"), _("receipt"), _("reason"), _("by")],
        rows=[
            (
                moment(event.at),
                event.get_kind_display(),
                event.unit,
                event.receipt_ref or "—",
                event.reason or "—",
                event.by,
            )
            for event in order.events.select_related("unit").order_by("number")
        ],
    )


def _stock_panel(order: RewardOrder) -> Panel:
    rows = StockMovement.objects.filter(order=order).order_by("number")
    return Panel(
        title=_("What it did to the stock"),
        headers=[_("at"), _("movement"), _("pieces there"), _("of them reserved")],
        rows=[
            (moment(row.at), row.get_kind_display(), f"{row.on_hand_change:+,}", f"{row.reserved_change:+,}")
            for row in rows
        ],
        right=frozenset({2, 3}),
    )
