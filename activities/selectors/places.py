"""What a unit's reports are read by."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from activities.rules.reading import AHEAD_MAX, YEARS_BACK_MAX, Place, years_before
from units.models import BusinessUnit, Outlet, Venue


def limits_of(unit: BusinessUnit, *, at: datetime) -> Place:
    """What a report is checked by whose outlet and instant are known already. Asks the database nothing."""
    return Place(
        currency=unit.currency,
        outlets={},
        zones={},
        zone=None,
        earliest=years_before(at, YEARS_BACK_MAX),
        latest=at + AHEAD_MAX,
    )


def place_of(unit: BusinessUnit, *, at: datetime) -> Place:
    """The currency, outlets and time zones of `unit`, and the instants taken in at the instant `at`.

    The unit's own zone is that of its venues if they agree; without any venue it is the group's (TIME_ZONE).
    """
    outlets = list(Outlet.objects.filter(unit=unit).values_list("code", "id", "venue__time_zone"))
    names = set(Venue.objects.filter(unit=unit).values_list("time_zone", flat=True)) or {settings.TIME_ZONE}
    return replace(
        limits_of(unit, at=at),
        outlets={code: pk for code, pk, _zone in outlets},
        zones={code: ZoneInfo(zone) for code, _pk, zone in outlets},
        zone=ZoneInfo(names.pop()) if len(names) == 1 else None,
    )
