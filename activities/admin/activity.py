"""Activities on the operators' screen: found quickly, explained, refunded, claimed for a member."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display

from activities.admin.activity_forms import ClaimForm, RefundForm
from activities.admin.activity_panels import (
    lines_panel,
    points_panel,
    refunds_panel,
    trace_panels,
)
from activities.admin.simulation import simulation_page
from activities.models import Activity, ActivityKind, ActivityLine
from activities.rules.reading import KINDS
from activities.services.claiming import claim_for_member
from activities.services.giving_back import refund_activity
from common import clock
from common.admin import Panel, PanelPage, WholeTermSearch, actor_of, page_link
from members.models import Member
from points.admin.acts import ActsAdmin, sent
from units.models import BusinessUnit

CLAIM = "activities.can_claim_activity"
REFUND = "activities.can_refund_activity"
_KIND_COLOURS = {
    ActivityKind.PURCHASE: "info",
    ActivityKind.STAY: "warning",
    ActivityKind.FEE: "success",
    ActivityKind.RENT: "primary",
    ActivityKind.REFUND: "danger",
    ActivityKind.RETURN: "danger",
}


class WhoseFilter(admin.SimpleListFilter):
    """Somebody's, nobody's, or claimed with the receipt."""

    title = _("whose")
    parameter_name = "whose"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        return [
            ("member", _("a member's")),
            ("anonymous", _("anonymous")),
            ("claimed", _("claimed with the receipt")),
        ]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Activity]) -> QuerySet[Activity]:
        """Narrowed to the choice."""
        match self.value():
            case "member":
                return queryset.filter(member__isnull=False)
            case "anonymous":
                return queryset.filter(member__isnull=True)
            case "claimed":
                return queryset.filter(claimed_at__isnull=False)
        return queryset


@admin.register(Activity)
class ActivityAdmin(ActsAdmin, WholeTermSearch, PanelPage):
    """Purchases, stays, fees, rents, events, check-ins, refunds: each as its unit reported it, once."""

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
    list_filter = ("kind", "unit", WhoseFilter, "is_generated", ("occurred_at", RangeDateTimeFilter))
    search_fields = ("source_ref",)
    search_help_text = _("Source reference or member number, whole.")
    ordering = ("-id",)
    actions_detail = ("refund", "claim")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("kind", "member_link"),
                    ("unit", "outlet"),
                    ("source_ref", "refund_link"),
                    ("money", "refunded_money"),
                    ("paid_with_points", "category"),
                    ("quantity", "period"),
                    ("occurred_at", "recorded_at"),
                    ("reported_by", "reason"),
                    ("claimed_at", "claimed_by"),
                    "origin",
                )
            },
        ),
        (_("other columns"), {"fields": ("attributes",), "classes": ("collapse",)}),
    )

    def get_urls(self) -> list[Any]:
        """The page that tries one, beside the pages that every screen has."""

        def view(request: HttpRequest) -> HttpResponse:
            return simulation_page(request, self.admin_site)

        return [
            path("simulate/", self.admin_site.admin_view(view), name="activities_simulation"),
            *super().get_urls(),
        ]

    def panels(self, row: Activity, at: datetime) -> list[Panel]:  # noqa: ARG002 -- what was reported does not age
        """Its lines, its refunds, what it meant for points, and every rule that was looked at."""
        panels = (lines_panel(row), refunds_panel(row), points_panel(row), *trace_panels(row))
        return [panel for panel in panels if panel is not None]

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

    @display(description=_("refunded"))
    def refunded_money(self, activity: Activity) -> str:
        """What of it was given back."""
        return f"{number_format(activity.refunded, 2, force_grouping=True)} {activity.currency}"

    @display(description=_("refund of"))
    def refund_link(self, activity: Activity) -> object:
        """Leads to the sale."""
        sale = Activity.objects.filter(unit=activity.unit_id, source_ref=activity.refund_of or "\n").first()
        return page_link(Activity, sale.pk, sale) if sale else "—"

    @display(description=_("period"))
    def period(self, activity: Activity) -> str:
        """The nights of a stay, the days of a fee or rent."""
        if activity.period_starts_on is None or activity.period_ends_on is None:
            return "—"
        return f"{activity.period_starts_on} – {activity.period_ends_on}"

    @display(description=_("origin"))
    def origin(self, activity: Activity) -> str:
        """In words, for the page."""
        return gettext("Generated") if activity.is_generated else gettext("Recorded")

    @display(description=_("origin"), label={"generated": "warning"})
    def generated(self, activity: Activity) -> tuple[str, Any] | None:
        """Data made for a demo says so wherever it shows."""
        return ("generated", _("Generated")) if activity.is_generated else None

    def has_refund_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whoever may refund, of a sale that still stands."""
        row = self.get_object(request, str(object_id)) if request.user.has_perm(REFUND) else None
        return row is not None and row.kind in KINDS and row.refunded < row.amount

    def has_claim_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whoever may claim for members, of a sale that is nobody's."""
        row = self.get_object(request, str(object_id)) if request.user.has_perm(CLAIM) else None
        return row is not None and row.kind in KINDS and row.member_id is None

    @action(description=_("Refund"), url_path="refund", permissions=["refund"], icon="undo")
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give back all of it, lines or an amount."""
        sale = self.get_object(request, object_id)
        assert sale is not None, "the permission was asked of this row"
        lines = list(ActivityLine.objects.filter(activity=sale).order_by("number"))
        form = RefundForm(sent(request), sale=sale, lines=lines)

        def do(said: Mapping[str, Any]) -> tuple[Any, str]:
            at = clock.now()
            back = refund_activity(
                unit=sale.unit, report=form.report(said, at), by=actor_of(request.user), at=at
            )
            taken = -sum(moved.points for moved in back.points)
            words = ngettext(
                "Refunded: %(points)s point taken back.", "Refunded: %(points)s points taken back.", taken
            ) % {"points": f"{taken:,}"}
            return words, self._page(sale)

        panels = [panel for panel in (lines_panel(sale), points_panel(sale)) if panel is not None]
        return self.act(
            request,
            form=form,
            do=do,
            title=f"{gettext('Refund')}: {sale}",
            button=_("Refund"),
            words=_(
                "A line takes back what it earned, an amount its share of all; money is given back elsewhere."
            ),
            panels=panels,
            is_danger=True,
        )

    @action(description=_("Claim for a member"), url_path="claim", permissions=["claim"], icon="person_add")
    def claim(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a sale that was nobody's a member's who shows the receipt."""
        sale = self.get_object(request, object_id)
        assert sale is not None, "the permission was asked of this row"
        form = ClaimForm(sent(request))

        def do(said: Mapping[str, Any]) -> tuple[Any, str]:
            claimed = claim_for_member(
                activity_id=sale.pk,
                member=said["member"],
                reason=said["reason"],
                by=actor_of(request.user),
                at=clock.now(),
            )
            given = sum(moved.points for moved in claimed.points)
            words = ngettext("Claimed: %(points)s point.", "Claimed: %(points)s points.", given)
            return words % {"points": f"{given:,}"}, self._page(sale)

        return self.act(
            request,
            form=form,
            do=do,
            title=f"{gettext('Claim for a member')}: {sale}",
            button=_("Claim"),
            words=_("It earns by the rules in force when it happened. This can be done once."),
        )

    def _page(self, sale: Activity) -> str:
        return reverse("admin:activities_activity_change", args=[sale.pk])
