"""Proposals for earn rules: written by a form with a preview, approved or rejected by another operator."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from activities.admin.earn_rule import effect_in_words, terms_rows
from activities.admin.earn_rule_form import EarnRuleForm
from activities.models import EarnRule, EarnRuleProposal
from activities.services.earn_rules import (
    APPROVE_RULE,
    PROPOSE_RULE,
    approve_earn_rule,
    draft_of,
    propose_earn_rule,
    reject_earn_rule,
    withdraw_earn_proposal,
)
from activities.services.previewing import preview_rule
from common import clock
from common.admin import Panel, page_link
from points.admin.acts import operator_of
from points.admin.decisions import DecidedByAnother, Decisions
from points.admin.moments import moment
from points.admin.periods import told
from points.models import ProposalState

STATE_COLOURS = {
    ProposalState.PROPOSED: "warning",
    ProposalState.APPROVED: "success",
    ProposalState.REJECTED: "danger",
    ProposalState.WITHDRAWN: "default",
}


@admin.register(EarnRuleProposal)
class EarnRuleProposalAdmin(DecidedByAnother):
    """What waits for a second person, and what became of the rest."""

    add_form_template = "admin/activities/earnruleproposal/add_form.html"
    list_display = (
        "rule",
        "title",
        "program",
        "effect_told",
        "state_label",
        "starts",
        "ends",
        "proposed_by",
        "decided_by",
    )
    list_filter = ("state", "effect", "program", "unit")
    list_select_related = ("program", "unit", "proposed_by", "decided_by")
    ordering = (Case(When(state="proposed", then=Value(0)), default=Value(1)), "-id")
    decisions = Decisions("proposal", approve_earn_rule, reject_earn_rule, withdraw_earn_proposal)
    decide_right = APPROVE_RULE
    waiting_state = ProposalState.PROPOSED
    asker_field = "proposed_by_id"
    approved_words = _("Approved: activities earn by it from its start on.")
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    ("code", "priority"),
                    ("name_zh", "name_en"),
                    ("program", "unit"),
                    "effect",
                    ("points_per_currency_unit", "fixed_points"),
                    ("factor", "tax_percent"),
                ),
                "description": _(
                    "Base rules add up; the highest multiplier wins; fractions round down once, at the end; "
                    "caps cut last. A code that is there already gets its next version. Another person "
                    "approves the rule before anything is earned by it."
                ),
            },
        ),
        (
            _("Where"),
            {
                "fields": (
                    ("sectors", "units"),
                    ("venues", "kinds"),
                    ("outlets", "not_outlets"),
                    "channels",
                )
            },
        ),
        (
            _("What"),
            {
                "fields": (
                    ("categories", "not_categories"),
                    ("items", "not_items"),
                    ("minimum_spend", "full_steps_of"),
                )
            },
        ),
        (_("Who"), {"fields": (("tiers", "segments"), ("birthday", "first_visit"))}),
        (_("When"), {"fields": (("weekdays", "dates"), ("hours_from", "hours_to"))}),
        (
            _("How much at most"),
            {"fields": (("per_activity", "per_day"), ("per_month", "per_member"), "budget")},
        ),
        (_("Its points"), {"fields": (("pending_days", "expires_after_days"), "alone")}),
        (_("in force"), {"fields": (("starts_at", "ends_at"), "is_successor")}),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("code", "state"),
                    ("name_zh", "name_en"),
                    ("program", "unit"),
                    ("effect_told", "priority"),
                    ("starts", "ends"),
                    "is_successor",
                    ("proposed_by", "proposed_at"),
                    ("decided_by", "decided_at"),
                    ("note", "rule_link"),
                )
            },
        ),
    )

    def get_urls(self) -> list[Any]:
        """The preview, beside the pages that every screen has."""
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="activities_earnruleproposal_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What the rule in the form would have given on last month's activities. Nothing is stored."""
        if not request.user.has_perm(PROPOSE_RULE) or request.method != "POST":
            return JsonResponse({"words": ""}, status=403)
        form = EarnRuleForm(request.POST)
        if not form.is_valid() or form.draft is None:
            return JsonResponse({"words": gettext("Fill in the rule to see what it would have given.")})
        seen = preview_rule(draft=form.draft, at=clock.now())
        return JsonResponse({"words": seen.in_words(), "note": seen.note()})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """To propose, or to look at."""
        return self.add_fieldsets if obj is None else super().get_fieldsets(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """The form is for proposing; what was proposed is only looked at."""
        kwargs["form"] = EarnRuleForm if obj is None else forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Whoever may propose rules."""
        return request.user.has_perm(PROPOSE_RULE)

    def save_model(self, request: HttpRequest, obj: EarnRuleProposal, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Propose what the form says."""
        assert not change, "what was proposed is not edited"
        made = propose_earn_rule(
            draft=form.draft,
            is_successor=form.cleaned_data["is_successor"],
            by=operator_of(request),
            at=form.at,
        )
        obj.pk = made.pk

    def panels(self, row: EarnRuleProposal, at: datetime) -> list[Panel]:
        """Its terms, what it would have given, and the versions that its code has."""
        versions = EarnRule.objects.filter(code=row.code).order_by("-version")
        return [
            Panel(title=_("Terms"), headers=[_("term"), _("value")], rows=terms_rows(row)),
            *([_preview_panel(row, at)] if row.state == ProposalState.PROPOSED else []),
            Panel(
                title=_("Versions of this code"),
                headers=[_("earn rule"), _("effect"), _("in force"), _("approved by")],
                rows=[
                    (
                        page_link(EarnRule, rule.pk, rule),
                        effect_in_words(rule),
                        told(rule.during),
                        rule.approved_by or "—",
                    )
                    for rule in versions
                ],
            ),
        ]

    def asked_panel(self, row: EarnRuleProposal) -> Panel:
        """What is decided on."""
        return Panel(
            title=_("Asked for"),
            headers=[_("earn rule"), _("effect"), _("in force from"), _("until"), _("proposed by")],
            rows=[(row.code, effect_in_words(row), self.starts(row), self.ends(row), row.proposed_by)],
        )

    @display(description=_("rule code"), ordering="code")
    def rule(self, asked: EarnRuleProposal) -> str:
        """MALL-BASE."""
        return asked.code

    @display(description=_("name"))
    def title(self, asked: EarnRuleProposal) -> str:
        """In the reader's language."""
        return asked.name

    @display(description=_("effect"))
    def effect_told(self, asked: EarnRuleProposal) -> Any:
        """What it does, with its number."""
        return effect_in_words(asked)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def state_label(self, asked: EarnRuleProposal) -> tuple[str, str]:
        """In its colour."""
        return asked.state, asked.get_state_display()

    @display(description=_("in force from"), ordering="starts_at")
    def starts(self, asked: EarnRuleProposal) -> str:
        """In the operator's time zone."""
        return moment(asked.starts_at) or gettext("from the approval on")

    @display(description=_("until"), ordering="ends_at")
    def ends(self, asked: EarnRuleProposal) -> str:
        """In the operator's time zone."""
        return moment(asked.ends_at) or gettext("until further notice")

    @display(description=_("version"))
    def rule_link(self, asked: EarnRuleProposal) -> object:
        """What came of it."""
        if asked.version is None:
            return "—"
        made = EarnRule.objects.filter(code=asked.code, version=asked.version).first()
        return "—" if made is None else page_link(EarnRule, made.pk, made)


def _preview_panel(asked: EarnRuleProposal, at: datetime) -> Panel:
    seen = preview_rule(draft=draft_of(asked), at=at)
    return Panel(
        title=_("On last month's real activities"),
        headers=[_("preview")],
        rows=[(seen.in_words(),)],
        note=seen.note(),
    )
