"""Households to look at: who is in one, who was, who was asked. Members change them, operators do not."""

from datetime import datetime

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import Panel, PanelPage, WholeTermSearch, page_link
from members.admin.member import found_members
from members.admin.panels import member_panel
from members.models import Household, HouseholdMember, HouseholdState, Member
from members.rules.masking import masked_name


@admin.register(Household)
class HouseholdAdmin(WholeTermSearch, PanelPage):
    """Members who may pool their points. The page shows every place in it, ended ones too."""

    list_display = ("row_number", "head_link", "founded_at", "people", "dissolved_at")
    list_select_related = ("head",)
    search_fields = ("head__number",)
    search_help_text = _("Member number, phone or legacy card of somebody in it, whole.")
    ordering = ("-id",)
    fieldsets = ((None, {"fields": (("head_link", "founded_at"), "dissolved_at")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Household]:
        """With the number of those who are in it."""
        households: QuerySet[Household] = super().get_queryset(request)
        return households.annotate(in_it=Count("places", filter=Q(places__state=HouseholdState.ACCEPTED)))

    def found(self, queryset: QuerySet[Household], term: str) -> QuerySet[Household]:
        """By index only, of anybody who is or was in it."""
        places = HouseholdMember.objects.filter(member_id__in=found_members(term))
        return queryset.filter(pk__in=places.values("household_id"))

    def panels(self, row: Household, at: datetime) -> list[Panel]:  # noqa: ARG002 -- what is recorded does not age
        """Who is, was or is asked to be in it."""
        return [_places_panel(row)]

    @display(description=_("head of the household"))
    def head_link(self, household: Household) -> SafeString:
        """Leads to the member."""
        return page_link(Member, household.head_id, household.head.number)

    @display(description=_("in the household"))
    def people(self, household: Household) -> int:
        """How many are in it now."""
        return int(getattr(household, "in_it", 0))


@member_panel(place=45)
def household_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- the shape of every panel maker
    """The member's own places in households, newest first."""
    places = HouseholdMember.objects.filter(member=member).select_related("household__head")
    return Panel(
        title=_("Household"),
        headers=[_("household"), _("head of the household"), _("state"), _("shares points"), _("since")],
        rows=[
            (
                page_link(Household, place.household_id, str(place.household)),
                place.household.head.number,
                place.get_state_display(),
                _yes_or_no(shares=place.shares_points),
                _day(place.accepted_at or place.invited_at),
            )
            for place in places.order_by("-invited_at", "-id")
        ],
    )


def _places_panel(household: Household) -> Panel:
    places = HouseholdMember.objects.filter(household=household).select_related("member")
    return Panel(
        title=gettext("Members of the household"),
        headers=[
            _("member"),
            _("full name"),
            _("state"),
            _("shares points"),
            _("invited"),
            _("accepted"),
            _("ended"),
        ],
        rows=[
            (
                page_link(Member, place.member_id, place.member.number),
                masked_name(place.member.name) or "—",
                place.get_state_display(),
                _yes_or_no(shares=place.shares_points),
                _day(place.invited_at),
                _day(place.accepted_at),
                _day(place.ended_at),
            )
            for place in places.order_by("invited_at", "id")
        ],
    )


def _yes_or_no(*, shares: bool) -> str:
    return gettext("Yes") if shares else gettext("No")


def _day(instant: datetime | None) -> str:
    return "—" if instant is None else date_format(timezone.localtime(instant), "Y-m-d")
