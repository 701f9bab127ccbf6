"""Refunds take back pro rata, and together exactly the whole."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from activities.rules.refunds import points_to_take_back

AMOUNT = st.integers(1, 10**11).map(lambda hundredths: Decimal(hundredths) / 100)


@given(AMOUNT, st.integers(0, 10**9), st.lists(st.integers(0, 100), max_size=8))
def test_however_a_refund_is_cut_the_parts_are_the_whole(amount, earned, cuts):
    steps = sorted({Decimal(0), amount, *((amount * cut / 100).quantize(Decimal("0.01")) for cut in cuts)})

    parts = [
        points_to_take_back(earned=earned, amount=amount, refunded_before=before, refunded_after=after)
        for before, after in pairwise(min(step, amount) for step in steps)
    ]

    assert sum(parts) == earned
    assert all(part >= 0 for part in parts)


def test_half_the_money_takes_half_the_points_rounded_for_the_unit():
    taken = points_to_take_back(
        earned=5, amount=Decimal("10.00"), refunded_before=Decimal(0), refunded_after=Decimal("5.00")
    )

    assert taken == 3  # floor(2.5) are kept


def test_a_free_sale_has_nothing_to_take_back():
    assert (
        points_to_take_back(
            earned=0, amount=Decimal(0), refunded_before=Decimal(0), refunded_after=Decimal(0)
        )
        == 0
    )
