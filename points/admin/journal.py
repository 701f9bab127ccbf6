"""The journal to look at: postings with what they are made of, entries, draws. Nobody changes it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from common.admin import ReadOnlyAdmin, WholeTermSearch, explanation_table, page_link
from members.models import Member
from points.admin.moments import moment
from points.models import Draw, Entry, Lot, Posting, PostingKind, Program
from units.models import BusinessUnit

KIND_COLOURS = {
    PostingKind.ACCRUAL: "success",
    PostingKind.REDEMPTION: "info",
    PostingKind.EXPIRY: "warning",
    PostingKind.REVERSAL: "danger",
}


class MemberLink:
    """A column that leads to the member's page."""

    @display(description=_("member"))
    def member_link(self, row: Any) -> SafeString:
        """By number."""
        return page_link(Member, row.member_id, row.member.number)


@admin.register(Posting)
class PostingAdmin(MemberLink, WholeTermSearch, ReadOnlyAdmin):
    """What moved points, why, for whom, by whom. The page shows its entries, its lots and what it drew."""

    list_display = (
        "occurred_at",
        "kind_label",
        "member_link",
        "unit",
        "points",
        "program",
        "source_ref",
        "actor",
        "rule",
    )
    list_select_related = ("member", "unit", "program")
    list_filter = ("kind", "unit", "program", ("occurred_at", RangeDateTimeFilter))
    search_fields = ("source_ref",)
    search_help_text = _("Source reference or member number, whole.")
    ordering = ("-id",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("kind_label", "points", "program"),
                    ("member_link", "unit", "source_ref"),
                    ("occurred_at", "posted_at"),
                    ("actor", "rule"),
                    "reversed_posting",
                )
            },
        ),
        (_("entries"), {"fields": ("entries_table",)}),
        (_("lots it made"), {"fields": ("lots_table",)}),
        (_("lots it drew on"), {"fields": ("draws_table",)}),
        (_("proof"), {"fields": ("id", "digest_text"), "classes": ("collapse",)}),
    )

    def found(self, queryset: QuerySet[Posting], term: str) -> QuerySet[Posting]:
        """By whole source reference or member number: both have an index, a part of either has none."""
        members = list(Member.objects.filter(number=term).values_list("pk", flat=True))
        if members:
            return queryset.filter(member_id__in=members)
        units = list(BusinessUnit.objects.values_list("pk", flat=True))
        return queryset.filter(unit_id__in=units, kind__in=PostingKind.values, source_ref=term)

    @display(description=_("kind"), ordering="kind", label=KIND_COLOURS)
    def kind_label(self, posting: Posting) -> tuple[str, str]:
        """In its colour."""
        return posting.kind, posting.get_kind_display()

    @display(description=_("reverses"))
    def reversed_posting(self, posting: Posting) -> object:
        """The posting it takes back."""
        return page_link(Posting, posting.reverses, posting.reverses) if posting.reverses else "—"

    @display(description=_("entries"))
    def entries_table(self, posting: Posting) -> SafeString:
        """Each moves points between a wallet and a house account: the two sides sum to zero."""
        entries = posting.entries.select_related("program", "unit").order_by("program__code", "id")
        return explanation_table(
            headers=[_("program"), _("to the wallet"), _("house account"), _("of the unit")],
            rows=[
                (entry.program, f"{entry.points:+,}", entry.get_house_display(), entry.unit)
                for entry in entries
            ],
        )

    @display(description=_("lots it made"))
    def lots_table(self, posting: Posting) -> SafeString:
        """What was given and how long it lives."""
        lots = posting.lots.select_related("program", "issuer").order_by("id")
        return explanation_table(
            headers=[_("lot"), _("program"), _("points"), _("remaining"), _("issuing unit"), _("expires")],
            rows=[
                (
                    page_link(Lot, lot.pk, str(lot.pk)[-8:]),
                    lot.program,
                    f"{lot.points:,}",
                    f"{lot.remaining:,}",
                    lot.issuer,
                    moment(lot.expires_at) or gettext("never"),
                )
                for lot in lots
            ],
        )

    @display(description=_("lots it drew on"))
    def draws_table(self, posting: Posting) -> SafeString:
        """Which points were spent, expired or put back: what settlement between units is made of."""
        draws = posting.draws.select_related("lot__program", "lot__issuer").order_by("id")
        return explanation_table(
            headers=[_("lot"), _("program"), _("points"), _("issuing unit"), _("cost per point")],
            rows=[
                (
                    page_link(Lot, draw.lot_id, str(draw.lot_id)[-8:]),
                    draw.lot.program,
                    f"{draw.points:,}",
                    draw.lot.issuer,
                    f"{draw.lot.unit_cost.normalize():f} {draw.lot.program.currency}",
                )
                for draw in draws
            ],
        )

    @display(description=_("digest"))
    def digest_text(self, posting: Posting) -> str:
        """SHA-256 over the posting and its rows, which the audit computes anew."""
        return bytes(posting.digest).hex()


@admin.register(Entry)
class EntryAdmin(MemberLink, ReadOnlyAdmin):
    """The lines of postings."""

    list_display = ("id", "posting_link", "member_link", "program", "points", "house", "unit")
    list_select_related = ("posting", "member", "program", "unit")
    list_filter = ("house", "program", "unit")
    ordering = ("-id",)
    fields = ("posting_link", "member_link", "program", "points", "house", "unit")

    @display(description=_("posting"))
    def posting_link(self, entry: Entry) -> SafeString:
        """Leads to the posting."""
        return page_link(Posting, entry.posting_id, told_posting(entry.posting))


@admin.register(Draw)
class DrawAdmin(MemberLink, ReadOnlyAdmin):
    """Which posting consumed how many points of which lot."""

    list_display = ("id", "posting_link", "lot_link", "member_link", "program", "points")
    list_select_related = ("posting", "lot__program", "member")
    ordering = ("-id",)
    fields = ("posting_link", "lot_link", "member_link", "program", "points")

    @display(description=_("posting"))
    def posting_link(self, draw: Draw) -> SafeString:
        """Leads to the posting."""
        return page_link(Posting, draw.posting_id, told_posting(draw.posting))

    @display(description=_("lot"))
    def lot_link(self, draw: Draw) -> SafeString:
        """Leads to the lot."""
        return page_link(Lot, draw.lot_id, str(draw.lot_id)[-8:])

    @display(description=_("program"))
    def program(self, draw: Draw) -> Program:
        """The lot's."""
        return draw.lot.program


def told_posting(posting: Posting) -> str:
    """A posting in a few words: Redemption T-1001."""
    return f"{posting.get_kind_display()} {posting.source_ref}"
