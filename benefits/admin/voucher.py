"""Vouchers one by one; looked up by code without leaving the code in an address."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from benefits.admin.places import ReasonForm
from benefits.admin.voucher_batch import ISSUE
from benefits.models import OfflineUse, Voucher, VoucherBatch, VoucherState
from benefits.selectors.vouchers import state_at
from benefits.services.voucher_batches import void_voucher
from benefits.services.voucher_guessing import Guesser, find_voucher
from common import clock
from common.admin import Panel, PanelPage, ReadOnlyAdmin, WholeTermSearch, actor_of, page_link
from members.models import Member
from points.admin.acts import ActsAdmin, operator_of, sent
from points.admin.moments import moment

STATE_COLOURS = {
    VoucherState.ISSUED: "success",
    VoucherState.LOCKED: "warning",
    VoucherState.USED: "info",
    VoucherState.EXPIRED: "default",
    VoucherState.VOID: "danger",
}


class CodeForm(forms.Form):
    """A code as it was read out."""

    code = forms.CharField(
        label=_("Voucher code"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("Capital or small letters, with or without hyphens."),
    )


@admin.register(Voucher)
class VoucherAdmin(ActsAdmin, WholeTermSearch, PanelPage):
    """Codes show to their owners only; here their last letters."""

    list_display = ("ends_in", "state_label", "batch_link", "member_link", "valid_from", "expires_at")
    list_display_links = ("ends_in",)
    list_filter = ("state", "batch")
    list_select_related = ("batch", "member")
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole. To find a code, use the button.")
    ordering = ("-id",)
    actions_list = ("look_up",)
    actions_detail = ("void",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("ends_in", "state_now"),
                    ("batch_link", "member_link"),
                    ("valid_from", "expires_at"),
                    ("locked_until", "lock_ref"),
                    ("issued_at", "cause"),
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Voucher]:
        """Without the codes: nothing here opens them."""
        rows: QuerySet[Voucher] = super().get_queryset(request)
        return rows.defer("code", "digest")

    def panels(self, row: Voucher, at: datetime) -> list[Panel]:  # noqa: ARG002 -- history does not age
        """Its whole history."""
        return [events_panel(row)]

    def found(self, queryset: QuerySet[Voucher], term: str) -> QuerySet[Voucher]:
        """By member number."""
        return queryset.filter(member__number=term)

    def has_look_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may look at vouchers."""
        return bool(request.user.has_perm("benefits.view_voucher"))

    def has_void_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whoever may issue and withdraw, while nobody used it."""
        voucher = self.get_object(request, object_id)
        is_idle = voucher is not None and voucher.state == VoucherState.ISSUED
        return is_idle and request.user.has_perm(ISSUE)

    @display(description=_("code ends in"), ordering="tail")
    def ends_in(self, voucher: Voucher) -> str:
        """…7K3M."""
        return f"…{voucher.tail}"

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, voucher: Voucher) -> tuple[str, str]:
        """At this moment, whether or not the sweep has run."""
        state = VoucherState(state_at(voucher, clock.now()))
        return state, str(state.label)

    @display(description=_("state"))
    def state_now(self, voucher: Voucher) -> str:
        """The same, in words alone: a page of one has no place for a colour."""
        return str(VoucherState(state_at(voucher, clock.now())).label)

    @display(description=_("voucher batch"))
    def batch_link(self, voucher: Voucher) -> object:
        """Leads to its terms."""
        return page_link(VoucherBatch, voucher.batch_id, voucher.batch)

    @display(description=_("member"))
    def member_link(self, voucher: Voucher) -> object:
        """Leads to the member's page."""
        if voucher.member is None:
            return "—"
        return page_link(Member, voucher.member_id, voucher.member.number)

    @action(description=_("Look up a code"), url_path="look-up", permissions=["look"], icon="search")
    def look_up(self, request: HttpRequest) -> HttpResponse:
        """By what was read out. Unknown codes are counted, as at the tills."""

        def do(said: Any) -> tuple[Any, str]:
            by = actor_of(operator_of(request))
            voucher = find_voucher(typed=said["code"], guesser=Guesser(by), at=clock.now())
            return _("Found."), _page_of(voucher)

        return self.act(
            request,
            form=CodeForm(sent(request)),
            do=do,
            title=_("Look up a code"),
            button=_("Look up"),
        )

    @action(description=_("Withdraw"), url_path="void", permissions=["void"], icon="block")
    def void(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Nobody uses it any more."""
        voucher = self.get_object(request, object_id)
        assert isinstance(voucher, Voucher), "the permission was asked of this row"

        def do(said: Any) -> tuple[Any, str]:
            by = actor_of(operator_of(request))
            void_voucher(voucher_id=voucher.pk, reason=said["reason"], by=by, at=clock.now())
            return _("Withdrawn."), _page_of(voucher)

        return self.act(
            request,
            form=ReasonForm(sent(request)),
            do=do,
            title=f"{_('Withdraw')}: {voucher}",
            button=_("Withdraw"),
            panels=[events_panel(voucher)],
            is_danger=True,
        )


@admin.register(OfflineUse)
class OfflineUseAdmin(ReadOnlyAdmin):
    """What tills told later. Outcomes say which vouchers were used twice."""

    list_display = ("used_at", "outcome", "voucher_link", "unit", "source_ref", "told_at", "by")
    list_filter = ("outcome", "offline_list__unit")
    list_select_related = ("voucher", "offline_list__unit")
    ordering = ("-told_at", "-id")

    @display(description=_("voucher"))
    def voucher_link(self, use: OfflineUse) -> object:
        """Leads to its history."""
        return "—" if use.voucher is None else page_link(Voucher, use.voucher_id, use.voucher)

    @display(description=_("business unit"))
    def unit(self, use: OfflineUse) -> str:
        """Where."""
        return str(use.offline_list.unit)

    def get_queryset(self, request: HttpRequest) -> QuerySet[OfflineUse]:
        """Without the codes."""
        rows: QuerySet[OfflineUse] = super().get_queryset(request)
        return rows.defer("voucher__code", "voucher__digest")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:  # noqa: ARG002 -- Django's signature
        """The digest says nothing to people."""
        return ["voucher_link", "unit", "source_ref", "sale", "used_at", "outcome", "by", "told_at"]


def events_panel(voucher: Voucher) -> Panel:
    """Everything that happened to it."""
    rows = voucher.events.select_related("unit", "outlet").order_by("number")
    return Panel(
        title=_("What happened"),
        headers=[
            _("number"),
            _("at"),
            _("what happened"),
            _("business unit"),
            _("outlet"),
            _("source reference"),
            _("value"),
            _("reason"),
            _("by"),
        ],
        rows=[
            (
                row.number,
                moment(row.at),
                row.get_kind_display(),
                row.unit or "—",
                row.outlet or "—",
                row.source_ref or "—",
                "—" if row.value is None else f"{row.value} {row.currency}",
                row.reason or row.words or "—",
                row.by,
            )
            for row in rows
        ],
        right=frozenset({0, 6}),
    )


def _page_of(voucher: Voucher) -> str:
    return reverse("admin:benefits_voucher_change", args=[voucher.pk])
