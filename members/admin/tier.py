"""The ladder: operators name its levels; and its history, to look at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from common.admin import BaseAdmin, ReadOnlyAdmin, WholeTermSearch, page_link
from members.models import Member, Tier, TierCause, TierChange

_CAUSE_COLOURS = {
    TierCause.CREDITS: "success",
    TierCause.LIFETIME: "success",
    TierCause.SHORTCUT: "info",
    TierCause.MATCHED: "info",
    TierCause.REVIEW: "warning",
    TierCause.REFUND: "danger",
    TierCause.BY_HAND: "primary",
}


@admin.register(Tier)
class TierAdmin(BaseAdmin):
    """The levels of the group's one ladder. What each asks is in the tier schemes."""

    list_display = ("level", "code", "name_zh", "name_en")
    list_display_links = ("level", "code")
    ordering = ("level",)
    fields = (("code", "level"), ("name_zh", "name_en"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's signature
        """Code and level are what members hold: they never change."""
        return ("code", "level") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Nobody: the history names it for ever."""
        return False


@admin.register(TierChange)
class TierChangeAdmin(WholeTermSearch, ReadOnlyAdmin):
    """Who came from which level to which, when and why."""

    list_display = ("at", "member_link", "from_tier", "to_tier", "cause_label", "by")
    list_select_related = ("member", "from_tier", "to_tier")
    list_filter = ("cause", "to_tier", ("at", RangeDateTimeFilter))
    search_fields = ("member__number",)
    search_help_text = _("Member number, whole.")
    ordering = ("-id",)
    fields = (("at", "by"), "member_link", ("from_tier", "to_tier"), "cause", "evidence")

    def found(self, queryset: Any, term: str) -> Any:
        """By member number."""
        return queryset.filter(member__number=term)

    @display(description=_("member"))
    def member_link(self, change: TierChange) -> object:
        """Leads to the member."""
        return page_link(Member, change.member_id, change.member.number)

    @display(description=_("cause"), ordering="cause", label=_CAUSE_COLOURS)
    def cause_label(self, change: TierChange) -> tuple[str, str]:
        """In its colour."""
        return change.cause, change.get_cause_display()
