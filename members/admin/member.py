"""Members: the list, and one page that shows the whole person: identities, enrolments, points, activities."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from common import clock
from common.admin import Panel, PanelPage, ReadOnlyAdmin, WholeTermSearch, page_link
from common.errors import DomainError
from members.admin.lifecycle import LifecycleActs
from members.admin.panels import panels_of
from members.admin.privacy import PrivacyActs
from members.admin.tiles import tiles_of
from members.admin.timeline import timeline_of
from members.models import Enrolment, Identity, Member, MemberStatus
from members.rules.masking import masked_name
from members.rules.normalise import normal_phone
from members.rules.ways_in import way_in_words
from members.selectors.aliases import survivors_of
from members.selectors.erased import is_any_erased
from members.selectors.tiers import tier_of
from members.vault import blind_index
from units.models import BusinessUnit

_STATUS_COLOURS = {
    MemberStatus.ACTIVE: "success",
    MemberStatus.FROZEN: "warning",
    MemberStatus.CLOSED: "danger",
}


class UnitFilter(admin.SimpleListFilter):
    """Members enrolled at a unit."""

    title = _("enrolled at")
    parameter_name = "unit"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        """Every unit."""
        return [(str(unit.pk), unit.name) for unit in BusinessUnit.objects.order_by("code")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Member]) -> QuerySet[Member]:
        """By a look into the enrolments; nobody shows twice who has two cards."""
        chosen = self.value() or ""
        if not chosen.isdecimal():
            return queryset
        return queryset.filter(pk__in=Enrolment.objects.filter(unit_id=int(chosen)).values("member_id"))


@admin.register(Member)
class MemberAdmin(LifecycleActs, PrivacyActs, WholeTermSearch, PanelPage):
    """One person, once. Found by what they show at a desk: number, phone, card; each whole."""

    change_form_template = "admin/members/member/change_form.html"
    list_display = ("number", "masked_name", "status_label", "unit_codes", "joined_at", "generated")
    list_filter = ("status", UnitFilter, "is_generated", ("joined_at", RangeDateTimeFilter))
    actions_detail = (*LifecycleActs.actions_detail, *PrivacyActs.actions_detail)
    search_fields = ("number",)
    search_help_text = _(
        "Member number, phone or legacy card, whole. A phone is looked up without being stored."
    )
    ordering = ("-id",)
    fieldsets = (
        (
            None,
            {"fields": (("number", "masked_name"), ("status", "origin"), ("joined_at", "created_at"))},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        """With the enrolments at hand: one more query a page, however many members."""
        members: QuerySet[Member] = super().get_queryset(request)
        enrolments = Enrolment.objects.select_related("unit").order_by("unit__code", "id")
        return members.prefetch_related(Prefetch("enrolments", queryset=enrolments))

    def found(self, queryset: QuerySet[Member], term: str) -> QuerySet[Member]:
        """By index only: number, blind index of the phone, legacy card. An alias shows with its survivor."""
        ids = found_members(term)
        return queryset.filter(pk__in=ids | set(survivors_of(ids).values()))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The whole person: figures at the head, the panels, and everything they did on one line of time."""
        member: Member | None = self.get_object(request, object_id)
        extra = dict(extra_context or {})
        if member is not None:
            at = clock.now()
            extra |= {
                "tiles": tiles_of(member, at=at),
                "timeline": timeline_of(member),
                "initial": masked_name(member.name)[:1] or "#",
                "full_name": masked_name(member.name) or "—",
                "status_tone": _STATUS_COLOURS[MemberStatus(member.status)],
                "tier": tier_of(member.pk),
                "is_erased": is_any_erased([member.pk]),
                "aliases": Member.objects.filter(merged_into=member).order_by("number"),
            }
        return super().change_view(request, object_id, form_url, extra)

    def panels(self, row: Member, at: datetime) -> list[Panel]:
        """The tables of this app and of the floors above."""
        return panels_of(row, at=at)

    @display(description=_("full name"))
    def masked_name(self, member: Member) -> str:
        """Enough to recognise."""
        return masked_name(member.name) or "—"

    @display(description=_("status"), ordering="status", label=_STATUS_COLOURS)
    def status_label(self, member: Member) -> tuple[str, str]:
        """In its colour. A member who was merged away has none of their own any more."""
        if member.merged_into_id is not None:
            return "merged", gettext("Merged")
        return member.status, member.get_status_display()

    @display(description=_("enrolled at"))
    def unit_codes(self, member: Member) -> str:
        """MALL, HOTEL: each unit once."""
        return ", ".join(dict.fromkeys(enrolment.unit.code for enrolment in member.enrolments.all())) or "—"

    @display(description=_("origin"))
    def origin(self, member: Member) -> str:
        """In words, for the page."""
        return gettext("Generated") if member.is_generated else gettext("Recorded")

    @display(description=_("origin"), label={"generated": "warning"})
    def generated(self, member: Member) -> tuple[str, Any] | None:
        """Data made for a demo says so wherever it shows."""
        return ("generated", _("Generated")) if member.is_generated else None


@admin.register(Enrolment)
class EnrolmentAdmin(WholeTermSearch, ReadOnlyAdmin):
    """A member's relation to a unit."""

    list_display = ("row_number", "member_link", "unit", "legacy_card", "way_in", "tier_hint", "joined_at")
    list_select_related = ("member", "unit")
    list_filter = ("unit", "channel", ("joined_at", RangeDateTimeFilter))
    search_fields = ("legacy_card",)
    search_help_text = _("Legacy card or member number, whole.")
    ordering = ("-id",)
    fields = ("member_link", "unit", "legacy_card", "way_in", "tier_hint", "joined_at", "created_at")

    def found(self, queryset: QuerySet[Enrolment], term: str) -> QuerySet[Enrolment]:
        """By index only."""
        return queryset.filter(member_id__in=found_members(term))

    @display(description=_("channel"), ordering="channel")
    def way_in(self, enrolment: Enrolment) -> str:
        """In words."""
        return way_in_words(enrolment.channel)

    @display(description=_("member"))
    def member_link(self, enrolment: Enrolment) -> object:
        """Leads to the member."""
        return page_link(Member, enrolment.member_id, enrolment.member.number)


def found_members(term: str) -> set[Any]:
    """The ids of the members whose number, phone or legacy card is `term`."""
    units = list(BusinessUnit.objects.values_list("pk", flat=True))
    found = set(Member.objects.filter(number=term).values_list("pk", flat=True))
    # With the units named, the index on (unit, card) serves.
    cards = Enrolment.objects.filter(unit_id__in=units, legacy_card=term)
    found |= set(cards.values_list("member_id", flat=True))
    try:
        phone = normal_phone(term)
    except DomainError:
        return found  # not a phone: number and card have had their look-up
    index = blind_index("phone", phone)
    phones = Identity.objects.filter(kind="phone", blind_index=index, is_active=True)
    return found | set(phones.values_list("member_id", flat=True))
