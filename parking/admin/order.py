"""Parking orders and payments: what paid a fee, refunds with a reason, what providers said."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from common import clock
from common.admin import Panel, PanelPage, ReadOnlyAdmin, WholeTermSearch, actor_of, page_link
from members.models import Member
from members.selectors.aliases import ids_by_number
from parking.models import OrderState, ParkingOrder, ParkingSession, Payment, PaymentState
from parking.selectors.words import order_lines
from parking.services.payments import refund_order
from points.admin.acts import ActsAdmin, sent
from points.admin.moments import moment

REFUND = "parking.can_refund_parkingorder"
ORDER_COLOURS = {
    OrderState.PLACED: "info",
    OrderState.PAID: "success",
    OrderState.CANCELLED: "default",
    OrderState.EXPIRED: "default",
    OrderState.REFUNDED: "warning",
}
PAYMENT_COLOURS = {
    PaymentState.ASKED: "info",
    PaymentState.SUCCEEDED: "success",
    PaymentState.FAILED: "danger",
    PaymentState.REFUND_DUE: "warning",
    PaymentState.REFUNDED: "default",
}


class RefundForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("So that the next person understands. No names, phones or card numbers."),
    )


@admin.register(ParkingOrder)
class ParkingOrderAdmin(ActsAdmin, WholeTermSearch, PanelPage):
    """How fees were paid."""

    list_display = ("placed_at", "state_label", "amount", "unit", "member_link", "session_link", "closed_at")
    list_select_related = ("unit", "member", "session__car_park")
    list_filter = ("state", "unit", ("placed_at", RangeDateTimeFilter))
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole.")
    ordering = ("-placed_at", "-id")
    actions_detail = ("refund",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("state", "amount"), ("session_link", "member_link"), ("placed_at", "placed_by"),
                    ("expires_at", "closed_at"), ("until_at", "leave_before"),
                    ("refunded_at", "refunded_by"), "refund_reason",
                )
            },
        ),
    )  # fmt: skip

    def panels(self, row: ParkingOrder, at: datetime) -> list[Panel]:  # noqa: ARG002 -- what was ordered does not age
        """Its parts and payments."""
        return [parts_panel(row), _payments_panel(row)]

    def found(self, queryset: Any, term: str) -> Any:
        """By member number, an alias's too."""
        return queryset.filter(member_id__in=ids_by_number(term))

    def has_refund_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whoever has the right, of what was paid."""
        is_paid = ParkingOrder.objects.filter(pk=object_id, state=OrderState.PAID).exists()
        return is_paid and request.user.has_perm(REFUND)

    @display(description=_("state"), ordering="state", label=ORDER_COLOURS)
    def state_label(self, order: ParkingOrder) -> tuple[str, str]:
        """In its colour."""
        return order.state, order.get_state_display()

    @display(description=_("fee"), ordering="fee")
    def amount(self, order: ParkingOrder) -> str:
        """12.50 CNY."""
        return f"{order.fee} {order.currency}"

    @display(description=_("member"))
    def member_link(self, order: ParkingOrder) -> object:
        """Leads to the member."""
        return page_link(Member, order.member_id, order.member.number) if order.member else "—"

    @display(description=_("parking session"))
    def session_link(self, order: ParkingOrder) -> object:
        """Leads to the stay."""
        return page_link(ParkingSession, order.session_id, order.session.car_park.code)

    @action(description=_("Refund"), url_path="refund", permissions=["refund"], icon="undo")
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give everything back: rights, vouchers, receipts, points and money."""
        order = ParkingOrder.objects.select_related("unit", "member").get(pk=object_id)
        form = RefundForm(sent(request))

        def do(said: Any) -> tuple[Any, str]:
            refund_order(order_id=order.pk, reason=said["reason"], by=actor_of(request.user), at=clock.now())
            return _("Refunded."), reverse("admin:parking_parkingorder_change", args=[order.pk])

        return self.act(
            request,
            form=form,
            do=do,
            title=_("Refund"),
            button=_("Refund"),
            words=_(
                "The whole order is undone: what it used is usable again, its money goes back the way it"
                " came."
            ),
            panels=[parts_panel(order)],
            is_danger=True,
        )


def parts_panel(order: ParkingOrder) -> Panel:
    """What paid it, line by line."""
    rows: list[tuple[object, object]] = [(line.words, line.money.amount) for line in order_lines(order)]
    rows.append((text("Total"), f"{order.fee} {order.currency}"))
    return Panel(
        title=text("Paid with"), headers=[_("paid with"), _("amount")], rows=rows, right=frozenset({1})
    )


def _payments_panel(order: ParkingOrder) -> Panel:
    return Panel(
        title=text("Payments"),
        headers=[_("asked"), _("provider"), _("amount"), _("state"), _("provider's reference")],
        rows=[
            (
                moment(payment.asked_at),
                payment.provider,
                f"{payment.amount} {payment.currency}",
                payment.get_state_display(),
                page_link(Payment, payment.pk, payment.provider_ref or "—"),
            )
            for payment in order.payments.order_by("asked_at")
        ],
        right=frozenset({2}),
    )


@admin.register(Payment)
class PaymentAdmin(WholeTermSearch, ReadOnlyAdmin):
    """What providers were asked and what they said."""

    list_display = ("asked_at", "state_label", "money", "provider", "provider_ref", "paid_at", "order_link")
    list_select_related = ("order",)
    list_filter = ("state", "provider", ("asked_at", RangeDateTimeFilter))
    search_fields = ("provider_ref",)
    search_help_text = _("The provider's reference, whole.")
    ordering = ("-asked_at", "-id")
    fields = (
        ("state", "money"), ("provider", "provider_ref"), ("asked_at", "paid_at"), ("look_at", "looked"),
        ("failure", "refunded_at"), "order_link",
    )  # fmt: skip

    def found(self, queryset: Any, term: str) -> Any:
        """By the provider's reference."""
        return queryset.filter(provider_ref=term)

    @display(description=_("state"), ordering="state", label=PAYMENT_COLOURS)
    def state_label(self, payment: Payment) -> tuple[str, str]:
        """In its colour."""
        return payment.state, payment.get_state_display()

    @display(description=_("amount"), ordering="amount")
    def money(self, payment: Payment) -> str:
        """12.50 CNY."""
        return f"{payment.amount} {payment.currency}"

    @display(description=_("parking order"))
    def order_link(self, payment: Payment) -> object:
        """Leads to the order."""
        return page_link(ParkingOrder, payment.order_id, f"{payment.order.fee} {payment.order.currency}")
