"""Wallets and lots to look at: what members have, and what it is made of."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from common import clock
from common.admin import ReadOnlyAdmin, WholeTermSearch, explanation_table, list_link, page_link
from points.admin.journal import MemberLink, told_posting
from points.admin.moments import moment
from points.models import Lot, Posting, Wallet


@admin.register(Wallet)
class WalletAdmin(MemberLink, WholeTermSearch, ReadOnlyAdmin):
    """A member's balance in one program."""

    list_display = ("id", "member_link", "program", "balance", "debt", "lots_link")
    list_select_related = ("member", "program")
    list_filter = ("program",)
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole.")
    ordering = ("-id",)
    fields = ("member_link", "program", "balance", "debt", "lots_link")

    def found(self, queryset: QuerySet[Wallet], term: str) -> QuerySet[Wallet]:
        """By member number."""
        return queryset.filter(member__number=term)

    @display(description=_("lots"))
    def lots_link(self, wallet: Wallet) -> SafeString:
        """What the balance is made of."""
        return list_link(Lot, _("lots"), wallet__id__exact=wallet.pk)


@admin.register(Lot)
class LotAdmin(MemberLink, WholeTermSearch, ReadOnlyAdmin):
    """Points of one accrual: what was given, what remains, until when."""

    list_display = (
        "lot",
        "member_link",
        "program",
        "points",
        "remaining",
        "issuer",
        "cost",
        "earned_at",
        "available_at",
        "expires",
        "state",
    )
    list_select_related = ("member", "program", "issuer")
    list_filter = ("is_open", "program", "issuer", ("earned_at", RangeDateTimeFilter))
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole.")
    ordering = ("-id",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("member_link", "program", "issuer"),
                    ("points", "remaining", "cost"),
                    ("earned_at", "available_at", "expires"),
                    ("state", "posting_link"),
                )
            },
        ),
        (_("what became of it"), {"fields": ("draws_table",)}),
    )

    def found(self, queryset: QuerySet[Lot], term: str) -> QuerySet[Lot]:
        """By member number."""
        return queryset.filter(member__number=term)

    @display(description=_("lot"))
    def lot(self, lot: Lot) -> str:
        """The last letters of its id: the first are the time it was made."""
        return str(lot.pk)[-8:]

    @display(description=_("cost per point"))
    def cost(self, lot: Lot) -> str:
        """What the issuer owes for one point."""
        return f"{lot.unit_cost.normalize():f}"

    @display(description=_("expires"), ordering="expires_at", empty_value=_("never"))
    def expires(self, lot: Lot) -> str | None:
        """The first instant at which it cannot be spent."""
        return moment(lot.expires_at)

    @display(
        description=_("state"),
        label={"available": "success", "pending": "info", "expired": "warning", "spent": "default"},
    )
    def state(self, lot: Lot) -> tuple[str, object]:
        """At this moment."""
        at = clock.now()
        if not lot.is_open:
            return "spent", _("Used up")
        if lot.expires_at is not None and lot.expires_at <= at:
            return "expired", _("Expired")
        return ("pending", _("Pending")) if lot.available_at > at else ("available", _("Available"))

    @display(description=_("posting"))
    def posting_link(self, lot: Lot) -> SafeString:
        """What gave it."""
        return page_link(Posting, lot.posting_id, told_posting(lot.posting))

    @display(description=_("what became of it"))
    def draws_table(self, lot: Lot) -> SafeString:
        """Every posting that took from it or put back."""
        draws = lot.draws.select_related("posting__unit").order_by("id")
        return explanation_table(
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
        )
