"""The queue of match candidates: two members side by side, and a person says whether they are one."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget

from common import clock
from common.admin import Panel, PanelPage, WholeTermSearch, actor_of, page_link
from common.errors import DomainError
from members.admin.member import found_members
from members.models import MatchCandidate, MatchState, Member
from members.rules.linkage_words import why_asked, words_of
from members.rules.masking import masked_name
from members.selectors.aliases import survivor_of
from members.selectors.candidates import neighbours, side_by_side
from members.services.deciding import accept_above, decide_different, decide_same, put_off
from units.models import BusinessUnit

_STATE_COLOURS = {
    MatchState.OPEN: "info",
    MatchState.SAME: "success",
    MatchState.DIFFERENT: "danger",
    MatchState.LATER: "warning",
}
_DECISIONS: Final[dict[str, Callable[..., MatchCandidate]]] = {
    "same": decide_same,
    "different": decide_different,
    "later": put_off,
}
_FIELDS: Final = {
    "number": _("member number"),
    "name": _("full name"),
    "birth_date": _("birth date"),
    "gender": _("gender"),
    "address": _("address"),
    "phone": _("phone"),
    "email": _("e-mail"),
}
MAY_DECIDE: Final = "members.decide_matchcandidate"
# The merge is a screen of the whole project (loyalty/admin/merging.py), known here by its address alone.
MAY_MERGE: Final = "members.merge_member"
MERGE: Final = "admin:members_membermerge_merge"


class StateFilter(admin.SimpleListFilter):
    """The open ones, unless another state is asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Each state, and all."""
        return [*MatchState.choices, ("all", _("All"))]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[MatchCandidate]) -> QuerySet[MatchCandidate]:
        """By the index of open ones where nothing is chosen."""
        return queryset if self.value() == "all" else queryset.filter(state=self.value() or MatchState.OPEN)


class ScoreFilter(admin.SimpleListFilter):
    """At least so like."""

    title = _("score")
    parameter_name = "above"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """A few bounds."""
        return [(bound, f"≥ {bound} %") for bound in ("95", "80", "50", "20")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[MatchCandidate]) -> QuerySet[MatchCandidate]:
        """By score."""
        bound = self.value() or ""
        return queryset.filter(score__gte=int(bound) / 100) if bound.isdecimal() else queryset


class AcceptForm(forms.Form):
    """How like, and of which unit."""

    above = forms.IntegerField(
        label=_("At least so like, in percent"),
        min_value=50,
        max_value=100,
        initial=90,
        widget=UnfoldAdminDecimalFieldWidget,
    )
    unit = forms.ModelChoiceField(
        label=_("Business unit"),
        queryset=BusinessUnit.objects.order_by("code"),
        required=False,
        empty_label=_("All"),
        widget=UnfoldAdminSelectWidget,
    )


@admin.register(MatchCandidate)
class MatchCandidateAdmin(WholeTermSearch, PanelPage):
    """Who may be whom, the likest first. Keys: j and k go on and back, s says one person, d two, l later."""

    change_form_template = "admin/members/matchcandidate/change_form.html"
    change_list_template = "admin/members/matchcandidate/change_list.html"
    list_display = ("score_label", "new_member", "known_member", "unit", "why", "state_label", "created_at")
    list_display_links = ("score_label",)
    list_select_related = ("member", "other", "unit")
    list_filter = (StateFilter, "unit", ScoreFilter)
    search_fields = ("member__number",)
    search_help_text = _("Member number, phone or legacy card of one of the two, whole.")
    ordering = ("-score", "id")
    fieldsets = (
        (
            None,
            {"fields": (("score_label", "state_told", "unit"), ("why",), ("judged_by", "judged_at"))},
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        """A decision, and many at once."""
        name = "members_matchcandidate"
        own = [
            path("accept/", self.admin_site.admin_view(self.accept), name=f"{name}_accept"),
            path(
                "<int:pk>/decide/",
                self.admin_site.admin_view(require_POST(self.decide)),
                name=f"{name}_decide",
            ),
        ]
        return own + list(super().get_urls())

    def found(self, queryset: QuerySet[MatchCandidate], term: str) -> QuerySet[MatchCandidate]:
        """By index only, of either of the two."""
        ids = found_members(term)
        return queryset.filter(member_id__in=ids) | queryset.filter(other_id__in=ids)

    def panels(self, row: MatchCandidate, at: datetime) -> list[Panel]:  # noqa: ARG002 -- a question does not age
        """The two, field by field; what differs is marked."""
        return [
            Panel(
                title=gettext("Side by side"),
                headers=[_("field"), _("new member"), _("known member"), _("how they agree")],
                rows=[
                    (
                        capfirst(_FIELDS[line.field]),
                        _marked(line.new, is_other=line.level in _DIFFERS),
                        _marked(line.known, is_other=line.level in _DIFFERS),
                        words_of(line.field, line.level) if line.field != "number" else "",
                    )
                    for line in side_by_side(row)
                ],
                note=gettext("Values are shown masked; they are compared in full."),
            )
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With the neighbours in the queue and, for those who may, the decisions."""
        row: MatchCandidate | None = self.get_object(request, object_id)
        before, after = (None, None) if row is None else neighbours(row)
        extra = {
            "before": before,
            "after": after,
            "may_decide": request.user.has_perm(MAY_DECIDE)
            and row is not None
            and row.state in {MatchState.OPEN, MatchState.LATER},
            "merge_address": _merge_address(row)
            if row is not None and row.state == MatchState.SAME and request.user.has_perm(MAY_MERGE)
            else "",
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the way to accept many, for those who may."""
        extra = {**(extra_context or {}), "may_decide": request.user.has_perm(MAY_DECIDE)}
        response: HttpResponse = super().changelist_view(request, extra)
        return response

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One decision, then the merge of what is one person, else the next question."""
        if not request.user.has_perm(MAY_DECIDE):
            raise PermissionDenied
        candidate = get_object_or_404(MatchCandidate, pk=pk)
        service = _DECISIONS.get(request.POST.get("decision", ""))
        if service is None:
            return HttpResponse(status=400)
        _before, after = neighbours(candidate)
        try:
            service(candidate_id=pk, by=actor_of(request.user), at=clock.now())
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, gettext("Recorded."), messages.SUCCESS)
            address = _merge_address(candidate) if service is decide_same else ""
            if address and request.user.has_perm(MAY_MERGE):
                return HttpResponseRedirect(address)
        if after is not None:
            return HttpResponseRedirect(reverse("admin:members_matchcandidate_change", args=[after]))
        return HttpResponseRedirect(reverse("admin:members_matchcandidate_changelist"))

    def accept(self, request: HttpRequest) -> HttpResponse:
        """Say of all that are likely enough that they are one person."""
        if not request.user.has_perm(MAY_DECIDE):
            raise PermissionDenied
        form = AcceptForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            done = accept_above(
                score=form.cleaned_data["above"] / 100,
                unit=form.cleaned_data["unit"],
                by=actor_of(request.user),
                at=clock.now(),
            )
            words = ngettext("%(count)s pair accepted.", "%(count)s pairs accepted.", len(done))
            self.message_user(request, words % {"count": len(done)}, messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:members_matchcandidate_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Accept many"),
            "form": form,
            "button": _("One person each"),
            "words": _(
                "Says of every waiting pair at least so like that it is one person, 500 at a time. Pairs that"
                " may be two of one household are left out: look at each."
            ),
        }
        return TemplateResponse(request, "admin/members/matchcandidate/accept.html", context)

    @display(description=_("score"), ordering="score")
    def score_label(self, row: MatchCandidate) -> str:
        """In percent, rounded down: 100 % is certain."""
        return f"{int(row.score * 1000) / 10:.1f} %"

    @display(description=_("new member"))
    def new_member(self, row: MatchCandidate) -> SafeString:
        """Leads to the member."""
        return _member(row.member)

    @display(description=_("known member"))
    def known_member(self, row: MatchCandidate) -> SafeString:
        """Leads to the member."""
        return _member(row.other)

    @display(description=_("reason"))
    def why(self, row: MatchCandidate) -> str:
        """In words."""
        return str(why_asked(row.veto))

    @display(description=_("state"), label=_STATE_COLOURS)
    def state_label(self, row: MatchCandidate) -> tuple[str, str]:
        """In its colour."""
        return row.state, row.get_state_display()

    @display(description=_("judged by"))
    def judged_by(self, row: MatchCandidate) -> str:
        """Empty until somebody said."""
        return row.decided_by

    @display(description=_("judged"))
    def judged_at(self, row: MatchCandidate) -> datetime | None:
        """Empty until then."""
        return row.decided_at

    @display(description=_("state"))
    def state_told(self, row: MatchCandidate) -> str:
        """In words, for the page."""
        return row.get_state_display()


_DIFFERS: Final = frozenset(
    {"different", "half", "typo", "typos", "sounds_same", "in_part", "nearly_same", "same_area"}
)


def _marked(text: str, *, is_other: bool) -> str | SafeString:
    if not text:
        return "—"
    return format_html('<mark class="ly-differs">{}</mark>', text) if is_other else text


def _merge_address(row: MatchCandidate) -> str:
    """Where the two are merged; empty where they are one already."""
    if survivor_of(row.member_id) == survivor_of(row.other_id):
        return ""
    return f"{reverse(MERGE)}?candidate={row.pk}"


def _member(member: Member) -> SafeString:
    return page_link(Member, member.pk, f"{member.number} {masked_name(member.name)}")
