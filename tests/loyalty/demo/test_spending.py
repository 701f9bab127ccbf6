"""Spending month by month: in the order of time, whole months, honest about what had expired."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from loyalty.demo import spending
from loyalty.demo.group import found_group
from loyalty.demo.spending import Month, months, spend_month
from members.models import Enrolment
from points.models import Draw, Entry, Posting, Program
from points.selectors.audit import audit
from tests.factories import give, make_member

SHANGHAI = ZoneInfo("Asia/Shanghai")
FEBRUARY = Month(datetime(2026, 2, 1, tzinfo=SHANGHAI), datetime(2026, 3, 1, tzinfo=SHANGHAI))
MARCH = Month(FEBRUARY.ends_at, datetime(2026, 4, 1, tzinfo=SHANGHAI))


def mall_members(count):
    units = found_group()
    members = [make_member() for _ in range(count)]
    for number, member in enumerate(members, start=900):
        Enrolment.objects.create(
            member=member,
            unit=units["MALL"],
            legacy_card=str(number),
            joined_at=member.joined_at,
            created_at=member.joined_at,
        )
    return members


def give_mall_points(members, *, occurred_at):
    for member in members:
        give(member, Program.objects.get(code="MALL"), 5_000, occurred_at=occurred_at)


def test_months_follow_one_another_without_gap_or_overlap():
    starts, ends = datetime(2025, 11, 23, tzinfo=SHANGHAI), datetime(2026, 2, 3, 9, 30, tzinfo=UTC)

    told = list(months(starts, ends))

    assert [str(month) for month in told] == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert (told[0].starts_at, told[-1].ends_at) == (starts, ends)
    assert all(one.ends_at == other.starts_at for one, other in pairwise(told))
    assert told[1].starts_at == datetime(2025, 12, 1, tzinfo=SHANGHAI)


@pytest.mark.django_db
def test_a_month_is_spent_in_the_order_of_time_and_refuses_nobody():
    members = mall_members(60)
    give_mall_points(members, occurred_at=datetime(2026, 1, 10, tzinfo=UTC))

    spent = spend_month(FEBRUARY, seed=1)

    entries = Entry.objects.filter(house="redeemed").order_by("id")
    times = [entry.posting.occurred_at for entry in entries.select_related("posting")]
    assert spent.redemptions == len(times) > 5
    assert spent.refused == 0
    assert times == sorted(times)
    assert all(FEBRUARY.starts_at <= when < FEBRUARY.ends_at for when in times)


@pytest.mark.django_db
def test_march_never_spends_what_expired_in_february():
    members = mall_members(60)
    # The mall's points are good to the end of the sixth month on: these to 28 February.
    give_mall_points(members, occurred_at=datetime(2025, 8, 10, tzinfo=UTC))

    february = spend_month(FEBRUARY, seed=1)
    march = spend_month(MARCH, seed=1)

    assert february.redemptions > 0
    assert february.points_expired > 0
    assert march.redemptions == 0
    assert audit().is_clean


@pytest.mark.django_db
def test_points_of_march_are_not_spent_in_february():
    members = mall_members(60)
    give_mall_points(members, occurred_at=datetime(2026, 3, 2, tzinfo=UTC))

    spend_month(FEBRUARY, seed=1)

    assert not Draw.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_month_that_is_cut_off_leaves_nothing(monkeypatch):
    members = mall_members(60)
    give_mall_points(members, occurred_at=datetime(2026, 1, 10, tzinfo=UTC))

    def killed(*, at, by):
        assert connection.in_atomic_block
        raise KeyboardInterrupt

    monkeypatch.setattr(spending, "expire_due_lots", killed)
    with pytest.raises(KeyboardInterrupt):
        spend_month(FEBRUARY, seed=1)

    assert not Posting.objects.filter(kind="redemption").exists()
