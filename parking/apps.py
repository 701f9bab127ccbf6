"""Car parks, tariffs, plates, sessions and the orders that pay for them (停车缴费)."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ParkingConfig(AppConfig):
    name = "parking"
    verbose_name = _("Parking")
