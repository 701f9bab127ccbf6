"""Where a benefit would be used, and whose clock says which day it is there."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings

from units.models import BusinessUnit, Outlet, Venue


@dataclass(frozen=True, slots=True)
class Spot:
    """A unit; its venue and outlet where they are known."""

    unit: BusinessUnit
    venue: Venue | None = None
    outlet: Outlet | None = None

    @property
    def venue_id(self) -> int | None:
        """The venue's, or the outlet's venue's."""
        if self.venue is not None:
            return self.venue.pk
        return None if self.outlet is None else self.outlet.venue_id

    @property
    def zone(self) -> ZoneInfo:
        """The venue's; the group's where no venue is known."""
        venue = self.venue or (self.outlet.venue if self.outlet is not None else None)
        return group_zone() if venue is None else ZoneInfo(venue.time_zone)


def group_zone() -> ZoneInfo:
    """The group's own time zone."""
    return ZoneInfo(settings.TIME_ZONE)
