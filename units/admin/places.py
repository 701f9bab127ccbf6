"""Business units, their venues and outlets: reference data that head office keeps."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.admin import BaseAdmin
from units.models import BusinessUnit, Outlet, Sector, Venue

_SECTOR_COLOURS = {
    Sector.RESIDENTIAL: "success",
    Sector.MALL: "info",
    Sector.HOTEL: "warning",
    Sector.OFFICE: "primary",
}


class _KeptAdmin(BaseAdmin):
    """Nothing here is deleted: files, keys and postings name it for ever. It is switched off instead."""

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- Django's signature
        """Nobody."""
        return False


@admin.register(BusinessUnit)
class BusinessUnitAdmin(_KeptAdmin):
    """The operating businesses of the group."""

    list_display = ("code", "name_zh", "name_en", "sector_label", "currency", "is_active")
    list_display_links = ("code", "name_zh", "name_en")
    list_filter = ("sector", "is_active")
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("code",)
    fields = ("code", ("name_zh", "name_en"), ("sector", "currency"), "is_active")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 -- same
        """A unit's code is its name in files and APIs and never changes; neither does what it counts in."""
        return ("code", "currency") if obj else ()

    @display(description=_("sector"), ordering="sector", label=_SECTOR_COLOURS)
    def sector_label(self, unit: BusinessUnit) -> tuple[str, str]:
        """The sector in its colour."""
        return unit.sector, unit.get_sector_display()


@admin.register(Venue)
class VenueAdmin(_KeptAdmin):
    """The places that units run."""

    list_display = ("code", "name_zh", "name_en", "unit", "time_zone", "is_active")
    list_display_links = ("code", "name_zh", "name_en")
    list_select_related = ("unit",)
    list_filter = ("unit", "is_active")
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("code",)
    fields = ("unit", "code", ("name_zh", "name_en"), "time_zone", "is_active")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 -- same
        """A venue's code and unit are part of what its outlets are called."""
        return ("unit", "code") if obj else ()


class OutletForm(forms.ModelForm[Outlet]):
    """Says in words that a unit has such a code already, before the database would."""

    def clean(self) -> dict[str, Any]:
        """Look among the outlets of the venue's unit."""
        said = super().clean() or {}
        venue, code = said.get("venue"), said.get("code")
        if venue and code and Outlet.objects.filter(unit=venue.unit_id, code=code).exists():
            self.add_error("code", _("This business unit has an outlet with this code already."))
        return said


@admin.register(Outlet)
class OutletAdmin(_KeptAdmin):
    """The shops, restaurants, desks and car parks inside venues."""

    list_display = ("code", "name", "unit", "venue", "is_active")
    list_display_links = ("code", "name")
    list_select_related = ("unit", "venue")
    list_filter = ("unit", "is_active")
    search_fields = ("code", "name")
    ordering = ("unit__code", "code")
    form = OutletForm
    # The unit follows from the venue: a form cannot set them at odds.
    fields = ("venue", "code", "name", "is_active")
    autocomplete_fields = ("venue",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 -- same
        """Tills know an outlet by its code."""
        return ("venue", "code") if obj else ()

    def save_model(self, request: HttpRequest, obj: Outlet, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Keep the outlet with the unit of its venue."""
        obj.unit_id = obj.venue.unit_id
        super().save_model(request, obj, form, change)
