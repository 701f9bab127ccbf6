"""Earn rules: versions count up, what has begun is ended and never rewritten."""

from datetime import timedelta
from decimal import Decimal

import pytest

from activities.models import EarnRule
from activities.services.earn_rules import (
    end_earn_rule,
    publish_earn_rule,
    replan_earn_rule,
    withdraw_earn_rule,
)
from points.services.periods import PeriodBegun, PeriodOverlaps
from tests.factories import LONG_AGO, NOW, make_earn_rule, make_program, make_unit

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def rule():
    return make_earn_rule(make_unit(), make_program())


def publish(rule, **told):
    facts = {"starts_at": NOW + DAY, "ends_at": None, "is_successor": True, "by": "test"}
    return publish_earn_rule(
        unit=rule.unit, program=rule.program, points_per_currency_unit=Decimal(2), **facts | told
    )


def test_a_successor_takes_the_next_version(rule):
    new = publish(rule)

    rule.refresh_from_db()
    assert (new.version, rule.during.upper) == (2, NOW + DAY)


def test_history_may_get_its_rule_afterwards(rule):
    early = publish(rule, starts_at=LONG_AGO - DAY, ends_at=LONG_AGO, is_successor=False)

    assert early.during.upper == LONG_AGO


def test_an_overlap_is_refused_by_name(rule):
    with pytest.raises(PeriodOverlaps):
        publish(rule, is_successor=False)


def test_only_what_is_to_come_can_be_replanned_or_withdrawn(rule):
    new = publish(rule)
    terms = {"points_per_currency_unit": Decimal(3), "starts_at": NOW + 2 * DAY, "ends_at": None}

    assert replan_earn_rule(rule=new, by="test", at=NOW, **terms).points_per_currency_unit == 3
    withdraw_earn_rule(rule=new, by="test", at=NOW)
    with pytest.raises(PeriodBegun):
        replan_earn_rule(rule=rule, by="test", at=NOW, **terms)
    with pytest.raises(PeriodBegun):
        withdraw_earn_rule(rule=rule, by="test", at=NOW)

    assert EarnRule.objects.get() == rule


def test_what_has_begun_ends_now_or_later(rule):
    assert end_earn_rule(rule=rule, ends_at=NOW + DAY, by="test", at=NOW).during.upper == NOW + DAY
    with pytest.raises(PeriodBegun):
        end_earn_rule(rule=rule, ends_at=NOW - DAY, by="test", at=NOW)
