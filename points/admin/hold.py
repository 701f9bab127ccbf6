"""Holds to look at: points that stand ready for a sale in progress, and what became of them."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from common.admin import Panel, PanelPage, WholeTermSearch, page_link
from members.models import Member
from points.admin.columns import LedgerColumns
from points.admin.journal import told_posting
from points.models import Hold, HoldStatus, Lot, Posting
from units.models import BusinessUnit

_STATUS_COLOURS = {
    HoldStatus.OPEN: "info",
    HoldStatus.CAPTURED: "success",
    HoldStatus.VOIDED: "default",
    HoldStatus.TIMED_OUT: "warning",
}


@admin.register(Hold)
class HoldAdmin(LedgerColumns, WholeTermSearch, PanelPage):
    """What is reserved for whom, until when."""

    list_display = (
        "held_at",
        "status_label",
        "member_link",
        "unit",
        "points_told",
        "program",
        "source_ref",
        "expires_at",
        "closed_at",
    )
    list_select_related = ("member", "unit", "program")
    list_filter = ("status", "unit", "program", ("held_at", RangeDateTimeFilter))
    search_fields = ("source_ref",)
    search_help_text = _("Source reference or member number, whole.")
    ordering = ("-id",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("status", "member_link"),
                    ("points_told", "program"),
                    ("unit", "source_ref"),
                    ("held_at", "expires_at"),
                    ("closed_at", "posting_link"),
                    "actor",
                )
            },
        ),
    )

    def panels(self, row: Hold, at: datetime) -> list[Panel]:  # noqa: ARG002 -- what is held does not age
        """The lots that the hold names, in the order they will be drawn."""
        held = row.lots.select_related("lot__program", "lot__issuer").order_by("id")
        return [
            Panel(
                title=gettext("Held lots"),
                headers=[_("lot"), _("program"), _("points"), _("issuing unit")],
                rows=[
                    (
                        page_link(Lot, line.lot_id, line.lot),
                        line.lot.program,
                        f"{line.points:,}",
                        line.lot.issuer,
                    )
                    for line in held
                ],
                right=frozenset({2}),
            )
        ]

    def found(self, queryset: QuerySet[Hold], term: str) -> QuerySet[Hold]:
        """By whole source reference or member number."""
        members = list(Member.objects.filter(number=term).values_list("pk", flat=True))
        if members:
            return queryset.filter(member_id__in=members)
        units = list(BusinessUnit.objects.values_list("pk", flat=True))
        return queryset.filter(unit_id__in=units, source_ref=term)

    @display(description=_("status"), ordering="status", label=_STATUS_COLOURS)
    def status_label(self, hold: Hold) -> tuple[str, str]:
        """In its colour."""
        return hold.status, hold.get_status_display()

    @display(description=_("points"), ordering="points")
    def points_told(self, hold: Hold) -> str:
        """The price that stands ready."""
        return f"{hold.points:,}"

    @display(description=_("captured as"))
    def posting_link(self, hold: Hold) -> SafeString | str:
        """The posting that took the points."""
        return page_link(Posting, hold.posting_id, told_posting(hold.posting)) if hold.posting else "—"
