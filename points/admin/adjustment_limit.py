"""What the operators of a group may adjust by hand: alone, and as the second person."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import BaseAdmin
from points.models import AdjustmentLimit


@admin.register(AdjustmentLimit)
class AdjustmentLimitAdmin(BaseAdmin):
    """What the operators of a group may do with points by hand."""

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
