"""Earn rules: every version that was approved, looked at here; proposed, ended and withdrawn by acts."""

from typing import Any

from django.contrib import admin
from django.utils.formats import number_format
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from activities.models import EarnEffect, EarnRule
from common.admin import ReadOnlyAdmin
from points.admin.periods import InForceFilter, PeriodAdmin


@admin.register(EarnRule)
class EarnRuleAdmin(ReadOnlyAdmin, PeriodAdmin):
    """How activities become points: where, for whom, from when to when."""

    list_display = ("rule", "title", "unit", "program", "effect_told", "state", "starts", "ends")
    list_filter = (InForceFilter, "effect", "unit", "program")
    list_select_related = ("unit", "program")
    ordering = ("code", "-version")
    fields = (
        ("code", "version"),
        ("name_zh", "name_en"),
        ("unit", "program"),
        ("effect_told", "priority"),
        ("starts", "ends"),
        ("proposed_by", "approved_by"),
        "terms",
    )

    @display(description=_("earn rule"), ordering="code")
    def rule(self, rule: EarnRule) -> str:
        """MALL-BASE, version 2."""
        return text("%(code)s, version %(version)s") % {"code": rule.code, "version": rule.version}

    @display(description=_("name"))
    def title(self, rule: EarnRule) -> str:
        """In the reader's language."""
        return rule.name

    @display(description=_("effect"))
    def effect_told(self, rule: EarnRule) -> Any:
        """What it does, with its number."""
        return effect_in_words(rule)


def effect_in_words(rule: Any) -> Any:
    """What a rule or a proposal does: 1.5 points / CNY, ×2, …"""
    match rule.effect:
        case EarnEffect.BASE:
            said = []
            if rule.points_per_currency_unit:
                rate = number_format(rule.points_per_currency_unit.normalize())
                said.append(text("%(rate)s points per currency unit") % {"rate": rate})
            if rule.fixed_points:
                said.append(text("%(points)s points per activity") % {"points": rule.fixed_points})
            return " + ".join(said) or text("no points")
        case EarnEffect.MULTIPLIER:
            return f"× {number_format(rule.factor.normalize())}"
        case EarnEffect.TAX:
            return text("takes %(percent)s %% tax off") % {
                "percent": number_format(rule.tax_percent.normalize())
            }
        case _:
            return rule.get_effect_display()
