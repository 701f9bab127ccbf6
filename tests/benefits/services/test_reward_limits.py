"""Who may order, and how many."""

from datetime import UTC, datetime, timedelta

import pytest

from benefits.refusals import OddQuantity
from benefits.reward_refusals import MemberLimitReached, RewardLimitReached, RewardNotForYou
from benefits.services.reward_orders import cancel_order
from members.models import Tier, TierHeld
from tests.benefits.shop import Shop
from tests.factories import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def shop():
    return Shop()


def cancel(order):
    return cancel_order(order_id=order.pk, by="test", at=NOW)


@pytest.mark.parametrize("quantity", [0, -1, 3])
def test_an_odd_number_of_pieces_is_refused(quantity):
    with pytest.raises(OddQuantity):
        Shop(quantity_max=2).order(quantity=quantity)


def test_several_pieces_cost_and_reserve_as_many():
    shop = Shop(quantity_max=5)
    order = shop.order(quantity=3)

    assert (order.points, shop.shelf()) == (300, (10, 3))
    cancel(order)
    assert shop.shelf() == (10, 0)


def test_a_members_limit_counts_what_was_not_given_up(shop):
    shop.reward.limit_member = 1
    shop.reward.save()
    cancel(shop.order())
    shop.order()

    with pytest.raises(MemberLimitReached):
        shop.order()
    shop.order(shop.customer())


def test_a_members_limit_of_a_day_begins_anew_at_the_programs_midnight(shop):
    shop.reward.limit_member, shop.reward.limit_period = 1, "day"
    shop.reward.save()
    shop.order(at=datetime(2026, 6, 15, 15, 59, tzinfo=UTC))

    shop.order(at=datetime(2026, 6, 15, 16, 0, tzinfo=UTC))
    with pytest.raises(MemberLimitReached):
        shop.order(at=datetime(2026, 6, 15, 16, 1, tzinfo=UTC))


def test_an_aliass_orders_count_to_the_person(shop):
    shop.reward.limit_member = 1
    shop.reward.save()
    alias = shop.customer()
    shop.order(alias)
    alias.merged_into = shop.member
    alias.save()

    with pytest.raises(MemberLimitReached):
        shop.order()


def test_the_total_limit_stands_before_the_stock(shop):
    shop.reward.limit_total = 2
    shop.reward.save()
    shop.order()
    shop.order(shop.customer())

    with pytest.raises(RewardLimitReached):
        shop.order(shop.customer())


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"is_active": False}, "not_offered"),
        ({"starts_at": NOW + DAY}, "not_yet"),
        ({"ends_at": NOW}, "over"),
        ({"roles": ["owner"]}, "other_role"),
    ],
)
def test_only_in_its_window_and_only_to_whom_it_is_offered(fields, why):
    with pytest.raises(RewardNotForYou) as refused:
        Shop(**fields).order()

    assert refused.value.facts == {"why": why}


def test_only_to_the_tiers_it_is_for(shop):
    Tier.objects.create(code="SILVER", level=0, name_zh="银卡", name_en="Silver")
    gold = Tier.objects.create(code="GOLD", level=1, name_zh="金卡", name_en="Gold")
    shop.reward.tiers.add(gold)

    with pytest.raises(RewardNotForYou):
        shop.order()
    TierHeld.objects.create(member=shop.member, tier=gold, since=NOW)
    shop.order()
