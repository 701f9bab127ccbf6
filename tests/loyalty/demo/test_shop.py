"""The demo's shop: every screen of benefits finds something, books stay clean, it is said to be made up."""

from datetime import timedelta

import pytest

from benefits.models import EntitlementEntry, GrantEnd, GrantRequest, Reward, RewardOrder, Stock, Voucher
from loyalty.demo.group import found_group
from loyalty.demo.shop import MADE_UP_EN, open_shop, shop_days
from points.models import Program
from points.selectors.audit import audit
from tests.factories import NOW, give
from tests.members.factories import enrol

pytestmark = pytest.mark.django_db
SINCE = NOW - timedelta(days=30)


def test_every_state_of_an_order_a_voucher_and_a_right_is_there_to_look_at():
    units = found_group()
    program = Program.objects.get(code="MALL")
    for _ in range(5):
        give(enrol(units["MALL"]).member, program, 5_000, occurred_at=SINCE)

    rewards = open_shop(units, since=SINCE)
    told = shop_days(units, at=NOW)

    assert rewards == Reward.objects.filter(terms_en=MADE_UP_EN).count() > 4
    assert told["orders"] == RewardOrder.objects.count() == 10
    assert states(RewardOrder) == {"placed", "fulfilled", "cancelled", "refunded"}
    assert states(Voucher) == {"issued", "locked", "used", "void"}
    assert set(EntitlementEntry.objects.values_list("kind", flat=True)) == {"use", "restore"}
    assert (GrantEnd.objects.count(), GrantRequest.objects.get().state) == (1, "asked")
    assert Stock.objects.filter(on_hand=0).exists()
    assert Stock.objects.filter(on_hand__gt=0).exists()
    assert audit().is_clean


def states(model):
    return set(model.objects.values_list("state", flat=True))


def test_opened_twice_it_is_there_once_and_without_customers_nothing_is_ordered():
    units = found_group()

    assert open_shop(units, since=SINCE) > 0
    assert open_shop(units, since=SINCE) == 0
    assert shop_days(units, at=NOW)["orders"] == 0
