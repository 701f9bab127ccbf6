"""What happened, per unit: the worked example to the cent."""

from decimal import Decimal

import pytest

from loyalty.demo.overview import group_overview
from loyalty.demo.words import exact, language_of
from points.services.exchange import exchange_points
from points.services.reversal import reverse_payment
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit, redeem


@pytest.mark.django_db
def test_the_hotels_owe_the_mall_what_their_points_paid_there():
    mall, hotel, member = make_unit("MALL"), make_unit("HOTEL", "hotel"), make_member()
    mall_points = make_program("MALL", owner=mall, unit_cost="0.01")
    hotel_points = make_program("HOTEL", owner=hotel, unit_cost="0.0175")
    make_rate(hotel_points, mall_points, 2)
    give(member, mall_points, 600)
    give(member, hotel_points, 500)
    redeem(member, mall_points, 1000, unit=mall)

    overview = group_overview()

    at_mall, at_hotel = overview.units
    assert (at_mall.own_redeemed_here, at_mall.others_redeemed_here) == (600, 200)
    assert (at_hotel.redeemed_elsewhere, at_hotel.outstanding) == (200, 300)
    assert at_mall.owed_by_others == at_hotel.owed_to_others == Decimal("3.5")
    assert overview.sum_owed == 0
    assert overview.is_clean


@pytest.mark.django_db
def test_what_was_given_back_was_not_redeemed():
    mall, member = make_unit("MALL"), make_member()
    program = make_program("MALL", owner=mall)
    give(member, program, 600)
    paid = redeem(member, program, 200, unit=mall)
    back = {"payment_id": paid.posting.pk, "units": [mall], "points": 50, "source_ref": "back"}
    reverse_payment(**back, by="test", at=NOW)

    overview = group_overview()

    (at_mall,) = overview.units
    assert (at_mall.own_redeemed_here, at_mall.outstanding, overview.is_clean) == (150, 450, True)


@pytest.mark.django_db
def test_exchanged_points_stay_their_issuers_and_add_up():
    mall, hotel, member = make_unit("MALL"), make_unit("HOTEL", "hotel"), make_member()
    mall_points, hotel_points = make_program("MALL", owner=mall), make_program("HOTEL", owner=hotel)
    make_rate(hotel_points, mall_points, 2)
    give(member, hotel_points, 500)
    swap = {"member": member, "source": hotel_points, "target": mall_points, "points": 200}
    exchange_points(**swap, source_ref="x", by="test", at=NOW)
    redeem(member, mall_points, 100, unit=mall)

    overview = group_overview()

    at_mall, at_hotel = overview.units
    assert (at_mall.exchanged, at_mall.others_redeemed_here) == (0, 100)
    assert (at_hotel.exchanged, at_hotel.redeemed_elsewhere, at_hotel.outstanding) == (200, 100, 600)
    assert overview.is_clean


@pytest.mark.django_db
def test_points_that_do_not_add_up_are_told(monkeypatch):
    unit = make_unit()
    give(make_member(), make_program(owner=unit), 100)
    (told,) = group_overview().units

    assert told.adds_up
    assert not type(told)(**{name: getattr(told, name) for name in told.__slots__} | {"issued": 99}).adds_up


@pytest.mark.parametrize(
    ("amount", "words"),
    [("0", "0.00"), ("1234.5", "1,234.50"), ("-0.000", "-0.00"), ("0.0175", "0.0175"), ("100", "100.00")],
)
def test_money_between_units_is_shown_to_its_last_digit(amount, words):
    assert exact(Decimal(amount)) == words


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "zh-hans"),
        ({"LANG": "C.UTF-8"}, "zh-hans"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh-hans"),
    ],
)
def test_the_terminal_chooses_the_words(environment, language):
    assert language_of(environment) == language
