"""Daily totals: what units sold in a day, to look at."""

from django.contrib import admin
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from activities.models import DailyTotal
from common.admin import ReadOnlyAdmin


@admin.register(DailyTotal)
class DailyTotalAdmin(ReadOnlyAdmin):
    """All sales of a unit on one day, members' and anonymous together."""

    list_display = ("date", "unit", "money", "orders")
    list_select_related = ("unit",)
    list_filter = ("unit", ("date", RangeDateFilter))
    ordering = ("-date", "unit__code")
    fields = ("date", "unit", "money", "orders")

    @display(description=_("amount"), ordering="amount")
    def money(self, total: DailyTotal) -> str:
        """With its currency."""
        return f"{number_format(total.amount, 2, force_grouping=True)} {total.currency}"
