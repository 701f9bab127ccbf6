"""Random rate books, approved one by one: no way round through them ever returns more than it took."""

from fractions import Fraction
from itertools import permutations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from points.models import ExchangeRate
from points.services.rates import RatesGain, RateTerms, approve_rate, propose_rate
from tests.factories import NOW, make_program
from tests.operators import make_operator

pytestmark = pytest.mark.django_db
PROGRAMS = "ABCDE"
AMOUNT_MAX = 200

offers = st.lists(
    st.tuples(
        st.sampled_from(PROGRAMS), st.sampled_from(PROGRAMS), st.integers(1, 6), st.integers(1, 6)
    ).filter(lambda offer: offer[0] != offer[1]),
    min_size=2,
    max_size=14,
    unique_by=lambda offer: offer[:2],
)


def circles(book):
    """Every circle through 2 to 5 programs that `book` allows, as its rates in order."""
    for size in range(2, len(PROGRAMS) + 1):
        for programs in permutations(PROGRAMS, size):
            # One of its turns is enough for the product; for whole points every start counts.
            steps = list(zip(programs, (*programs[1:], programs[0]), strict=True))
            if all(step in book for step in steps):
                yield [book[step] for step in steps]


def gains_exactly(book):
    return any(product(circle) > 1 for circle in circles(book))


def product(circle):
    worth = Fraction(1)
    for numerator, denominator in circle:
        worth *= Fraction(numerator, denominator)
    return worth


def gains_in_whole_points(book):
    """Exchange 1 to 200 points round every circle, rounding down at each step, as the kernel does."""
    return any(
        round_trip(points, circle) > points for circle in circles(book) for points in range(1, AMOUNT_MAX + 1)
    )


def round_trip(points, circle):
    for numerator, denominator in circle:
        points = points * numerator // denominator
    return points


@pytest.fixture
def group():
    programs = {code: make_program(f"BOOK{code}") for code in PROGRAMS}
    return programs, make_operator(name="MAKER"), make_operator(name="CHECKER")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offers)
def test_no_approved_book_multiplies_points_and_every_refusal_had_a_reason(group, offered):
    programs, maker, checker = group
    book = {}

    with transaction.atomic():
        for source, target, numerator, denominator in offered:
            told = RateTerms(numerator=numerator, denominator=denominator, starts_at=None, ends_at=None)
            try:
                proposal = propose_rate(
                    source=programs[source],
                    target=programs[target],
                    terms=told,
                    is_successor=False,
                    by=maker,
                    at=NOW,
                )
                approve_rate(proposal=proposal, by=checker, at=NOW)
            except RatesGain:
                assert gains_exactly({**book, (source, target): (numerator, denominator)})
            else:
                book[source, target] = (numerator, denominator)

        assert ExchangeRate.objects.in_force(NOW).count() == len(book)
        assert not gains_exactly(book)
        assert not gains_in_whole_points(book)
        transaction.set_rollback(True)


def test_the_search_finds_a_circle_where_there_is_one():
    """What the property above compares with is itself able to say yes."""
    book = {("A", "B"): (3, 1), ("B", "C"): (1, 2), ("C", "A"): (5, 6)}

    assert gains_exactly(book)
    assert gains_in_whole_points(book)
