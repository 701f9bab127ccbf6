"""A balance that says what it is made of."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from common.errors import NotFound
from points.models import ExpiryKind
from points.selectors.explaining import Term, explain_wallet
from points.services.exchange import exchange_points
from points.services.expiry import expire_due_lots
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def explained():
    """One lot expired, one spent up, two open with two redemptions on them."""
    member, hotel = make_member(), make_unit("HOTEL", "hotel")
    program = make_program("HOTEL", owner=hotel, expiry_kind=ExpiryKind.DAYS, expiry_count=100)
    give(member, program, 40, occurred_at=NOW - 300 * DAY)
    expire_due_lots(at=datetime(2026, 1, 1, tzinfo=UTC))
    give(member, program, 50, occurred_at=NOW - 30 * DAY)
    give(member, program, 800, occurred_at=NOW - 20 * DAY, rule="rule 12 v3")
    give(member, program, 100, occurred_at=NOW - 10 * DAY)
    redeem(member, program, 60, unit=hotel)
    redeem(member, program, 5, unit=hotel)
    return explain_wallet(member_id=member.pk, program_code="HOTEL", at=NOW)


def test_a_balance_is_its_open_lots_less_what_was_drawn_from_them(explained):
    assert explained.balance == 885
    assert [(lot.points, lot.remaining) for lot in explained.lots] == [(800, 785), (100, 100)]
    assert explained.drawn_from_them == (Term("redemption", 2, -15),)


def test_a_balance_is_all_that_ever_happened(explained):
    assert explained.history == (
        Term("accrual", 4, 990),
        Term("expiry", 1, -40),
        Term("redemption", 2, -65),
    )


def test_a_lot_names_its_issuer_its_rule_and_its_last_day(explained):
    lot = explained.lots[0]

    assert (lot.issuer, lot.rule, lot.last_valid_on) == ("HOTEL", "rule 12 v3", date(2026, 9, 3))


def test_the_tellings_add_up(explained):
    assert explained.adds_up


@pytest.mark.parametrize("wrong", [{"balance": 884}, {"debt": 1}, {"history": ()}, {"drawn_from_them": ()}])
def test_a_telling_that_disagrees_is_noticed(explained, wrong):
    assert not replace(explained, **wrong).adds_up


def test_explaining_costs_five_queries(django_assert_num_queries):
    member, program = make_member(), make_program("HOTEL", owner=make_unit("HOTEL"))
    for _ in range(4):
        give(member, program, 50)

    with django_assert_num_queries(5):
        assert explain_wallet(member_id=member.pk, program_code="HOTEL", at=NOW).balance == 200


def test_a_member_without_a_wallet_has_nothing_to_explain():
    make_program("HOTEL")

    with pytest.raises(NotFound):
        explain_wallet(member_id=make_member().pk, program_code="HOTEL", at=NOW)


@pytest.fixture
def swapped():
    """500 hotel points; 200 become 400 mall points, of which 101 become 50 hotel points again."""
    member, mall, hotel = make_member(), make_unit("MALL"), make_unit("HOTEL", "hotel")
    mall_points, hotel_points = make_program("MALL", owner=mall), make_program("HOTEL", owner=hotel)
    make_rate(hotel_points, mall_points, 2)
    make_rate(mall_points, hotel_points, 1, 2)
    give(member, hotel_points, 500)
    for source, target, points in ((hotel_points, mall_points, 200), (mall_points, hotel_points, 101)):
        exchange_points(
            member=member,
            source=source,
            target=target,
            points=points,
            source_ref=f"x-{source.code}",
            by="test",
            at=NOW,
        )
    return member


@pytest.mark.parametrize(
    ("code", "balance", "history", "lots"),
    [
        ("MALL", 299, (Term("exchange", 2, 299),), [(400, 299, "HOTEL")]),
        (
            "HOTEL",
            350,
            (Term("accrual", 1, 500), Term("exchange", 2, -150)),
            [(500, 300, "HOTEL"), (50, 50, "HOTEL")],
        ),
    ],
)
def test_what_was_exchanged_in_and_out_adds_up(swapped, code, balance, history, lots):
    explained = explain_wallet(member_id=swapped.pk, program_code=code, at=NOW)

    assert (explained.balance, explained.history) == (balance, history)
    assert sorted((lot.points, lot.remaining, lot.issuer) for lot in explained.lots) == sorted(lots)
    assert explained.drawn_from_them == (Term("exchange", 1, -101 if code == "MALL" else -200),)
    assert explained.adds_up
