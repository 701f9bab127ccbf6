"""What a program's points come to, exchanges in a column of their own."""

from decimal import Decimal

import pytest

from points.selectors.group_totals import program_totals
from points.services.exchange import exchange_points
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = pytest.mark.django_db


@pytest.fixture
def told():
    """500 hotel points at 0.03: 200 become 400 mall points, of which the mall honours 150."""
    member, mall, hotel = make_member(), make_unit("MALL"), make_unit("HOTEL", "hotel")
    mall_points = make_program("MALL", owner=mall, unit_cost="0.01")
    hotel_points = make_program("HOTEL", owner=hotel, unit_cost="0.03")
    make_rate(hotel_points, mall_points, 2)
    give(member, hotel_points, 500)
    exchange_points(
        member=member,
        source=hotel_points,
        target=mall_points,
        points=200,
        source_ref="x",
        by="test",
        at=NOW,
    )
    redeem(member, mall_points, 150, unit=mall)
    return {total.program.code: total for total in program_totals()}


def test_what_was_exchanged_left_one_program_and_came_into_the_other(told):
    assert {code: total.exchanged for code, total in told.items()} == {"HOTEL": -200, "MALL": 400}


def test_the_columns_add_up_to_what_is_outstanding(told):
    for total in told.values():
        moved = total.issued - total.redeemed - total.expired + total.exchanged + total.adjusted
        assert moved == total.outstanding
    assert {code: total.outstanding for code, total in told.items()} == {"HOTEL": 300, "MALL": 250}


def test_what_was_exchanged_costs_what_it_cost_before(told):
    assert told["MALL"].liability == 250 * Decimal("0.015")
