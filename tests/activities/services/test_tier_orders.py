"""Whatever the order of the same deliveries and refunds: the same credits, standing and tier."""

import os
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from activities.models import TierCredit, TierStanding
from members.selectors.tiers import tier_of
from tests.activities.tiering import make_ladder, make_scheme, record, refund, sale
from tests.factories import make_member, make_unit

CASES = int(os.environ.get("LOYALTY_TIER_ORDERS", "3"))
pytestmark = pytest.mark.django_db


def a_year_and_a_half(random):
    """(reference, amount in cents, day) of sales, and (reference, of, cents, day) of their refunds."""
    sales, refunds = [], []
    for number in range(8):
        day = date(2025, 1, 1) + timedelta(days=random.randrange(500))
        cents = random.choice([9_999, 33_333, 70_000, 150_001])
        sales.append((f"s{number}", cents, day))
        left = cents
        for part in range(random.choice([0, 0, 1, 3])):
            taken = random.randrange(1, left + 1) if part < 2 else left
            later = min(day + timedelta(days=random.choice([0, 10, 29, 30, 31, 90])), date(2026, 6, 15))
            if taken:
                refunds.append((f"s{number}-r{part}", f"s{number}", taken, max(day, later)))
                left -= taken
            if not left:
                break
    return sales, refunds


def standing_of(member):
    """Credits by day, the standing and the level. How they were cut into rows does not matter."""
    credited = {}
    for counts_on, known_from, milli in TierCredit.objects.filter(member=member).values_list(
        "counts_on", "known_from", "milli"
    ):
        credited[counts_on, known_from] = credited.get((counts_on, known_from), 0) + milli
    row = TierStanding.objects.filter(pk=member.pk).values_list(
        "level", "reached_on", "valid_until", "review_on", "reviewed_on", "look_on"
    )
    return {key: milli for key, milli in credited.items() if milli}, list(row), tier_of(member.pk)


@pytest.mark.parametrize("case", range(CASES))
def test_any_order_of_the_same_deliveries_ends_the_same(case):
    make_ladder()
    # A third of a credit for each quantity: what refunds take does not come out even.
    make_scheme(rules=[("", "", "amount", "1"), ("", "", "quantity", "33.333")])
    random = Random(case)
    sales, refunds = a_year_and_a_half(random)
    ends = []
    for order in range(3):
        unit, member = make_unit(), make_member()
        news = [
            sale(member, Decimal(cents) / 100, day=str(day), ref=ref, quantity=Decimal("1.000"))
            for ref, cents, day in sales
        ] + [refund(of, Decimal(cents) / 100, day=str(day), ref=ref) for ref, of, cents, day in refunds]
        if order:
            random.shuffle(news)
        for report in news:
            record(unit, report)
        ends.append(standing_of(member))

    assert ends[1:] == ends[:1] * 2
