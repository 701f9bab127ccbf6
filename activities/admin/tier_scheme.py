"""Tier schemes: a draft is written, looked at in a preview, proposed, and decided on by another person."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminDateWidget

from activities.models import CreditRule, LevelTerms, RoleTerms, SchemeState, TierScheme, UnitTierMatch
from activities.selectors.tier_preview import Preview, preview_review, preview_scheme
from activities.selectors.tier_schemes import group_day
from activities.services.tier_schemes import (
    APPROVE_SCHEME,
    WRITE_SCHEME,
    approve_scheme,
    draft_scheme,
    propose_scheme,
    reject_scheme,
    withdraw_scheme,
)
from common import clock
from common.admin import Panel
from points.admin.acts import DecisionForm, operator_of, sent
from points.admin.decisions import DecidedByAnother, Decisions

STATE_COLOURS = {
    SchemeState.DRAFT: "info",
    SchemeState.PROPOSED: "warning",
    SchemeState.APPROVED: "success",
    SchemeState.REJECTED: "danger",
    SchemeState.WITHDRAWN: "default",
}
_TERMS = (
    "starts_on",
    "window",
    "window_months",
    "validity_months",
    "grace_days",
    "refund_days",
    "reason",
)


class _Part(TabularInline):
    """Lines of a scheme: edited with the draft, then only looked at."""

    extra = 0
    tab = False

    def _is_open(self, request: HttpRequest, obj: Any) -> bool:
        return obj is not None and may_edit(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of one's own draft."""
        return self._is_open(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of one's own draft."""
        return self._is_open(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of one's own draft."""
        return self._is_open(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 -- Django's signature
        """Whoever may look at the scheme."""
        return bool(request.user.has_perm("activities.view_tierscheme"))


class LevelsInline(_Part):
    """What each level asks."""

    model = LevelTerms
    fields = ("tier", "credits", "lifetime_credits", "lifetime_years")


class CreditRulesInline(_Part):
    """What gives credits."""

    model = CreditRule
    fields = ("sector", "unit", "kind", "basis", "credits")


class RolesInline(_Part):
    """What roles give."""

    model = RoleTerms
    fields = ("role", "unit", "at_least", "grace_days", "credits_per_month")


class MatchesInline(_Part):
    """Which levels of units' own ladders are matched."""

    model = UnitTierMatch
    fields = ("unit", "unit_tier", "tier", "valid_months")


class _DayForm(forms.Form):
    """The day of the review."""

    on = forms.DateField(label=_("Day of the review"), widget=UnfoldAdminDateWidget)


def may_edit(request: HttpRequest, scheme: TierScheme) -> bool:
    """One's own draft, with the right to write schemes."""
    is_own = scheme.made_by_id == request.user.pk
    return scheme.state == SchemeState.DRAFT and is_own and request.user.has_perm(WRITE_SCHEME)


@admin.register(TierScheme)
class TierSchemeAdmin(DecidedByAnother):
    """What waits comes first. Add makes a draft with the terms in force."""

    list_display = ("scheme", "state_label", "starts_on", "period_told", "made_by", "decided_by")
    list_select_related = ("made_by", "decided_by")
    list_filter = ("state",)
    ordering = (Case(When(state="proposed", then=Value(0)), default=Value(1)), "-version")
    actions_list = ("preview_next_review",)
    actions_detail = ("propose", "approve", "reject", "withdraw", "preview")
    inlines = (LevelsInline, CreditRulesInline, RolesInline, MatchesInline)
    decisions = Decisions("scheme", approve_scheme, reject_scheme, withdraw_scheme)
    decide_right = APPROVE_SCHEME
    waiting_state = SchemeState.PROPOSED
    asker_field = "made_by_id"
    approved_words = _("Approved: it comes into force on its day.")
    readonly_fields = ("made_by", "made_at", "decided_by", "decided_at", "note", "state")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("starts_on", "window"),
                    ("window_months", "validity_months"),
                    ("grace_days", "refund_days"),
                    "reason",
                ),
                "description": _(
                    "A scheme is in force from its day until the next one starts. A draft begins with what "
                    "is in force; once proposed it cannot be changed, and another person decides."
                ),
            },
        ),
        (
            _("Decision"),
            {"fields": (("state", "made_by", "made_at"), ("decided_by", "decided_at"), "note")},
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A new draft has nothing decided yet."""
        return super().get_fieldsets(request, obj)[: None if obj else 1]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:  # noqa: ARG002 -- Django's signature
        """A new draft gets its lines from the scheme in force."""
        return self.inlines if obj else ()

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Whoever may write schemes."""
        return request.user.has_perm(WRITE_SCHEME)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """One's own draft."""
        return obj is not None and may_edit(request, obj)

    def has_propose_permission(self, request: HttpRequest, object_id: str) -> bool:
        """One's own draft."""
        scheme = self.get_object(request, object_id)
        return scheme is not None and may_edit(request, scheme)

    def has_take_back_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Who wrote it, until it is decided."""
        scheme = self.get_object(request, object_id)
        is_open = scheme is not None and scheme.state in {SchemeState.DRAFT, SchemeState.PROPOSED}
        return is_open and scheme.made_by_id == request.user.pk

    def has_look_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may look at schemes."""
        return request.user.has_perm("activities.view_tierscheme")

    def save_model(self, request: HttpRequest, obj: TierScheme, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Make a draft, or change one's own."""
        if change:
            obj.save(update_fields=_TERMS)
            return
        said = {name: form.cleaned_data[name] for name in _TERMS}
        made = draft_scheme(by=operator_of(request), at=clock.now(), **said)
        obj.pk, obj.version = made.pk, made.version

    def response_add(self, request: HttpRequest, obj: TierScheme, post_url_continue: Any = None) -> Any:
        """Straight to its lines."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(reverse("admin:activities_tierscheme_change", args=[obj.pk]))

    def panels(self, row: TierScheme, at: datetime) -> list[Panel]:  # noqa: ARG002 -- the shape of every page
        """The lines say it all."""
        return []

    def asked_panel(self, row: TierScheme) -> Panel:
        """The levels and the day, above the decision."""
        lines = row.levels.select_related("tier").order_by("tier__level")
        return Panel(
            title=_("Tier scheme %(version)s, from %(day)s") % {"version": row, "day": row.starts_on},
            headers=[_("tier"), _("tier credits in the period"), _("for life with so many credits in all")],
            rows=[(line.tier, line.credits or "—", line.lifetime_credits or "—") for line in lines],
            note=row.reason,
            right=frozenset({1, 2}),
        )

    @action(description=_("Propose"), url_path="propose", permissions=["propose"], icon="send")
    def propose(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a second person's decision."""
        scheme = self.get_object(request, object_id)
        assert scheme is not None, "the permission was asked of this row"

        def do(said: Any) -> tuple[Any, str]:
            propose_scheme(scheme=scheme, by=operator_of(request), at=clock.now(), note=said["note"])
            return _("Proposed."), reverse("admin:activities_tierscheme_change", args=[scheme.pk])

        return self.act(
            request,
            form=DecisionForm(sent(request)),
            do=do,
            title=_("Propose %(scheme)s") % {"scheme": scheme},
            button=_("Propose"),
            panels=[self.asked_panel(scheme)],
        )

    @action(description=_("Preview"), url_path="preview", permissions=["look"], icon="visibility")
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What it would mean for the members that there are."""
        scheme = self.get_object(request, object_id)
        assert scheme is not None, "the page leads here"
        found = preview_scheme(scheme=scheme, today=group_day(clock.now()))
        words = gettext(
            "As if this had always been the scheme: its levels, roles and matches, on the credits as they "
            "were given."
        )
        return self._previewed(request, found, gettext("Preview of %(scheme)s") % {"scheme": scheme}, words)

    @action(
        description=_("Preview a review"), url_path="preview-review", permissions=["look"], icon="visibility"
    )
    def preview_next_review(self, request: HttpRequest) -> HttpResponse:
        """Who would rise and come down in the review of a day."""
        today = group_day(clock.now())
        asked = _DayForm(request.GET or {"on": (today + timedelta(days=1)).isoformat()})
        on: date = asked.cleaned_data["on"] if asked.is_valid() else today
        found = preview_review(on=on)
        words = gettext("By the credits that are there today; what is earned until then is not in it.")
        title = gettext("The review of %(day)s") % {"day": on.isoformat()}
        return self._previewed(request, found, title, words, form=_DayForm(sent(request), initial={"on": on}))

    def _previewed(
        self,
        request: HttpRequest,
        found: Preview,
        title: str,
        words: str,
        form: forms.Form | None = None,
    ) -> HttpResponse:
        back = reverse("admin:activities_tierscheme_changelist")
        here = reverse("admin:activities_tierscheme_preview_next_review")
        # Above the form too, where nobody would move: the panel is then empty.
        counts = gettext(
            "%(lowered)s would come down, %(raised)s would rise. %(looked_at)s of %(total)s were looked at."
        ) % {
            "lowered": f"{found.lowered:,}",
            "raised": f"{found.raised:,}",
            "looked_at": f"{found.looked_at:,}",
            "total": f"{found.total:,}",
        }
        panel = Panel(
            title=title,
            headers=[_("from"), _("to"), _("members")],
            rows=[(before, after, f"{count:,}") for before, after, count in found.moves],
            right=frozenset({2}),
        )

        def do(said: Any) -> tuple[Any, str]:
            return _("Nothing was changed."), f"{here}?on={said['on']}" if "on" in said else back

        return self.act(
            request,
            form=form if form is not None else forms.Form(sent(request)),
            do=do,
            title=_("Look at another day") if form is not None else _("Back to the schemes"),
            button=_("Look") if form is not None else _("Back"),
            words=f"{counts} {words}",
            panels=[panel],
        )

    @display(description=_("tier scheme"), ordering="version")
    def scheme(self, scheme: TierScheme) -> str:
        """v3."""
        return str(scheme)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, scheme: TierScheme) -> tuple[str, str]:
        """In its colour."""
        return scheme.state, scheme.get_state_display()

    @display(description=_("period"))
    def period_told(self, scheme: TierScheme) -> str:
        """12 months, or the calendar year."""
        if scheme.window == "calendar":
            return scheme.get_window_display()
        return f"{scheme.get_window_display()}: {scheme.window_months}"
