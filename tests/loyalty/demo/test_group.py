"""The demo's group: founded once, with rates that no round trip gains by."""

from itertools import permutations

import pytest

from activities.models import EarnRule
from loyalty.demo.group import GROUP, found_group
from points.models import ExchangeRate, Program
from tests.factories import NOW
from units.models import BusinessUnit, Outlet


@pytest.mark.django_db
def test_founding_twice_changes_nothing():
    found_group(stores=["330"])
    before = [
        list(model.objects.order_by("pk").values()) for model in (BusinessUnit, Program, Outlet, EarnRule)
    ]

    found_group(stores=["330"])

    after = [
        list(model.objects.order_by("pk").values()) for model in (BusinessUnit, Program, Outlet, EarnRule)
    ]
    assert after == before
    assert Outlet.objects.filter(unit__code="MALL", code="330").count() == 1


@pytest.mark.django_db
def test_the_four_expiry_policies_differ():
    found_group()

    assert len(set(Program.objects.values_list("expiry_kind", flat=True))) == len(GROUP)


@pytest.mark.django_db
def test_no_loop_of_rates_gives_back_more_than_it_took():
    found_group()
    rates = {
        (rate.source.code, rate.target.code): rate
        for rate in ExchangeRate.objects.in_force(NOW).select_related("source", "target")
    }

    for length in (2, 3, 4):
        for loop in permutations([unit.code for unit in GROUP], length):
            numerator = denominator = 1
            for pair in zip(loop, (*loop[1:], loop[0]), strict=True):
                numerator *= rates[pair].numerator
                denominator *= rates[pair].denominator
            assert numerator <= denominator
