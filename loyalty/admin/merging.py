"""Operators merge two members and undo it: each after a preview of every effect, with a page after."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from common import clock
from common.admin import Act, Panel, PanelPage, WholeTermSearch, actor_of, page_link
from common.errors import DomainError
from loyalty.admin.merge_panels import (
    effect_panels,
    kept_panel,
    outcome_panels,
    people_panel,
    returning_panel,
    told_member,
)
from loyalty.admin.merging_accepted import AcceptedPairs
from loyalty.workflows.merge_accepted import evidence_of
from loyalty.workflows.merge_members import (
    NothingCameFree,
    PreviewChanged,
    merge_members,
    preview_merge,
    preview_unmerge,
    unmerge_members,
)
from members.admin.member import found_members
from members.admin.panels import member_panel
from members.models import MatchCandidate, Member, MemberMerge
from members.selectors.candidates import neighbours
from members.selectors.merges import merges_of, with_state
from members.services.lifecycle import REASON_CHARACTERS_MAX
from points.admin.moments import moment

MAY_MERGE: Final = "members.merge_member"


class PairForm(forms.Form):
    """Who stays, and who is merged away."""

    survivor = forms.CharField(
        label=_("Stays"),
        max_length=16,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Member number, whole."),
    )
    alias = forms.CharField(
        label=_("Is merged away"),
        max_length=16,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Member number, whole. It keeps resolving to the one who stays."),
    )


class SealedForm(forms.Form):
    """Why, and what was seen of the effects."""

    evidence = forms.CharField(
        label=_("Evidence"),
        max_length=REASON_CHARACTERS_MAX,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("What was seen, such as one person answering both phones. No names, no numbers."),
    )
    seal = forms.CharField(widget=forms.HiddenInput)


class MergeStateFilter(admin.SimpleListFilter):
    """Merges that stand, or that were undone."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Two."""
        return [("stands", _("Stands")), ("undone", _("Undone"))]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[MemberMerge]) -> QuerySet[MemberMerge]:
        """By whether an undoing names it."""
        match self.value():
            case "stands":
                return queryset.filter(undone_by=None)
            case "undone":
                return queryset.filter(undone_by__turn=1)
            case _:
                return queryset


@admin.register(MemberMerge)
class MemberMergeAdmin(AcceptedPairs, WholeTermSearch, PanelPage):
    """Every merge, newest first. Its page says what it moved, and what undoing it gave back."""

    change_form_template = "admin/members/membermerge/change_form.html"
    change_list_template = "admin/members/membermerge/change_list.html"
    list_display = ("at", "kept", "merged_away", "evidence", "by", "state_label")
    list_display_links = ("at",)
    list_select_related = ("survivor", "alias")
    list_filter = (MergeStateFilter,)
    search_fields = ("survivor__number",)
    search_help_text = _("Member number, phone or legacy card of one of the two, whole.")
    ordering = ("-at", "-id")
    fieldsets = ((None, {"fields": (("kept", "merged_away"), ("state_told", "evidence"), ("by", "at"))}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MemberMerge]:  # noqa: ARG002 -- Django's signature
        """With whether each is undone."""
        return with_state()

    def found(self, queryset: QuerySet[MemberMerge], term: str) -> QuerySet[MemberMerge]:
        """By index only, of either of the two."""
        ids = found_members(term)
        return queryset.filter(survivor_id__in=ids) | queryset.filter(alias_id__in=ids)

    def get_urls(self) -> list[URLPattern]:
        """Merge, and undo."""
        own = [
            path("merge/", self.admin_site.admin_view(self.merge), name="members_membermerge_merge"),
            path("accepted/", self.admin_site.admin_view(self.accepted), name="members_membermerge_accepted"),
            path("<uuid:pk>/undo/", self.admin_site.admin_view(self.undo), name="members_membermerge_undo"),
        ]
        return own + list(super().get_urls())

    def panels(self, row: MemberMerge, at: datetime) -> list[Panel]:  # noqa: ARG002 -- what was done does not age
        """What it did."""
        return outcome_panels(row)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With the way to undo it, for those who may."""
        extra = {**(extra_context or {}), "may_merge": request.user.has_perm(MAY_MERGE)}
        return super().change_view(request, object_id, form_url, extra)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the way to merge, for those who may."""
        extra = {**(extra_context or {}), "may_merge": request.user.has_perm(MAY_MERGE)}
        response: HttpResponse = super().changelist_view(request, extra)
        return response

    def merge(self, request: HttpRequest) -> HttpResponse:
        """Name the two, look at every effect, then do exactly that."""
        _refuse_others(request)
        candidate = _candidate(request)
        survivor, alias = _pair(request, candidate)
        if survivor is None or alias is None:
            return self._asked_who(request)
        at, by = clock.now(), actor_of(request.user)
        try:
            shown = preview_merge(survivor_id=survivor.pk, alias_id=alias.pk, by=by, at=at)
        except DomainError as refusal:
            return self._refused(request, refusal, survivor, alias, candidate)

        def do(said: Mapping[str, Any]) -> tuple[Any, str]:
            done = merge_members(survivor_id=survivor.pk, alias_id=alias.pk, by=by, at=at, **said)
            return gettext("Merged. The other number resolves to this member from now on."), _after(
                done, candidate
            )

        form = _sealed(request, shown.seal, evidence="" if candidate is None else evidence_of(candidate))
        response = self.act(
            request,
            form=form,
            do=do,
            title=_("Merge %(alias)s into %(survivor)s") % _numbers(survivor, alias),
            button=_("Merge"),
            panels=[people_panel(survivor, alias), *effect_panels(shown.effects)],
            is_danger=True,
        )
        return self._page_of(response, survivor, alias, candidate)

    def accepted(self, request: HttpRequest) -> HttpResponse:
        """Merge all pairs that were accepted in the queue."""
        _refuse_others(request)
        return self.merge_many(request)

    def undo(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Look at what goes back and what stays, then do exactly that."""
        _refuse_others(request)
        merge = get_object_or_404(with_state().select_related("survivor", "alias"), pk=pk)
        at, by = clock.now(), actor_of(request.user)
        numbers = _numbers(merge.survivor, merge.alias)
        try:
            shown = preview_unmerge(merge=merge, by=by, at=at)
        except DomainError as refusal:
            self.message_user(request, str(refusal), _level(refusal))
            return _to(merge)

        def do(said: Mapping[str, Any]) -> tuple[Any, str]:
            unmerge_members(merge=merge, by=by, at=at, **said)
            return gettext("Undone. Below is what went back and what stays."), _page(merge)

        return self.act(
            request,
            form=_sealed(request, shown.seal),
            do=do,
            title=_("Undo the merge of %(alias)s into %(survivor)s") % numbers,
            button=_("Undo"),
            panels=[
                people_panel(merge.survivor, merge.alias),
                returning_panel(shown.effects),
                kept_panel(shown.effects),
            ],
            is_danger=True,
        )

    @display(description=_("kept member"))
    def kept(self, row: MemberMerge) -> object:
        """Leads to the member."""
        return told_member(row.survivor)

    @display(description=_("merged-away member"))
    def merged_away(self, row: MemberMerge) -> object:
        """Leads to the member."""
        return told_member(row.alias)

    @display(description=_("state"), label={"stands": "success", "undone": "warning"})
    def state_label(self, row: Any) -> tuple[str, Any]:
        """In its colour."""
        return ("undone", _("Undone")) if row.is_undone else ("stands", _("Stands"))

    @display(description=_("state"))
    def state_told(self, row: Any) -> object:
        """In words, for the page."""
        return self.state_label(row)[1]

    def _asked_who(self, request: HttpRequest) -> HttpResponse:
        initial = {name: request.GET.get(name, "") for name in ("survivor", "alias")}
        form = PairForm(request.GET if all(initial.values()) else None, initial=initial)
        if form.is_bound and form.is_valid():
            form.add_error(None, gettext("There is no member with this number."))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Merge two members"),
            "form": form,
            "button": _("Show what would happen"),
            "words": _("One person with two numbers? Keep the one that the person goes on with."),
        }
        return TemplateResponse(request, "admin/members/membermerge/who.html", context)

    def _refused(
        self,
        request: HttpRequest,
        refusal: DomainError,
        survivor: Member,
        alias: Member,
        candidate: MatchCandidate | None,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Merge %(alias)s into %(survivor)s") % _numbers(survivor, alias),
            "refusal": str(refusal),
            "facts": ", ".join(str(fact) for fact in refusal.facts.values()),
            "panels": [people_panel(survivor, alias)],
        }
        response = TemplateResponse(request, "admin/members/membermerge/refused.html", context)
        return self._page_of(response, survivor, alias, candidate)

    def _page_of(
        self, response: HttpResponse, survivor: Member, alias: Member, candidate: MatchCandidate | None
    ) -> HttpResponse:
        """With the way to merge the other way round."""
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            other = {"survivor": alias.number, "alias": survivor.number}
            if candidate is not None:
                other["candidate"] = str(candidate.pk)
                response.context_data["candidate"] = candidate
            response.context_data["other_way"] = f"{merge_address()}?{urlencode(other)}"
            if response.template_name == "admin/points/act.html":
                response.template_name = "admin/members/membermerge/merge.html"
        return response


@member_panel(place=90)
def merges_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- the shape of every panel maker
    """The numbers that are or were one with this one."""
    address = f"{merge_address()}?survivor={(member.merged_into or member).number}"
    rows = [
        (
            moment(one.at),
            page_link(MemberMerge, one.pk, _("Undone") if getattr(one, "is_undone", False) else _("Stands")),
            told_member(one.survivor),
            told_member(one.alias),
            one.evidence,
            one.by,
        )
        for one in merges_of(member.pk)
    ]
    return Panel(
        title=gettext("Merges"),
        headers=[_("at"), _("state"), _("kept member"), _("merged-away member"), _("evidence"), _("by")],
        rows=rows,
        act=Act(gettext("Merge with another member"), address, MAY_MERGE),
    )


def merge_address() -> str:
    """Where two members are merged."""
    return reverse("admin:members_membermerge_merge")


def _pair(request: HttpRequest, candidate: MatchCandidate | None) -> tuple[Member | None, Member | None]:
    """Whom the address names; a candidate's known member stays, unless the address says otherwise."""
    named = [request.GET.get(name, "").strip() for name in ("survivor", "alias")]
    if candidate is not None and not all(named):
        known, new = (one.merged_into or one for one in (candidate.other, candidate.member))
        return known, new
    members = [Member.objects.filter(number=number).first() if number else None for number in named]
    return members[0], members[1]


def _candidate(request: HttpRequest) -> MatchCandidate | None:
    key = request.GET.get("candidate", "")
    if not key:
        return None
    found = MatchCandidate.objects.select_related("member__merged_into", "other__merged_into")
    candidate = found.filter(pk=int(key)).first() if key.isdecimal() else None
    if candidate is None:
        raise Http404
    return candidate


def _after(merge: MemberMerge, candidate: MatchCandidate | None) -> str:
    """From a question to the next one; else to what was done."""
    after = None if candidate is None else neighbours(candidate)[1]
    return _page(merge) if after is None else reverse("admin:members_matchcandidate_change", args=[after])


def _sealed(request: HttpRequest, seal: str, *, evidence: str = "") -> SealedForm:
    """Bound to what is sent; what was shown is sent along, so that nothing else is done."""
    if request.method != "POST":
        return SealedForm(initial={"seal": seal, "evidence": evidence})
    form = SealedForm(request.POST)
    if request.POST.get("seal") != seal:
        form = SealedForm({"evidence": request.POST.get("evidence", ""), "seal": seal})
        form.add_error(None, str(PreviewChanged.title))
    return form


def _numbers(survivor: Member, alias: Member) -> dict[str, str]:
    return {"survivor": survivor.number, "alias": alias.number}


def _page(merge: MemberMerge) -> str:
    return reverse("admin:members_membermerge_change", args=[merge.pk])


def _to(merge: MemberMerge) -> HttpResponse:
    return HttpResponseRedirect(_page(merge))


def _level(refusal: DomainError) -> int:
    return messages.INFO if isinstance(refusal, NothingCameFree) else messages.ERROR


def _refuse_others(request: HttpRequest) -> None:
    if not request.user.has_perm(MAY_MERGE):
        raise PermissionDenied
