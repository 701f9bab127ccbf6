"""Whose clock a unit's local times are read by."""

from zoneinfo import ZoneInfo

import pytest

from activities.selectors.places import place_of
from tests.factories import NOW, make_outlet, make_unit
from units.models import Outlet, Venue

pytestmark = pytest.mark.django_db


def add_venue(unit, code, zone):
    return Venue.objects.create(unit=unit, code=code, name_zh="场所", name_en="Venue", time_zone=zone)


def test_a_unit_without_venues_has_the_groups_zone(settings):
    settings.TIME_ZONE = "Asia/Tokyo"

    assert place_of(make_unit(), at=NOW).zone == ZoneInfo("Asia/Tokyo")


def test_venues_that_agree_are_the_units_zone_and_others_are_none():
    unit = make_unit()
    add_venue(unit, "ONE", "Europe/Paris")
    alone = place_of(unit, at=NOW)
    add_venue(unit, "TWO", "Asia/Shanghai")
    outlet = Outlet.objects.create(unit=unit, venue=Venue.objects.get(code="ONE"), code="TILL", name="Till")
    make_outlet(make_unit(), "ELSEWHERE")

    several = place_of(unit, at=NOW)

    assert (alone.zone, several.zone) == (ZoneInfo("Europe/Paris"), None)
    assert (several.outlets, several.zones) == ({"TILL": outlet.pk}, {"TILL": ZoneInfo("Europe/Paris")})
