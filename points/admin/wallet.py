"""Wallets and lots to look at: what members have, and what it is made of."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display

from common import clock
from common.admin import Panel, PanelPage, ReadOnlyAdmin, WholeTermSearch, list_link, page_link
from points.admin.adjustment import adjust_address
from points.admin.columns import LedgerColumns, ProgramFilter
from points.admin.explaining import ExplainedPage, Told
from points.admin.explaining_ledger import lot_told, wallet_told
from points.admin.journal import told_posting
from points.admin.moments import moment
from points.models import Lot, Posting, Wallet
from points.services.approvals import ASK_ADJUSTMENT

_STATE_COLOURS = {"available": "success", "pending": "info", "expired": "warning", "spent": "default"}


@admin.register(Wallet)
class WalletAdmin(ExplainedPage, LedgerColumns, WholeTermSearch, ReadOnlyAdmin):
    """A member's balance in one program."""

    list_display = ("row_number", "member_link", "program", "balance_told", "debt_told", "lots_link")
    list_select_related = ("member", "program")
    list_filter = ("program",)
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole.")
    ordering = ("-id",)
    fields = (("member_link", "program"), ("balance_told", "debt_told"), "lots_link")
    actions_detail = ("explain", "adjust")

    def has_adjust_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may adjust points."""
        return request.user.has_perm(ASK_ADJUSTMENT)

    @action(description=_("Adjust points"), url_path="adjust", permissions=["adjust"], icon="exposure")
    def adjust(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the form, which knows the member and the program already."""
        wallet = self.get_object(request, object_id)
        named = {} if wallet is None else {"member": wallet.member.number, "program": wallet.program_id}
        return HttpResponseRedirect(adjust_address(**named))

    def explanation(self, row: Wallet, at: datetime) -> Told:
        """Four sums that end in the balance."""
        return wallet_told(row, at)

    def found(self, queryset: QuerySet[Wallet], term: str) -> QuerySet[Wallet]:
        """By member number."""
        return queryset.filter(member__number=term)

    @display(description=_("balance"), ordering="balance")
    def balance_told(self, wallet: Wallet) -> str:
        """With separators."""
        return f"{wallet.balance:,}"

    @display(description=_("debt"), ordering="debt")
    def debt_told(self, wallet: Wallet) -> str:
        """What later points repay first."""
        return f"{wallet.debt:,}"

    @display(description=_("lots"))
    def lots_link(self, wallet: Wallet) -> SafeString:
        """What the balance is made of."""
        return list_link(Lot, _("lots"), wallet__id__exact=wallet.pk)


@admin.register(Lot)
class LotAdmin(ExplainedPage, LedgerColumns, WholeTermSearch, PanelPage):
    """Points of one accrual: what was given, what remains, until when."""

    list_display = (
        "lot",
        "member_link",
        "program_name",
        "points_told",
        "remaining_told",
        "issuer",
        "cost",
        "earned_at",
        "available_at",
        "expires",
        "state",
    )
    list_select_related = ("member", "program", "issuer")
    list_filter = ("is_open", ("program", ProgramFilter), "issuer", ("earned_at", RangeDateTimeFilter))
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole.")
    ordering = ("-id",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("member_link", "program_name"),
                    ("points_told", "remaining_told"),
                    ("issuer", "cost"),
                    ("earned_at", "posting_link"),
                    ("available_at", "expires"),
                    "state_told",
                )
            },
        ),
    )

    def panels(self, row: Lot, at: datetime) -> list[Panel]:  # noqa: ARG002 -- what was drawn does not age
        """What became of the lot."""
        return [draws_panel(row)]

    def explanation(self, row: Lot, at: datetime) -> Told:
        """Its life, from its birth on."""
        return lot_told(row, at)

    def found(self, queryset: QuerySet[Lot], term: str) -> QuerySet[Lot]:
        """By member number."""
        return queryset.filter(member__number=term)

    @display(description=_("lot"))
    def lot(self, lot: Lot) -> str:
        """The last letters of its id: the first are the time it was made."""
        return str(lot.pk)[-8:]

    @display(description=_("points"), ordering="points")
    def points_told(self, lot: Lot) -> str:
        """Given."""
        return f"{lot.points:,}"

    @display(description=_("remaining"), ordering="remaining")
    def remaining_told(self, lot: Lot) -> str:
        """Left."""
        return f"{lot.remaining:,}"

    @display(description=_("cost per point"))
    def cost(self, lot: Lot) -> str:
        """What the issuer owes for one point."""
        return f"{lot.unit_cost.normalize():f}"

    @display(description=_("expires"), ordering="expires_at", empty_value=_("never"))
    def expires(self, lot: Lot) -> str | None:
        """The first instant at which it cannot be spent."""
        return moment(lot.expires_at)

    @display(description=_("state"), label=_STATE_COLOURS)
    def state(self, lot: Lot) -> tuple[str, str]:
        """At this moment, in its colour."""
        return _state_of(lot, clock.now())

    @display(description=_("state"))
    def state_told(self, lot: Lot) -> str:
        """At this moment."""
        return _state_of(lot, clock.now())[1]

    @display(description=_("posting"))
    def posting_link(self, lot: Lot) -> SafeString:
        """What gave it."""
        return page_link(Posting, lot.posting_id, told_posting(lot.posting))


def draws_panel(lot: Lot) -> Panel:
    """Every posting that took from the lot or put back."""
    draws = lot.draws.select_related("posting__unit").order_by("id")
    return Panel(
        title=gettext("What became of it"),
        headers=[_("posting"), _("happened"), _("business unit"), _("points")],
        rows=[
            (
                page_link(Posting, draw.posting_id, told_posting(draw.posting)),
                moment(draw.posting.occurred_at),
                draw.posting.unit,
                f"{-draw.points:+,}",
            )
            for draw in draws
        ],
        note=gettext("remaining = points given + the sum of this column"),
        right=frozenset({3}),
    )


def _state_of(lot: Lot, at: datetime) -> tuple[str, str]:
    if not lot.is_open:
        return "spent", gettext("Used up")
    if lot.expires_at is not None and lot.expires_at <= at:
        return "expired", gettext("Expired")
    return ("pending", gettext("Pending")) if lot.available_at > at else ("available", gettext("Available"))
