"""What the barrier is told in haste is what all others are told, whatever rules, places and usages."""

import random
from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from benefits.models import GrantEnd
from benefits.selectors.entitlements import usable_rights
from benefits.selectors.in_haste import usable_in_haste
from benefits.selectors.places import Spot
from tests.benefits.factories import (
    make_benefit,
    make_grant,
    make_ladder,
    make_rule,
    make_venue,
    put_on,
    reside,
    use,
)
from tests.factories import NOW, make_member, make_outlet, make_unit

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
PAST = DateTimeTZRange(NOW - 9 * DAY, NOW - DAY)
WORLDS = 25


def told(usable):
    return [(one.id, one.period, one.given, one.taken, one.elsewhere, one.right.ends_at) for one in usable]


class World:
    """One mall with two venues and a shop, one neighbour, and benefits that dice made."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.mall, self.neighbour = make_unit(), make_unit()
        self.here, self.there = make_venue(self.mall), make_venue(self.mall)
        self.shop = make_outlet(self.mall)
        self.tiers = list(make_ladder().values())
        self.member = make_member()
        if self.dice.random() < 0.7:
            put_on(self.member, self.dice.choice(self.tiers))
        if self.dice.random() < 0.7:
            reside(self.member, self.dice.choice([self.here, self.there]), role="tenant")
        for _number in range(4):
            self._offer()

    def _offer(self):
        dice = self.dice
        local = NOW.date()
        benefit = make_benefit(
            kind=dice.choice(["PARKING", "PARKING", "PARKING", "LOUNGE"]),
            provider=dice.choice([self.mall, self.neighbour]),
            places=dice.sample([self.mall, self.neighbour, self.here, self.there, self.shop], 2),
            blackouts=[(local, local + DAY)] if dice.random() < 0.2 else (),
            **({"during": PAST} if dice.random() < 0.15 else {}),
            **({"weekdays": [dice.randint(1, 7)]} if dice.random() < 0.3 else {}),
        )
        for _number in range(dice.randint(0, 2)):
            make_rule(
                benefit,
                dice.choice([60, 180]),
                dice.choice(["day", "month", "total"]),
                **({"tier": dice.choice(self.tiers)} if dice.random() < 0.5 else {"role": "tenant"}),
                **({"during": PAST} if dice.random() < 0.2 else {}),
            )
        for _number in range(dice.randint(0, 2)):
            grant = make_grant(
                self.member,
                benefit,
                dice.choice([30, 120]),
                starts_at=NOW + dice.choice([-2, -1, 1]) * DAY,
                ends_at=dice.choice([None, NOW + 2 * DAY]),
            )
            if dice.random() < 0.2:
                GrantEnd.objects.create(grant=grant, ending="expired", ended_by="test", ended_at=NOW)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_haste_changes_nothing(seed):
    world = World(seed)
    for spot in (Spot(world.mall, world.here), Spot(world.mall, None, world.shop), Spot(world.neighbour)):
        asked = {"unit": spot.unit, "venue": spot.venue, "outlet": spot.outlet, "kind": "PARKING", "at": NOW}
        usual = usable_rights(member_ids=[world.member.pk], **asked)
        for one in usual[:1]:
            use(world.member, 10, unit=spot.unit, right=one.id, venue=spot.venue, outlet=spot.outlet)
        usual = usable_rights(member_ids=[world.member.pk], **asked)

        quick = usable_in_haste(member_id=world.member.pk, kind="PARKING", spot=spot, at=NOW)

        assert told(quick) == told(usual)


@pytest.mark.parametrize("seed", range(4))
def test_the_worlds_have_something_to_tell(seed):
    world = World(seed)

    assert usable_in_haste(
        member_id=world.member.pk, kind="PARKING", spot=Spot(world.mall, world.here), at=NOW
    )
