"""Who takes part: business units, their venues and outlets, and the partner systems that act for them."""

from units.models.business_unit import BusinessUnit, Sector
from units.models.outlet import Outlet
from units.models.partner_key import PartnerKey
from units.models.reference_change import ReferenceChange
from units.models.venue import Venue

__all__ = ["BusinessUnit", "Outlet", "PartnerKey", "ReferenceChange", "Sector", "Venue"]
