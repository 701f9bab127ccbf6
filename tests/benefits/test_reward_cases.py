"""The six reward cases of the shared data, through the services that members' orders go through."""

import pytest

from benefits.reward_refusals import MemberLimitReached, OutOfStock, RewardLimitReached
from points.refusals import InsufficientPoints
from tests.benefits.shop import Shop
from tests.factories import give
from tests.points.test_ledger_cases import cases  # noqa: F401 -- a fixture

REWARD_CASES = [f"OL-R{number:02}" for number in range(1, 7)]
# What a case calls a refusal, and what we do.
REFUSALS = {
    "not_enough_points": InsufficientPoints,
    "no_coupons_left": OutOfStock,
    "limit_exceeded": RewardLimitReached,
    "limit_per_customer_exceeded": MemberLimitReached,
}
PLENTY = 100


@pytest.mark.django_db
@pytest.mark.parametrize("case_id", REWARD_CASES)
def test_a_reward_case_ends_as_it_says(cases, case_id):  # noqa: F811 -- the fixture
    """Coupons are pieces in stock; what was used was ordered before the limits were set."""
    case = cases[case_id]
    given, cost = case["given"], case["when"]["redeem"]["cost"]
    mine = given.get("used_by_user", 0)
    shop = Shop(pieces=given.get("coupons", PLENTY), points=0, price_points=cost, quantity_max=20)
    give(shop.member, shop.program, given.get("balance", cost) + mine * cost)
    for _ in range(given.get("used", 0)):
        shop.order(shop.customer(cost))
    if mine:
        shop.order(quantity=mine)
    shop.reward.limit_total = given.get("limit")
    shop.reward.limit_member = given.get("limit_per_user")
    shop.reward.save()

    expected = case["then"]
    if "error" in expected:
        with pytest.raises(REFUSALS[expected["error"]]):
            shop.order()
    else:
        assert shop.order().state == "placed"


def test_all_six_are_here(cases):  # noqa: F811 -- the fixture
    assert [case_id for case_id, case in cases.items() if case["topic"] == "reward"] == REWARD_CASES
