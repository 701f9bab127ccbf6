"""What the operators of a group may adjust by hand: alone, and as the second person."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import BaseAdmin
from points.models import AdjustmentLimit
from points.models.adjustment import POINTS_MAX


class AdjustmentLimitForm(forms.ModelForm[AdjustmentLimit]):
    """Says beside the field what the database would refuse by the name of a constraint."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("alone_max", "approve_max"):
            self.fields[name].validators.append(MaxValueValidator(POINTS_MAX))

    def clean(self) -> dict[str, Any]:
        """A day holds at least one request."""
        said = super().clean() or {}
        alone, day = said.get("alone_max"), said.get("alone_day_max")
        if alone is not None and day is not None and alone > day:
            self.add_error("alone_day_max", _("A day cannot allow less than one request does."))
        return said


@admin.register(AdjustmentLimit)
class AdjustmentLimitAdmin(BaseAdmin):
    """What the operators of a group may do with points by hand."""

    form = AdjustmentLimitForm
    list_display = ("group", "alone", "alone_day", "approve")
    list_select_related = ("group",)
    ordering = ("group__name",)
    actions = None
    fieldsets = (
        (
            None,
            {
                "fields": ("group", ("alone_max", "alone_day_max"), "approve_max"),
                "description": _(
                    "Points without their sign, all programs and members together. Above the limits a second "
                    "person approves. In several groups the largest limit holds; "
                    "who is in none adjusts nothing alone."
                ),
            },
        ),
    )

    @display(description=_("alone, points a request"), ordering="alone_max")
    def alone(self, limit: AdjustmentLimit) -> str:
        """With separators."""
        return f"{limit.alone_max:,}"

    @display(description=_("alone, points a day"), ordering="alone_day_max")
    def alone_day(self, limit: AdjustmentLimit) -> str:
        """With separators."""
        return f"{limit.alone_day_max:,}"

    @display(description=_("may approve, points a request"), ordering="approve_max")
    def approve(self, limit: AdjustmentLimit) -> str:
        """With separators."""
        return f"{limit.approve_max:,}"
