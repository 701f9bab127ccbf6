"""What units reported: activities and daily totals, to look at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter, RangeDateTimeFilter
from unfold.decorators import display

from activities.models import Activity, ActivityKind, DailyTotal
from common.admin import ReadOnlyAdmin, WholeTermSearch, list_link, page_link
from members.models import Member
from points.models import Posting
from units.models import BusinessUnit

_KIND_COLOURS = {
    ActivityKind.PURCHASE: "info",
    ActivityKind.STAY: "warning",
    ActivityKind.FEE: "success",
    ActivityKind.RENT: "primary",
    ActivityKind.REFUND: "danger",
}


@admin.register(Activity)
class ActivityAdmin(WholeTermSearch, ReadOnlyAdmin):
    """Purchases, stays, fees, rents, events, refunds: each as its unit reported it, once."""

    list_display = (
        "occurred_at",
        "kind_label",
        "unit",
        "member_link",
        "money",
        "category",
        "source_ref",
        "generated",
    )
    list_select_related = ("unit", "member")
    list_filter = ("kind", "unit", "is_generated", ("occurred_at", RangeDateTimeFilter))
    search_fields = ("source_ref",)
    search_help_text = _("Source reference or member number, whole.")
    ordering = ("-id",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("kind", "member_link"),
                    ("unit", "outlet"),
                    ("source_ref", "refund_of"),
                    ("money", "paid_with_points"),
                    ("category", "quantity"),
                    ("occurred_at", "recorded_at"),
                    ("origin", "postings_link"),
                )
            },
        ),
        (_("other columns"), {"fields": ("attributes",), "classes": ("collapse",)}),
    )

    def found(self, queryset: QuerySet[Activity], term: str) -> QuerySet[Activity]:
        """By whole source reference or member number: both have an index, a part of either has none."""
        members = list(Member.objects.filter(number=term).values_list("pk", flat=True))
        if members:
            return queryset.filter(member_id__in=members)
        units = list(BusinessUnit.objects.values_list("pk", flat=True))
        return queryset.filter(unit_id__in=units, source_ref=term)

    @display(description=_("kind"), ordering="kind", label=_KIND_COLOURS)
    def kind_label(self, activity: Activity) -> tuple[str, str]:
        """In its colour."""
        return activity.kind, activity.get_kind_display()

    @display(description=_("member"))
    def member_link(self, activity: Activity) -> object:
        """Leads to the member; an anonymous sale has none."""
        return (
            page_link(Member, activity.member_id, activity.member.number)
            if activity.member
            else _("anonymous")
        )

    @display(description=_("amount"), ordering="amount")
    def money(self, activity: Activity) -> str:
        """With its currency."""
        return f"{number_format(activity.amount, 2, force_grouping=True)} {activity.currency}"

    @display(description=_("origin"))
    def origin(self, activity: Activity) -> str:
        """In words, for the page."""
        return gettext("Generated") if activity.is_generated else gettext("Recorded")

    @display(description=_("origin"), label={"generated": "warning"})
    def generated(self, activity: Activity) -> tuple[str, Any] | None:
        """Data made for a demo says so wherever it shows."""
        return ("generated", _("Generated")) if activity.is_generated else None

    @display(description=_("points"))
    def postings_link(self, activity: Activity) -> object:
        """What it earned."""
        return list_link(Posting, _("its postings"), q=activity.source_ref)


@admin.register(DailyTotal)
class DailyTotalAdmin(ReadOnlyAdmin):
    """All sales of a unit on one day, members' and anonymous together."""

    list_display = ("date", "unit", "money", "orders")
    list_select_related = ("unit",)
    list_filter = ("unit", ("date", RangeDateFilter))
    ordering = ("-date", "unit__code")
    fields = ("date", "unit", "money", "orders")

    @display(description=_("amount"), ordering="amount")
    def money(self, total: DailyTotal) -> str:
        """With its currency."""
        return f"{number_format(total.amount, 2, force_grouping=True)} {total.currency}"
