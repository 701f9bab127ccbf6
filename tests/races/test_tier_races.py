"""Many at one threshold, a review against an upgrade: one change, one event, and the level that credits say.

Each test was seen red without its guard: the lock of the standings before credits are summed.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from threading import Barrier

import pytest
from django.db import connection, transaction

from activities.models import TierCredit, TierStanding
from activities.services.recording import record_activities
from activities.services.tier_review import review_tiers
from common.models import OutboxEvent
from common.sql import retrying
from members.models import TierChange
from members.selectors.tiers import tier_of
from members.services.tiers import TIER_CHANGED
from tests.activities.tiering import AT, make_ladder, make_scheme, record, sale
from tests.factories import make_member, make_unit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def at_once(jobs):
    """Run the jobs on threads that start together, each on its own connection."""
    gate = Barrier(len(jobs))

    def worker(job):
        gate.wait()
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(worker, jobs))


def recording(unit, report, at=AT):
    def job():
        def once():
            with transaction.atomic():
                return record_activities(unit=unit, reports=[report], by="test", at=at)

        return retrying(once)

    return job


def test_fifty_at_once_cross_a_threshold_once():
    """Only all fifty together reach it: whoever comes last must have seen the other forty-nine."""
    _, gold, *_ = make_ladder()
    make_scheme()
    units, member = [make_unit() for _ in range(5)], make_member()
    jobs = [recording(units[n % 5], sale(member, "20.00")) for n in range(50)]

    for start in range(0, 50, 10):
        at_once(jobs[start : start + 10])

    assert sum(TierCredit.objects.values_list("milli", flat=True)) == 1_000_000
    assert tier_of(member.pk) == gold
    assert TierChange.objects.count() == 1
    assert OutboxEvent.objects.filter(kind=TIER_CHANGED).count() == 1


def test_fifty_at_once_above_a_threshold_tell_of_it_once():
    _, gold, *_ = make_ladder()
    make_scheme()
    unit, member = make_unit(), make_member()

    at_once([recording(unit, sale(member, "999.00")) for _ in range(10)])

    assert tier_of(member.pk).level >= gold.level
    levels = [change.to_tier.level for change in TierChange.objects.select_related("to_tier").order_by("id")]
    assert levels == sorted(set(levels)), "each level is told of once, upwards"
    assert OutboxEvent.objects.filter(kind=TIER_CHANGED).count() == len(levels)


@pytest.mark.parametrize("round_", range(3))
def test_a_review_and_an_upgrade_at_once_end_as_one_after_the_other(round_):
    make_ladder()
    make_scheme()
    unit, member = make_unit(), make_member()
    record(unit, sale(member, "3000.00", day="2025-01-10"), at=AT - timedelta(days=500))
    # Its review is due on 2026-04-11; the sale of 1 June comes in while it runs.
    fresh = sale(member, "8000.00", day="2026-06-01")

    at_once([recording(unit, fresh), lambda: review_tiers(at=AT, by="test")])
    review_tiers(at=AT, by="test")

    standing = TierStanding.objects.get(pk=member.pk)
    assert (standing.level, tier_of(member.pk).level) == (3, 3)
    assert standing.reached_on.isoformat() == "2026-06-01"
    changes = TierChange.objects.select_related("from_tier", "to_tier").order_by("id")
    for before, after in pairwise(changes):
        assert after.from_tier == before.to_tier


def test_two_reviews_at_once_change_once():
    silver, *_ = make_ladder()
    make_scheme()
    members = [make_member() for _ in range(20)]
    record(make_unit(), *(sale(member, "1000.00", day="2025-01-10") for member in members), at=AT)
    TierChange.objects.count()

    at_once([lambda: review_tiers(at=AT + timedelta(days=1), by="test", a_chunk=5)] * 2)

    assert {tier_of(member.pk) for member in members} == {silver}
