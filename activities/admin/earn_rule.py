"""Earn rules: a new version is published, replanned before it begins, ended after."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from activities.models import EarnRule
from activities.services.earn_rules import (
    end_earn_rule,
    publish_earn_rule,
    replan_earn_rule,
    withdraw_earn_rule,
)
from common import clock
from common.admin import actor_of
from points.admin.periods import InForceFilter, PeriodAdmin, PeriodForm


class EarnRuleForm(PeriodForm):
    """The base rate of a unit in a program."""

    # A unit's history is imported under the rules that held then.
    start_may_be_past = True

    class Meta:
        model = EarnRule
        fields = ("unit", "program", "points_per_currency_unit")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.fields["unit"].disabled = self.fields["program"].disabled = True
            self.start_may_be_past = False  # what is to come stays to come

    def rivals(self, said: dict[str, Any]) -> QuerySet[EarnRule]:
        """The rules of the same unit and program."""
        return EarnRule.objects.filter(unit=said["unit"], program=said["program"])


@admin.register(EarnRule)
class EarnRuleAdmin(PeriodAdmin):
    """How much a currency unit earns, where, from when to when."""

    form = EarnRuleForm
    list_display = ("rule", "unit", "program", "rate", "state", "starts", "ends")
    list_filter = (InForceFilter, "unit", "program")
    list_select_related = ("unit", "program")
    ordering = ("unit__code", "program__code", "-version")
    fieldsets = (
        (
            None,
            {
                "fields": (("unit", "program"), "points_per_currency_unit"),
                "description": _(
                    "The rule in force when an activity happened applies. Points are rounded down "
                    "per activity. The version counts up by itself; postings name the rule and the "
                    "version that made them."
                ),
            },
        ),
        (_("in force"), {"fields": (("starts_at", "ends_at"), "is_successor")}),
    )

    @display(description=_("earn rule"))
    def rule(self, rule: EarnRule) -> str:
        """Rule 3, version 2."""
        return text("rule %(number)s, version %(version)s") % {"number": rule.pk, "version": rule.version}

    @display(description=_("points per currency unit"))
    def rate(self, rule: EarnRule) -> str:
        """Without the zeros that say nothing."""
        return f"{number_format(rule.points_per_currency_unit.normalize())} / {rule.unit.currency}"

    def save_model(self, request: HttpRequest, obj: EarnRule, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Call the service of what the form asks: publish, replan or end."""
        said, by = form.cleaned_data, actor_of(request.user)
        if not change:
            made = publish_earn_rule(
                unit=said["unit"],
                program=said["program"],
                points_per_currency_unit=said["points_per_currency_unit"],
                starts_at=said["starts_at"],
                ends_at=said["ends_at"],
                is_successor=said["is_successor"],
                by=by,
            )
            obj.pk, obj.during, obj.version = made.pk, made.during, made.version
        elif form.has_begun:
            end_earn_rule(rule=obj, ends_at=said["ends_at"], by=by, at=form.at)
        else:
            replan_earn_rule(
                rule=obj,
                points_per_currency_unit=said["points_per_currency_unit"],
                starts_at=said["starts_at"],
                ends_at=said["ends_at"],
                by=by,
                at=form.at,
            )

    def delete_model(self, request: HttpRequest, obj: EarnRule) -> None:
        """Withdraw a rule that has not begun."""
        withdraw_earn_rule(rule=obj, by=actor_of(request.user), at=clock.now())
