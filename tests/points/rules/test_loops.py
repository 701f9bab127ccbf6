"""Loops of rates: found exactly when some circle gains."""

from fractions import Fraction
from itertools import pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from points.rules.loops import Rate, gaining_loop


def rates(**worths):
    return [Rate(pair[0], pair[1], Fraction(worth)) for pair, worth in worths.items()]


def test_there_and_back_at_the_same_worth_gains_nothing():
    assert gaining_loop(rates(AB=2, BA="1/2")) is None


def test_there_and_back_with_a_gain_is_named():
    assert set(gaining_loop(rates(AB=2, BA="51/100"))) == {"A", "B"}


def test_a_circle_of_three_is_found_although_each_pair_loses():
    loop = gaining_loop(rates(AB=2, BA="1/3", BC=2, CB="1/3", CA="26/100", AC=3))

    assert loop is not None
    assert "".join(loop) in {"ABCA", "BCAB", "CABC"}


def test_the_smallest_gain_is_no_rounding_error():
    assert gaining_loop(rates(AB="1000000/999999", BA="999999/1000000")) is None
    assert gaining_loop(rates(AB="1000000/999999", BA="1")) is not None


def test_an_empty_book_has_no_loop():
    assert gaining_loop([]) is None


worths = st.fractions(Fraction(1, 5), Fraction(5), max_denominator=6)
books = st.dictionaries(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from("ABCD")).filter(lambda pair: pair[0] != pair[1]),
    worths,
)


@given(books)
def test_it_agrees_with_trying_every_circle(book):
    gains = False
    for size in (2, 3, 4):
        for circle in permutations("ABCD", size):
            steps = list(zip(circle, (*circle[1:], circle[0]), strict=True))
            if all(step in book for step in steps):
                product = Fraction(1)
                for step in steps:
                    product *= book[step]
                gains = gains or product > 1

    loop = gaining_loop([Rate(a, b, worth) for (a, b), worth in book.items()])

    assert (loop is not None) == gains
    if loop is not None:
        product = Fraction(1)
        for step in pairwise(loop):
            product *= book[step]
        assert loop[0] == loop[-1]
        assert product > 1
