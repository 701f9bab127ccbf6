"""Exchange rates: published ahead, replanned before they begin, ended after, never rewritten."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from psycopg2.extras import DateTimeTZRange

from points.models import ExchangeRate
from points.services.periods import PeriodBegun, PeriodOverlaps, PeriodUpsideDown
from points.services.rates import RatesGain, end_rate, publish_rate, replan_rate, withdraw_rate
from tests.factories import NOW, make_program, make_rate

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def rate():
    """In force since long ago, until further notice."""
    return make_rate(make_program(), make_program(), 2)


def publish(rate, **told):
    return publish_rate(
        **{
            "source": rate.source,
            "target": rate.target,
            "numerator": 3,
            "denominator": 1,
            "starts_at": NOW + DAY,
            "ends_at": None,
            "is_successor": False,
            "by": "test",
            "at": NOW,
        }
        | told
    )


def replan(rate, **told):
    terms = {"numerator": 5, "denominator": 1, "cap_per_member_day": None}
    terms |= {"starts_at": NOW + 2 * DAY, "ends_at": None}
    return replan_rate(rate=rate, by="test", at=NOW, **terms | told)


def test_a_successor_leaves_neither_gap_nor_overlap(rate):
    new = publish(rate, is_successor=True)

    rate.refresh_from_db()
    assert rate.during.upper == new.during.lower == NOW + DAY


def test_an_overlap_is_refused_by_name_and_ends_nothing(rate):
    with pytest.raises(PeriodOverlaps):
        publish(rate)

    rate.refresh_from_db()
    assert rate.during.upper is None


def test_a_refused_successor_leaves_its_predecessor_as_it_was(rate):
    publish(rate, is_successor=True)

    with pytest.raises(PeriodOverlaps):
        publish(rate, starts_at=NOW, is_successor=True)

    rate.refresh_from_db()
    assert rate.during.upper == NOW + DAY


@pytest.mark.parametrize("told", [{"starts_at": NOW - DAY}, {"ends_at": NOW + DAY}, {"ends_at": NOW}])
def test_a_rate_starts_now_or_later_and_ends_after_that(rate, told):
    with pytest.raises(PeriodUpsideDown):
        publish(rate, is_successor=True, **told)


def test_what_is_to_come_can_be_replanned_and_withdrawn(rate):
    new = publish(rate, is_successor=True)

    assert replan(new).numerator == 5
    withdraw_rate(rate=new, by="test", at=NOW)

    assert ExchangeRate.objects.get() == rate


def test_what_has_begun_can_neither_be_replanned_nor_withdrawn(rate):
    with pytest.raises(PeriodBegun):
        replan(rate)
    with pytest.raises(PeriodBegun):
        withdraw_rate(rate=rate, by="test", at=NOW)

    assert ExchangeRate.objects.filter(pk=rate.pk, numerator=2).exists()


def test_what_has_begun_ends_now_or_later(rate):
    assert end_rate(rate=rate, ends_at=NOW + DAY, by="test", at=NOW).during.upper == NOW + DAY
    with pytest.raises(PeriodBegun):
        end_rate(rate=rate, ends_at=NOW - DAY, by="test", at=NOW)


def test_what_has_ended_stays_ended(rate):
    rate.during = DateTimeTZRange(rate.during.lower, NOW - DAY)
    rate.save()

    with pytest.raises(PeriodBegun):
        end_rate(rate=rate, ends_at=None, by="test", at=NOW)


def test_a_cap_is_published_and_replanned_with_its_rate(rate):
    new = publish(rate, is_successor=True, cap_per_member_day=500)

    assert (publish(rate, is_successor=True, starts_at=NOW + 3 * DAY).cap_per_member_day) is None
    assert ExchangeRate.objects.get(pk=new.pk).cap_per_member_day == 500
    replan(new, ends_at=NOW + 3 * DAY, cap_per_member_day=200)
    assert ExchangeRate.objects.get(pk=new.pk).cap_per_member_day == 200


def test_a_cap_that_lets_nothing_by_is_refused_by_the_database(rate):
    with pytest.raises(IntegrityError, match="rate_cap_lets_something_by"), transaction.atomic():
        publish(rate, is_successor=True, cap_per_member_day=0)

    rate.refresh_from_db()
    assert rate.during.upper is None


def test_a_gaining_circle_is_named_in_words(rate):
    with pytest.raises(RatesGain) as refused:
        publish(rate, source=rate.target, target=rate.source, numerator=1)

    loop = refused.value.facts["loop"]
    assert (loop[0], set(loop)) == (loop[-1], {rate.source.code, rate.target.code})
    assert " → ".join(loop) in str(refused.value)
