"""3,395 real stays at workplaces: every one decided, no crash, the totals beside what was really paid.

The whole by PARKING_REAL=3395; the suite plays the first few hundred.
"""

import csv
import gzip
import os
import sys
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from members.models import IdentityKind
from parking.models import ParkingOrder, ParkingSession
from tests.benefits.factories import reside
from tests.factories import make_unit
from tests.linkage_data import FOLDER
from tests.members.factories import add_identity, numbered_member
from tests.parking.places import come, leave, make_car_park

pytestmark = pytest.mark.django_db
FILE = FOLDER / "ev_workplace_sessions_2014_2015.csv.gz"
PLAYED = int(os.environ.get("PARKING_REAL", "250"))
ZONE = ZoneInfo("America/New_York")


def rows():
    with gzip.open(FILE, "rt", encoding="utf-8") as text:
        return sorted(csv.DictReader(text), key=lambda row: row["created"])


def instant(written):
    return datetime.fromisoformat(written).replace(tzinfo=ZONE)


def car_of(drivers, user, entered, left, tower):
    """A car of the user's that stands nowhere else meanwhile: some users charged two at once."""
    if user not in drivers:
        drivers[user] = (numbered_member(), [])
        reside(drivers[user][0], tower.venue)
    member, cars = drivers[user]
    for car in cars:
        if car["until"] + timedelta(minutes=15) < entered:
            car["until"] = left
            return car["plate"]
    plate = f"沪A{sum(len(theirs) for _member, theirs in drivers.values()):05d}"
    add_identity(member, IdentityKind.PLATE, plate)
    cars.append({"plate": plate, "until": left})
    return plate


@pytest.mark.skipif(not FILE.exists(), reason="the real sessions are not on this machine")
def test_every_real_stay_is_decided_and_the_totals_stand_beside_the_real_fees(capsys):
    office = make_unit("OFFICE", "office", currency="USD")
    tower = make_car_park(
        office, zone="America/New_York", rates="every 00:00-24:00: 60 min 1.00", free_minutes=240
    )
    drivers, endings, real, ours = {}, Counter(), Decimal(0), Decimal(0)

    for number, row in enumerate(rows()[:PLAYED]):
        entered, left = instant(row["created"]), instant(row["ended"])
        left = max(entered, left)
        plate = car_of(drivers, row["userId"], entered, left, tower)
        come(tower, entered, plate, ref=f"in-{number}", received=left)
        asked = leave(tower, left, plate, ref=f"out-{number}")
        if not asked.opens:
            due = Decimal(asked.decision.plan.money) / 100
            asked = leave(tower, left, plate, ref=f"out-{number}", collected=due)
            ours += due
        assert asked.opens
        endings[asked.session.state] += 1
        real += Decimal(row["dollars"])

    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(drivers)} drivers, {sum(endings.values())} stays: {ours}; really paid {real}\n"
        )
    assert sum(endings.values()) == min(PLAYED, 3395)
    assert endings["left"] == sum(endings.values())
    assert not ParkingSession.objects.filter(fee__isnull=True, state="left").exists()
    assert ours == sum(ParkingOrder.objects.values_list("fee", flat=True))
    charged = ParkingSession.objects.exclude(state="void").values_list("fee", flat=True)
    assert ours == sum(fee for fee in charged if fee is not None)
