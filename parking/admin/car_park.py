"""Car parks: where they are, what their gates call them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common import clock
from common.admin import BaseAdmin, list_link
from parking.models import CarPark, ParkingSession
from parking.selectors.fees import tariff_at


@admin.register(CarPark)
class CarParkAdmin(BaseAdmin):
    """Nothing here is deleted: gates and books name it. It is switched off instead."""

    list_display = ("code", "name_zh", "name_en", "unit", "venue", "is_active")
    list_display_links = ("code", "name_zh", "name_en")
    list_select_related = ("unit", "venue")
    list_filter = ("unit", "is_active")
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("unit__code", "code")
    fields = ("venue", "code", ("name_zh", "name_en"), "is_active", "tariff_now", "sessions")
    readonly_fields = ("tariff_now", "sessions")
    autocomplete_fields = ("venue",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's signature
        """Gates know a car park by its code."""
        return ("venue", "code", *self.readonly_fields) if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Nobody."""
        return False

    def save_model(self, request: HttpRequest, obj: CarPark, form: Any, change: bool) -> None:  # noqa: FBT001 -- same
        """Keep the car park with the unit of its venue."""
        obj.unit_id = obj.venue.unit_id
        super().save_model(request, obj, form, change)

    @display(description=_("tariff in force"))
    def tariff_now(self, car_park: CarPark) -> object:
        """What holds at this moment."""
        return tariff_at(car_park.pk, clock.now()) or _("none: parking is free of charge")

    @display(description=_("parking sessions"))
    def sessions(self, car_park: CarPark) -> object:
        """Leads to them."""
        return list_link(ParkingSession, _("All of them"), car_park__id__exact=car_park.pk)
