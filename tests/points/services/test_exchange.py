"""Exchange: at the rate in force, rounded down once; issuer, cost and expiry travel with the points."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from points.models import ExchangeRate, Lot, Posting, Wallet
from points.refusals import (
    ExchangeCapReached,
    ExchangeTooSmall,
    InsufficientPoints,
    MemberNotActive,
    NoExchangeRate,
    PointsOutOfRange,
    ProgramNotActive,
    QuoteChanged,
    QuoteExpired,
    ReferenceReused,
)
from points.selectors.audit import audit
from points.services.exchange import exchange_points, quote_exchange
from tests.factories import NOW, balance, give, make_member, make_program, make_rate, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def hotel():
    return make_unit("HOTEL", "hotel")


@pytest.fixture
def mall_program(mall):
    return make_program("MALL", owner=mall)


@pytest.fixture
def hotel_program(hotel):
    return make_program("HOTEL", owner=hotel, unit_cost="0.03")


@pytest.fixture
def member():
    return make_member()


def swap(member, source, target, points, source_ref="x-1", at=NOW, **fields):
    return exchange_points(
        member=member,
        source=source,
        target=target,
        points=points,
        source_ref=source_ref,
        by="test",
        at=at,
        **fields,
    )


def test_points_turn_at_the_rate_in_force(member, mall_program, hotel_program):
    make_rate(hotel_program, mall_program, 2)
    give(member, hotel_program, 500)

    done = swap(member, hotel_program, mall_program, 200)

    assert done.given == 400
    assert (balance(member, hotel_program), balance(member, mall_program)) == (300, 400)
    assert audit().is_clean


def test_a_new_lot_keeps_issuer_scaled_cost_and_the_sooner_expiry(member, hotel, mall):
    soon = make_program("SOON", owner=hotel, expiry_kind="days", expiry_count=10, unit_cost="0.03")
    late = make_program("LATE", owner=mall, expiry_kind="days", expiry_count=100)
    make_rate(soon, late, 2)
    make_rate(late, soon, 1, 2)
    give(member, soon, 100)
    give(member, late, 100)

    swap(member, soon, late, 50, "there")
    swap(member, late, soon, 40, "back")

    there = Lot.objects.get(posting__source_ref="there")
    original = Lot.objects.get(posting__kind="accrual", program=soon)
    assert (there.issuer, there.unit_cost) == (hotel, Decimal("0.015"))
    assert there.expires_at == original.expires_at
    back = Lot.objects.get(posting__source_ref="back")
    assert back.expires_at < Lot.objects.get(posting__kind="accrual", program=late).expires_at
    assert audit().is_clean


def test_rounding_happens_once_over_all_lots_and_the_dust_is_told(member, mall_program, hotel_program):
    make_rate(hotel_program, mall_program, 1, 3)
    for _ in range(4):
        give(member, hotel_program, 2)

    quote = quote_exchange(member=member, source=hotel_program, target=mall_program, points=8, at=NOW)
    done = swap(member, hotel_program, mall_program, 8, quote_token=quote.token)

    assert (quote.given, quote.dust, quote.denominator) == (2, 2, 3)
    assert done.given == 2
    assert sum(Lot.objects.filter(program=mall_program).values_list("points", flat=True)) == 2
    assert done.posting.detail["dust"] == 2
    assert audit().is_clean


def test_a_quote_lives_a_minute(member, mall_program, hotel_program):
    make_rate(hotel_program, mall_program, 2)
    give(member, hotel_program, 100)
    quote = quote_exchange(member=member, source=hotel_program, target=mall_program, points=10, at=NOW)

    for token, at in ((quote.token, NOW + timedelta(seconds=60)), (quote.token + "x", NOW), ("junk", NOW)):
        with pytest.raises(QuoteExpired):
            swap(member, hotel_program, mall_program, 10, quote_token=token, at=at)
    with pytest.raises(QuoteExpired):
        swap(member, hotel_program, mall_program, 11, quote_token=quote.token)
    swap(member, hotel_program, mall_program, 10, quote_token=quote.token, at=NOW + timedelta(seconds=59))

    assert balance(member, mall_program) == 20


def test_a_quote_whose_rate_moved_is_refused_with_what_is_given_now(member, mall_program, hotel_program):
    rate = make_rate(hotel_program, mall_program, 2)
    give(member, hotel_program, 100)
    quote = quote_exchange(member=member, source=hotel_program, target=mall_program, points=10, at=NOW)
    ExchangeRate.objects.filter(pk=rate.pk).update(numerator=3)

    with pytest.raises(QuoteChanged) as refused:
        swap(member, hotel_program, mall_program, 10, quote_token=quote.token)

    assert refused.value.facts == {"given": 30}


def test_a_cap_is_per_member_and_local_day(member, mall_program, hotel_program):
    rate = make_rate(hotel_program, mall_program, 2)
    ExchangeRate.objects.filter(pk=rate.pk).update(cap_per_member_day=100)
    other = make_member()
    give(member, hotel_program, 500)
    give(other, hotel_program, 500)
    swap(member, hotel_program, mall_program, 60, "a")

    with pytest.raises(ExchangeCapReached) as refused:
        swap(member, hotel_program, mall_program, 41, "b")
    swap(member, hotel_program, mall_program, 40, "c")
    swap(other, hotel_program, mall_program, 100, "d")
    # NOW is noon in Shanghai: twelve hours on, another day has begun.
    swap(member, hotel_program, mall_program, 100, "e", at=NOW + timedelta(hours=12))

    assert refused.value.facts == {"left": 40}
    assert balance(member, hotel_program) == 300


def test_a_cap_counts_what_was_asked_later_but_came_first(member, mall_program, hotel_program):
    rate = make_rate(hotel_program, mall_program, 2)
    ExchangeRate.objects.filter(pk=rate.pk).update(cap_per_member_day=100)
    give(member, hotel_program, 500)
    swap(member, hotel_program, mall_program, 60, "a", at=NOW + timedelta(seconds=1))

    with pytest.raises(ExchangeCapReached) as refused:
        swap(member, hotel_program, mall_program, 41, "b")

    assert refused.value.facts == {"left": 40}


def test_an_exchange_asked_again_hears_the_first_answer_whatever_happened_since(
    member, mall_program, hotel_program
):
    make_rate(hotel_program, mall_program, 2)
    give(member, hotel_program, 100)
    quote = quote_exchange(member=member, source=hotel_program, target=mall_program, points=10, at=NOW)
    first = swap(member, hotel_program, mall_program, 10, quote_token=quote.token)

    late = swap(member, hotel_program, mall_program, 10, quote_token=quote.token, at=NOW + timedelta(hours=1))
    member.status = "frozen"
    frozen = swap(member, hotel_program, mall_program, 10)
    mall_program.is_active = False
    inactive = swap(member, hotel_program, mall_program, 10)

    assert {again.posting for again in (late, frozen, inactive)} == {first.posting}
    assert {(again.is_replay, again.given) for again in (late, frozen, inactive)} == {(True, 20)}
    assert balance(member, mall_program) == 20
    with pytest.raises(MemberNotActive):
        swap(member, hotel_program, mall_program, 11)
    with pytest.raises(MemberNotActive):
        swap(member, hotel_program, make_program(owner=mall_program.owner), 10)


def test_same_reference_exchanges_once(member, mall_program, hotel_program):
    make_rate(hotel_program, mall_program, 2)
    give(member, hotel_program, 100)
    first = swap(member, hotel_program, mall_program, 10)

    again = swap(member, hotel_program, mall_program, 10)

    assert (again.is_replay, again.posting, again.given) == (True, first.posting, 20)
    with pytest.raises(ReferenceReused):
        swap(member, hotel_program, mall_program, 11)
    assert balance(member, mall_program) == 20


def test_what_cannot_be_exchanged_is_refused_by_name_and_writes_nothing(member, mall_program, hotel_program):
    give(member, hotel_program, 100)
    with pytest.raises(NoExchangeRate):
        swap(member, hotel_program, mall_program, 10)
    make_rate(hotel_program, mall_program, 1, 5)

    with pytest.raises(ExchangeTooSmall):
        swap(member, hotel_program, mall_program, 4)
    with pytest.raises(InsufficientPoints) as short:
        swap(member, hotel_program, mall_program, 101)
    for absurd in (0, -5, 10**9 + 1):
        with pytest.raises(PointsOutOfRange):
            swap(member, hotel_program, mall_program, absurd)
    with pytest.raises(ProgramNotActive):
        swap(member, make_program(owner=None), make_program(owner=None), 5)
    member.status = "frozen"
    with pytest.raises(MemberNotActive):
        swap(member, hotel_program, mall_program, 10)

    assert short.value.facts == {"asked": 101, "short": 1, "program": "HOTEL"}
    assert not Posting.objects.filter(kind="exchange").exists()
    assert not Wallet.objects.filter(program=mall_program).exists()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lots=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    terms=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    cuts=st.lists(st.integers(1, 30), min_size=1, max_size=5),
)
def test_no_way_there_and_back_makes_a_point(lots, terms, cuts):
    unit, member = make_unit(), make_member()
    one, two = make_program(owner=unit), make_program(owner=unit)
    make_rate(one, two, *terms)
    make_rate(two, one, *reversed(terms))
    for points in lots:
        give(member, one, points)

    for number, cut in enumerate(cuts):
        for source, target in ((one, two), (two, one)):
            points = min(cut, balance(member, source))
            try:
                swap(member, source, target, points, f"{member.number}-{number}-{source.pk}")
            except (ExchangeTooSmall, PointsOutOfRange):
                continue

    worth = balance(member, one) * terms[0] + balance(member, two) * terms[1]
    assert worth <= sum(lots) * terms[0]
    assert audit().is_clean
