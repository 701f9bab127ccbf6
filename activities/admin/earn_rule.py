"""Earn rules: every version that was approved. Their acts: propose the next, end, withdraw."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSplitDateTimeVerticalWidget

from activities.models import BudgetUse, EarnEffect, EarnRule
from activities.models.earn_terms import EarnTerms
from activities.services.earn_rules import PROPOSE_RULE, end_earn_rule, withdraw_earn_rule
from common import clock
from common.admin import Panel, PanelPage, list_address
from points.admin.acts import ActsAdmin, operator_of, sent
from points.admin.periods import InForceFilter, PeriodAdmin, state_of

_NAMES = {
    "sectors": _("Sectors"),
    "units": _("Business units"),
    "venues": _("Venues"),
    "outlets": _("Outlets"),
    "not_outlets": _("Not at these outlets"),
    "kinds": _("Kinds of activities"),
    "channels": _("Channels"),
    "categories": _("Categories"),
    "not_categories": _("Not these categories"),
    "items": _("Articles"),
    "not_items": _("Not these articles"),
    "tiers": _("Tiers"),
    "segments": _("Groups of members"),
    "weekdays": _("Days of the week"),
    "hours": _("Hours"),
    "dates": _("Dates"),
    "birthday": _("Birthday"),
    "first_visit": _("First visit to the sector"),
    "minimum_spend": _("Minimum spend"),
    "per_activity": _("Points of one activity, at most"),
    "per_day": _("Points of a member and day, at most"),
    "per_month": _("Points of a member and month, at most"),
    "per_member": _("Points of a member in all, at most"),
    "budget": _("Points of all members together, at most"),
    "alone": _("Silences base rules of lower priority"),
    "full_steps_of": _("Money counts in full steps of"),
    "pending_days": _("Days until they can be spent"),
    "expires_after_days": _("Days that they live"),
}


class EndForm(forms.Form):
    """The instant at which a rule stops holding."""

    ends_at = forms.SplitDateTimeField(
        label=_("Until"),
        widget=UnfoldAdminSplitDateTimeVerticalWidget,
        help_text=_("The first instant at which it no longer holds."),
    )


@admin.register(EarnRule)
class EarnRuleAdmin(ActsAdmin, PeriodAdmin, PanelPage):
    """How activities become points: where, for whom, from when to when, and which two people said so."""

    list_display = (
        *("rule", "title", "unit_told", "program", "effect_told", "state", "starts", "ends", "approved_by"),
    )
    list_filter = (InForceFilter, "effect", "unit", "program")
    list_select_related = ("unit", "program", "approved_by")
    ordering = ("code", "-version")
    fields = (
        ("rule", "title"),
        ("unit_told", "program"),
        ("effect_told", "priority"),
        ("starts", "ends"),
        ("proposed_by", "approved_by"),
    )
    actions_list = ("propose",)
    actions_detail = ("end", "withdraw")

    def panels(self, row: EarnRule, at: datetime) -> list[Panel]:  # noqa: ARG002 -- terms do not age
        """Its terms, and what was given of its budget."""
        panels = [Panel(title=_("Terms"), headers=[_("term"), _("value")], rows=terms_rows(row))]
        budget = row.terms.get("caps", {}).get("budget")
        if budget is not None:
            given = BudgetUse.objects.filter(pk=row.code).values_list("given", flat=True).first() or 0
            figures = (budget, given, budget - given)
            panels.append(
                Panel(
                    title=_("Budget"),
                    headers=[_("points"), _("given"), _("left")],
                    rows=[tuple(number_format(number, force_grouping=True) for number in figures)],
                    right=frozenset({0, 1, 2}),
                )
            )
        return panels

    def has_propose_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may propose rules."""
        return request.user.has_perm(PROPOSE_RULE)

    def has_end_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whoever may propose rules, for one in force."""
        return self.has_propose_permission(request) and self._state(request, object_id) == "in_force"

    def has_plan_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Whoever may propose rules, for one that has not begun."""
        return self.has_propose_permission(request) and self._state(request, object_id) == "future"

    @action(description=_("Propose a rule"), url_path="propose", permissions=["propose"], icon="add")
    def propose(self, _request: HttpRequest) -> HttpResponse:
        """A rule, and the next version of one, begins as a proposal."""
        return HttpResponseRedirect(reverse("admin:activities_earnruleproposal_add"))

    @action(description=_("End"), url_path="end", permissions=["end"], icon="event_busy")
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let a rule end now or later; longer than approved needs another version."""
        rule, at = self._rule(request, object_id), clock.now()
        form = EndForm(sent(request), initial={"ends_at": rule.during.upper or at})

        def do(said: Any) -> tuple[Any, str]:
            end_earn_rule(rule=rule, ends_at=said["ends_at"], by=operator_of(request), at=at)
            return _("The rule ends then."), list_address(EarnRule)

        return self.act(
            request, form=form, do=do, title=text("End %(rule)s") % {"rule": rule}, button=_("Save")
        )

    @action(description=_("Withdraw"), url_path="withdraw", permissions=["plan"], icon="undo")
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Remove a version to come."""
        rule, at = self._rule(request, object_id), clock.now()

        def do(_said: Any) -> tuple[Any, str]:
            withdraw_earn_rule(rule=rule, by=operator_of(request), at=at)
            return text("%(rule)s is withdrawn.") % {"rule": rule}, list_address(EarnRule)

        return self.act(
            request,
            form=forms.Form(sent(request)),
            do=do,
            title=text("Withdraw %(rule)s") % {"rule": rule},
            button=_("Withdraw"),
            is_danger=True,
        )

    @display(description=_("earn rule"), ordering="code")
    def rule(self, rule: EarnRule) -> str:
        """MALL-BASE, version 2."""
        return text("%(code)s, version %(version)s") % {"code": rule.code, "version": rule.version}

    @display(description=_("name"))
    def title(self, rule: EarnRule) -> str:
        """In the reader's language."""
        return rule.name

    @display(description=_("business unit"), ordering="unit")
    def unit_told(self, rule: EarnRule) -> Any:
        """Of a rule of the group: several."""
        return rule.unit or _("several")

    @display(description=_("effect"))
    def effect_told(self, rule: EarnRule) -> Any:
        """What it does, with its number."""
        return effect_in_words(rule)

    def _rule(self, request: HttpRequest, object_id: str) -> EarnRule:
        rule: EarnRule | None = self.get_object(request, object_id)
        assert rule is not None, "the permission was asked of this row"
        return rule

    def _state(self, request: HttpRequest, object_id: str) -> str:
        rule = self.get_object(request, object_id)
        return "" if rule is None else state_of(rule.during, clock.now())


def effect_in_words(rule: EarnTerms) -> Any:
    """What a rule or a proposal does: 1.5 points per currency unit, × 2, …"""
    match rule.effect:
        case EarnEffect.BASE:
            said = []
            if rule.points_per_currency_unit:
                rate = number_format(rule.points_per_currency_unit.normalize())
                words = ngettext(
                    "%(rate)s point per currency unit",
                    "%(rate)s points per currency unit",
                    1 if rule.points_per_currency_unit == 1 else 2,
                )
                said.append(words % {"rate": rate})
            if rule.fixed_points:
                words = ngettext(
                    "%(points)s point per activity", "%(points)s points per activity", rule.fixed_points
                )
                said.append(words % {"points": rule.fixed_points})
            return " + ".join(said) or text("no points")
        case EarnEffect.MULTIPLIER if rule.factor is not None:
            return f"× {number_format(rule.factor.normalize())}"
        case EarnEffect.TAX if rule.tax_percent is not None:
            percent = number_format(rule.tax_percent.normalize())
            return text("takes %(percent)s %% tax off") % {"percent": percent}
        case _:
            return rule.get_effect_display()


def terms_rows(rule: EarnTerms) -> list[tuple[object, object]]:
    """Each term that the rule has, with its value; one line says so where it has none."""
    told = {**rule.terms.get("conditions", {}), **rule.terms.get("caps", {})}
    told |= {name: value for name, value in rule.terms.items() if name not in {"conditions", "caps"}}
    rows: list[tuple[object, object]] = [(_NAMES[name], _value(value)) for name, value in told.items()]
    return rows or [(_("any activity"), "")]


def _value(value: Any) -> object:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if value is True:
        return _("yes")
    return number_format(value, force_grouping=True) if isinstance(value, int) else value
