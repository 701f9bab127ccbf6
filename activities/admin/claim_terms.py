"""How long each unit's receipts may be claimed."""

from django.contrib import admin

from activities.models import ClaimTerms
from common.admin import BaseAdmin


@admin.register(ClaimTerms)
class ClaimTermsAdmin(BaseAdmin):
    """One line a unit; without one, 30 days."""

    list_display = ("unit", "days")
    list_select_related = ("unit",)
    ordering = ("unit__code",)
    fields = ("unit", "days")
