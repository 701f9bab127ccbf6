"""Residencies and company accounts: who is what at which venue, and how many seats a company has."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common import clock
from common.admin import BaseAdmin, Panel, ReadOnlyAdmin, WholeTermSearch, actor_of, page_link
from members.admin.member import found_members
from members.admin.panels import member_panel
from members.models import CorporateAccount, EventCause, Guardianship, Member, MemberEvent, Residency
from members.selectors.residencies import effective_end, residencies_in_force, residencies_of
from members.services.corporate import Terms, change_account, open_account

_TERMS = ("company_name", "seats", "starts_on", "ends_on", "contact")


@admin.register(Residency)
class ResidencyAdmin(WholeTermSearch, ReadOnlyAdmin):
    """To look at: fee systems and front desks tell them."""

    list_display = ("source_ref", "member_link", "venue", "role", "starts_on", "ends_on", "withdrawn_at")
    list_select_related = ("member", "venue")
    list_filter = ("role", "venue")
    search_fields = ("source_ref",)
    search_help_text = _("Member number, phone or legacy card, or the source reference, whole.")
    ordering = ("-id",)
    fields = (
        "member_link", "venue", "role", "starts_on", "ends_on", "account", "source_ref", "recorded_by",
        "recorded_at", "withdrawn_at", "withdrawn_by",
    )  # fmt: skip

    def found(self, queryset: QuerySet[Residency], term: str) -> QuerySet[Residency]:
        """By the member, or by the reference."""
        theirs = queryset.filter(member_id__in=found_members(term))
        return theirs if theirs.exists() else queryset.filter(source_ref=term)

    @display(description=_("member"))
    def member_link(self, residency: Residency) -> object:
        """Leads to the member."""
        return page_link(Member, residency.member_id, residency.member.number)


@admin.register(CorporateAccount)
class CorporateAccountAdmin(BaseAdmin):
    """Companies of office towers."""

    list_display = ("code", "company_name", "venue", "seats", "starts_on", "ends_on")
    list_select_related = ("venue",)
    list_filter = ("venue",)
    search_fields = ("code", "company_name")
    ordering = ("venue__code", "code")
    fields = ("venue", "code", *_TERMS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's signature
        """A company stays where it is, under its code."""
        return ("venue", "code") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Nobody: it ends by its date."""
        return False

    def save_model(self, request: HttpRequest, obj: CorporateAccount, form: Any, change: Any) -> None:  # noqa: ARG002 -- same
        """Through the service: seats are counted under the account's lock."""
        terms = Terms(**{name: getattr(obj, name) for name in _TERMS})
        at = clock.now()
        if change:
            change_account(account_id=obj.pk, terms=terms, at=at)
            return
        by = actor_of(request.user)
        stored = open_account(venue=obj.venue, code=obj.code, terms=terms, by=by, at=at)
        obj.pk = stored.pk


@member_panel(place=46)
def residencies_panel(member: Member, at: datetime) -> Panel:
    """What the member is and was, and where."""
    living = set(residencies_in_force(at=at).filter(member=member).values_list("pk", flat=True))
    return Panel(
        title=_("Residencies"),
        headers=[_("venue"), _("role"), _("from"), _("until"), _("in force"), _("source reference")],
        rows=[
            (
                one.venue,
                one.get_role_display(),
                one.starts_on.isoformat(),
                end.isoformat() if (end := effective_end(one)) else "—",
                _("Yes") if one.pk in living else _("No"),
                one.source_ref,
            )
            for one in residencies_of(member_id=member.pk).order_by("-starts_on", "-id")
        ],
    )


@member_panel(place=47)
def guardians_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- the shape of every panel maker
    """Who answers for the member, or for whom the member answers."""
    rows = Guardianship.objects.filter(child=member) | Guardianship.objects.filter(guardian=member)
    return Panel(
        title=_("Guardians"),
        headers=[_("child"), _("guardian"), _("since"), _("until"), _("evidence"), _("recorded by")],
        rows=[
            (
                page_link(Member, one.child_id, one.child.number),
                page_link(Member, one.guardian_id, one.guardian.number),
                one.since.isoformat(),
                one.until.isoformat(),
                one.evidence,
                one.recorded_by,
            )
            for one in rows.select_related("child", "guardian").order_by("-since", "-id")
        ],
    )


@member_panel(place=95)
def history_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- same
    """The membership's history: it only grows."""
    return Panel(
        title=_("History of the membership"),
        headers=[_("at"), _("what happened"), _("reason"), _("by")],
        rows=[
            (
                date_format(timezone.localtime(event.at), "Y-m-d H:i"),
                event.get_kind_display(),
                event.reason or (event.get_cause_display() if event.cause != EventCause.BY_HAND else "—"),
                event.by,
            )
            for event in MemberEvent.objects.filter(member=member).order_by("-at", "-id")[:50]
        ],
    )
