"""The demo's car parks: one a venue, opened once; cars that come, pay and stay."""

import pytest

from loyalty.demo.group import found_group
from loyalty.demo.parking import park_cars
from parking.models import CarPark, ParkingSession, ReliefTerms, Tariff
from parking.selectors.audit import parking_disagreements
from tests.factories import NOW
from tests.members.factories import enrol
from units.models import Venue

pytestmark = pytest.mark.django_db


def test_every_venue_has_its_car_park_once():
    found_group()
    found_group()

    venues = Venue.objects.count()
    assert [model.objects.count() for model in (CarPark, Tariff, ReliefTerms)] == [venues] * 3


def test_cars_come_and_pay():
    mall = found_group()["MALL"]
    for _ in range(12):
        enrol(mall)

    told = park_cars(mall, at=NOW)

    assert told["cars"] == ParkingSession.objects.count() == 12
    assert 0 < told["paid"] < 12
    assert parking_disagreements() == []
