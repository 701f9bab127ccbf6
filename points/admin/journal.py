"""The journal to look at: postings with what they are made of, entries, draws. Nobody changes it."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from common.admin import Panel, PanelPage, ReadOnlyAdmin, WholeTermSearch, page_link
from members.models import Member
from points.admin.columns import LedgerColumns, ProgramFilter, UnitFilter
from points.admin.explaining import ExplainedPage, Told
from points.admin.explaining_ledger import posting_told
from points.admin.moments import moment
from points.models import Draw, Entry, Lot, Posting, PostingKind, Program
from units.models import BusinessUnit

KIND_COLOURS = {
    PostingKind.ACCRUAL: "success",
    PostingKind.REDEMPTION: "info",
    PostingKind.EXCHANGE: "primary",
    PostingKind.EXPIRY: "warning",
    PostingKind.REVERSAL: "danger",
    PostingKind.TRANSFER: "primary",
    PostingKind.ADJUSTMENT: "warning",
    PostingKind.MATURITY: "success",
    PostingKind.MOVE: "primary",
}

# Their references are made of ids.
MADE_OF_IDS = {PostingKind.EXPIRY, PostingKind.EXCHANGE, PostingKind.ADJUSTMENT, PostingKind.TRANSFER}
_OF_MERGES = ("merge:", "unmerge:", "follow:")


@admin.register(Posting)
class PostingAdmin(ExplainedPage, LedgerColumns, WholeTermSearch, PanelPage):
    """What moved points, why, for whom, by whom. The page shows its entries, its lots and what it drew."""

    list_display = (
        "occurred_at",
        "kind_label",
        "member_link",
        "unit",
        "points_told",
        "program",
        "source",
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
                    ("kind", "member_link"),
                    ("points_told", "program"),
                    ("unit", "source_ref"),
                    ("occurred_at", "posted_at"),
                    ("actor", "rule"),
                    "reversed_posting",
                )
            },
        ),
        (_("proof"), {"fields": ("row_number", "digest_text"), "classes": ("collapse",)}),
    )

    def panels(self, row: Posting, at: datetime) -> list[Panel]:  # noqa: ARG002 -- what was posted does not age
        """What the posting is made of."""
        return [entries_panel(row), lots_panel(row), draws_panel(row)]

    def explanation(self, row: Posting, at: datetime) -> Told:  # noqa: ARG002 -- what was posted does not age
        """Wallet by wallet, lot by lot, and who owes whom."""
        return posting_told(row)

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

    @display(description=_("points"), ordering="points")
    def points_told(self, posting: Posting) -> str:
        """With separators."""
        return f"{posting.points:,}"

    @display(description=_("source reference"))
    def source(self, posting: Posting) -> str:
        """Short in the list: what the sweep posts carries a whole id."""
        return Truncator(posting.source_ref).chars(28)

    @display(description=_("reverses"))
    def reversed_posting(self, posting: Posting) -> object:
        """The posting it takes back."""
        return page_link(Posting, posting.reverses, posting.reverses) if posting.reverses else "—"

    @display(description=_("digest"))
    def digest_text(self, posting: Posting) -> str:
        """SHA-256 over the posting and its rows, which the audit computes anew."""
        return bytes(posting.digest).hex()


@admin.register(Entry)
class EntryAdmin(LedgerColumns, ReadOnlyAdmin):
    """The lines of postings."""

    list_display = (
        "row_number",
        "posting_link",
        "member_link",
        "program_name",
        "points_told",
        "house",
        "unit_name",
    )
    list_select_related = ("posting", "member", "program", "unit")
    list_filter = ("house", ("program", ProgramFilter), ("unit", UnitFilter))
    ordering = ("-id",)
    fields = ("posting_link", "member_link", "program_name", "points_told", "house", "unit_name")

    @display(description=_("points"), ordering="points")
    def points_told(self, entry: Entry) -> str:
        """Signed: to the wallet or from it."""
        return f"{entry.points:+,}"

    @display(description=_("posting"))
    def posting_link(self, entry: Entry) -> SafeString:
        """Leads to the posting."""
        return page_link(Posting, entry.posting_id, told_posting(entry.posting))


@admin.register(Draw)
class DrawAdmin(LedgerColumns, ReadOnlyAdmin):
    """Which posting consumed how many points of which lot."""

    list_display = ("row_number", "posting_link", "lot_link", "member_link", "lot_program", "points_told")
    list_select_related = ("posting", "lot__program", "member")
    ordering = ("-id",)
    fields = ("posting_link", "lot_link", "member_link", "lot_program", "points_told")

    @display(description=_("points"), ordering="points")
    def points_told(self, draw: Draw) -> str:
        """Positive: drawn; negative: put back."""
        return f"{draw.points:,}"

    @display(description=_("posting"))
    def posting_link(self, draw: Draw) -> SafeString:
        """Leads to the posting."""
        return page_link(Posting, draw.posting_id, told_posting(draw.posting))

    @display(description=_("lot"))
    def lot_link(self, draw: Draw) -> SafeString:
        """Leads to the lot."""
        return page_link(Lot, draw.lot_id, str(draw.lot_id)[-8:])

    @display(description=_("program"))
    def lot_program(self, draw: Draw) -> Program:
        """The lot's."""
        return draw.lot.program


def told_posting(posting: Posting) -> str:
    """A posting in a few words: Redemption T-1001. References made of ids say nothing: Expiry."""
    kind = posting.get_kind_display()
    return kind if is_made_of_ids(posting) else f"{kind} {posting.source_ref}"


def is_made_of_ids(posting: Posting) -> bool:
    """Whether the system made the reference up: of an expiry, a merge, its undoing."""
    return posting.kind in MADE_OF_IDS or posting.source_ref.startswith(_OF_MERGES)


def entries_panel(posting: Posting) -> Panel:
    """Each line moves points between a wallet and a house account: the two sides sum to zero."""
    entries = posting.entries.select_related("program", "unit", "member").order_by("program__code", "id")
    return Panel(
        title=gettext("Entries"),
        headers=[_("program"), _("to the wallet"), _("house account"), _("of the unit"), _("member")],
        rows=[
            (
                entry.program,
                f"{entry.points:+,}",
                entry.get_house_display(),
                entry.unit,
                page_link(Member, entry.member_id, entry.member.number),
            )
            for entry in entries
        ],
        note=gettext(
            "The house account of the unit gets the same with the other sign: a posting sums to zero."
        ),
        right=frozenset({1}),
    )


def lots_panel(posting: Posting) -> Panel:
    """What was given and how long it lives."""
    lots = posting.lots.select_related("program", "issuer").order_by("id")
    return Panel(
        title=gettext("Lots it made"),
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
        right=frozenset({2, 3}),
    )


def draws_panel(posting: Posting) -> Panel:
    """Which points were spent, expired or put back: what settlement between units is made of."""
    draws = posting.draws.select_related("lot__program", "lot__issuer").order_by("id")
    return Panel(
        title=gettext("Lots it drew on"),
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
        right=frozenset({2}),
    )
