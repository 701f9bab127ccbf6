"""What a voucher takes off."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benefits.rules.voucher_worth import NoWorth, VoucherTerms, worth

CASH = VoucherTerms("cash_off", "CNY", 2, amount=Decimal(20), min_spend=Decimal(100))
PERCENT = VoucherTerms("percent_off", "CNY", 2, percent=15, ceiling=Decimal(30))
ITEM = VoucherTerms("item", "CNY", 2, amount=Decimal(18))
PARKING = VoucherTerms("parking_hours", "CNY", 2, minutes=120)
money = st.decimals(min_value=0, max_value=10**6, places=2)


def of(terms, sale, currency="CNY", **told):
    return worth(terms, sale=None if sale is None else Decimal(sale), currency=currency, **told)


def test_cash_off_from_its_minimum_spend_on():
    assert of(CASH, "99.99").nothing is NoWorth.BELOW_MINIMUM
    assert of(CASH, "100").value == 20


def test_cash_off_is_no_more_than_the_sale():
    assert of(VoucherTerms("cash_off", "CNY", 2, amount=Decimal(20)), "12.50").value == Decimal("12.50")


def test_a_percentage_rounds_to_the_coin_and_stops_at_its_ceiling():
    assert of(PERCENT, "33.30").value == Decimal("5.00")  # 4.995, half up
    assert of(PERCENT, "1000").value == 30
    assert of(VoucherTerms("percent_off", "JPY", 0, percent=15), "33", "JPY").value == 5


def test_a_sale_that_was_not_told_gives_nothing():
    assert of(CASH, None).nothing is NoWorth.SALE_UNTOLD
    assert of(PERCENT, None).nothing is NoWorth.SALE_UNTOLD
    assert of(PERCENT, "0").nothing is NoWorth.NOTHING_TO_PAY
    assert of(PARKING, None).nothing is NoWorth.VALUE_UNTOLD


def test_another_currency_is_no_sale_of_this_voucher():
    assert of(PERCENT, "100", "HKD").nothing is NoWorth.OTHER_CURRENCY


def test_an_item_and_parking_time_are_worth_what_is_said_of_them():
    assert of(ITEM, None, None).value == 18
    assert of(PARKING, None, told=Decimal("12.00")).value == 12


@given(sale=money, percent=st.integers(1, 100), ceiling=st.none() | money.filter(bool))
def test_a_percentage_never_takes_more_than_the_sale_or_its_ceiling(sale, percent, ceiling):
    value = of(VoucherTerms("percent_off", "CNY", 2, percent=percent, ceiling=ceiling), sale).value

    assert 0 <= value <= sale
    assert ceiling is None or value <= ceiling
    assert value == value.quantize(Decimal("0.01"))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_what_looks_like_a_formula_is_made_a_text(text):
    from benefits.rules.spreadsheets import harmless

    assert harmless(text) == f"'{text}"
    assert harmless("礼品") == "礼品"
