"""Parking sessions: a stay, what it costs and why, what paid for it, what the gates saw."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from common.admin import Panel, PanelPage, WholeTermSearch, page_link
from members.models import Member
from members.rules.masking import masked_plate
from members.rules.normalise import BadPlate
from members.selectors.aliases import ids_by_number
from parking.models import ParkingOrder, ParkingSession, SessionState
from parking.rules.fees import money
from parking.rules.gate_plate import gate_plate
from parking.selectors.fees import due_of
from parking.selectors.plates import plate_index_of
from parking.selectors.sessions import orders_of
from parking.selectors.words import fee_lines, order_lines, told_minutes
from points.admin.moments import moment

STATE_COLOURS = {
    SessionState.INSIDE: "info",
    SessionState.LEFT: "success",
    SessionState.EXIT_MISSING: "warning",
    SessionState.VOID: "default",
}


@admin.register(ParkingSession)
class ParkingSessionAdmin(WholeTermSearch, PanelPage):
    """Stays, newest first."""

    list_display = (
        "began_at",
        "masked",
        "car_park",
        "state_label",
        "entered_at",
        "exited_at",
        "fee",
        "member_link",
    )
    list_select_related = ("car_park__unit", "member")
    list_filter = ("state", "car_park", ("began_at", RangeDateTimeFilter))
    search_fields = ("plate",)
    search_help_text = _("Licence plate or member number, whole.")
    ordering = ("-began_at", "-id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("masked", "car_park"), ("state", "member_link"), ("entered_at", "exited_at"),
                    ("fee", "tariff"),
                )
            },
        ),
    )  # fmt: skip

    def panels(self, row: ParkingSession, at: datetime) -> list[Panel]:
        """The fee, its payment, and what the gates saw."""
        return [_fee_panel(row, at), *_order_panels(row), _passages_panel(row)]

    def found(self, queryset: QuerySet[ParkingSession], term: str) -> QuerySet[ParkingSession]:
        """By whole plate or member number."""
        members = ids_by_number(term)
        if members:
            return queryset.filter(member_id__in=members)
        try:
            return queryset.filter(plate_index=plate_index_of(gate_plate(term)))
        except BadPlate:
            return queryset.none()

    @display(description=_("plate"))
    def masked(self, session: ParkingSession) -> str:
        """Plates name people; in time they are forgotten."""
        return masked_plate(session.plate) if session.plate else text("no longer kept")

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, session: ParkingSession) -> tuple[str, str]:
        """In its colour."""
        return session.state, session.get_state_display()

    @display(description=_("member"))
    def member_link(self, session: ParkingSession) -> object:
        """Leads to the member."""
        return page_link(Member, session.member_id, session.member.number) if session.member else "—"


def _fee_panel(session: ParkingSession, at: datetime) -> Panel:
    due = due_of(session, until=session.exited_at or at)
    currency = session.car_park.unit.currency
    rows: list[tuple[object, object]] = [(line.words, line.money.amount) for line in fee_lines(due)]
    rows += [
        (text("Fee"), f"{money(due.fee_cents)} {currency}"),
        (text("Paid"), f"{money(due.paid_cents)} {currency}"),
        (text("Due"), f"{money(due.cents)} {currency}"),
    ]
    title = text("Fee for %(time)s") % {"time": told_minutes(due.minutes)}
    note = (
        text("Paid more than due: a person looks whether to refund.")
        if due.paid_cents > due.fee_cents
        else ""
    )
    return Panel(title=title, headers=[_("line"), _("amount")], rows=rows, note=note, right=frozenset({1}))


def _order_panels(session: ParkingSession) -> list[Panel]:
    return [
        Panel(
            title=text("Parking order: %(state)s") % {"state": order.get_state_display()},
            headers=[_("paid with"), _("amount")],
            rows=[
                *((line.words, line.money.amount) for line in order_lines(order)),
                (page_link(ParkingOrder, order.pk, text("Total")), f"{order.fee} {order.currency}"),
            ],
            note=moment(order.placed_at) or "",
            right=frozenset({1}),
        )
        for order in orders_of(session)
    ]


def _passages_panel(session: ParkingSession) -> Panel:
    rows = [
        (
            moment(passage.happened_at),
            text("came in") if passage.is_entry else text("went out"),
            passage.lane or "—",
            passage.source_ref,
            moment(passage.received_at),
            passage.by,
        )
        for passage in session.passages.order_by("happened_at", "pk")
    ]
    return Panel(
        title=text("What the gates saw"),
        headers=[_("happened"), _("direction"), _("lane"), _("source reference"), _("received"), _("by")],
        rows=rows,
    )
