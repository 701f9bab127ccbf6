"""Operators' screens of who takes part: units, venues, outlets, partner keys."""

from units.admin.partner_key import PartnerKeyAdmin
from units.admin.places import BusinessUnitAdmin, OutletAdmin, VenueAdmin

__all__ = ["BusinessUnitAdmin", "OutletAdmin", "PartnerKeyAdmin", "VenueAdmin"]
