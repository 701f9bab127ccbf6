"""A posting taken apart: wallet by wallet, lot by lot, at which rates, and what it makes the units owe."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import translation

from common.errors import NotFound
from points.models import Lot, Posting, ReversalPolicy
from points.selectors.explaining import explain_posting, explain_redemption, posting_words
from points.services.exchange import exchange_points
from points.services.expiry import expire_due_lots
from points.services.holds import capture_hold, hold_points
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def hotel():
    return make_unit("HOTEL", "hotel")


@pytest.fixture
def mall_points(mall):
    return make_program("MALL", owner=mall, unit_cost=Decimal("0.01"))


@pytest.fixture
def hotel_points(hotel, mall_points):
    program = make_program("HOTEL", owner=hotel, unit_cost=Decimal("0.025"))
    make_rate(program, mall_points, 2)
    make_rate(mall_points, program, 1, 2)
    return program


@pytest.fixture
def member(mall_points, hotel_points):
    """600 mall and 500 hotel points."""
    member = make_member()
    give(member, mall_points, 600, source_ref="r1")
    give(member, hotel_points, 500, source_ref="r2", rule="earn:12 v3")
    return member


@pytest.fixture
def paid(member, mall, mall_points):
    return redeem(member, mall_points, 1000, unit=mall, source_ref="till-1", by="partner:lp_1@SHOP-7").posting


def told(posting, **options):
    return explain_posting(posting_id=posting.pk, **options)


def lines(explained):
    return [
        (line.program.code, line.moved, line.given, line.drawn, line.debt_less) for line in explained.wallets
    ]


def test_a_redemption_is_its_draws_wallet_by_wallet(paid):
    explained = told(paid)

    assert lines(explained) == [("HOTEL", -200, 0, 200, 0), ("MALL", -600, 0, 600, 0)]
    assert sorted((d.lot.issuer.code, d.points) for d in explained.draws) == [("HOTEL", 200), ("MALL", 600)]
    assert explained.adds_up


def test_a_redemption_says_who_owes_whom_to_the_last_decimal(paid):
    (owed,) = told(paid).owed

    assert (owed.issuer.code, owed.honoured_by.code, owed.points, owed.amount) == (
        "HOTEL",
        "MALL",
        200,
        Decimal("5.000"),
    )
    with translation.override("en"):
        assert posting_words.owed_told(owed) == "Unit HOTEL owes Unit MALL 5 CNY for 200 points"


def test_a_redemption_says_the_rate_it_used(paid):
    (conversion,) = told(paid).conversions

    assert posting_words.conversion_told(conversion) == "200 HOTEL × 2 → 400 MALL"


def test_the_words_say_who_and_where(paid):
    explained = told(paid)

    with translation.override("en"):
        assert posting_words.headline(explained) == (
            "Redemption at Unit MALL on 15 June 2026, by a till at SHOP-7"
        )
        assert posting_words.wallet_told(explained.wallets[0]) == (
            "Points HOTEL: −200 = −taken from lots (200)"
        )


def test_a_reversal_takes_back_what_was_owed_and_counts_against_the_original(paid, mall):
    back = reverse_redemption(
        unit=mall, redemption_ref="till-1", points=500, source_ref="b", by="test", at=NOW
    ).posting

    explained = told(back)

    assert explained.reverses == paid
    assert [(owed.points, owed.amount) for owed in explained.owed] == [(-200, Decimal("-5.000"))]
    assert lines(explained) == [("HOTEL", 200, 0, -200, 0), ("MALL", 100, 0, -100, 0)]
    assert (told(paid).standing, told(paid).reversals) == (500, (back,))
    assert posting_words.reversal_told(told(paid)) == "500 of 1,000 still stand: 500 were reversed."


def test_points_that_came_back_into_a_new_lot_are_given_back_too(hotel, mall):
    program = make_program("SOON", owner=hotel, expiry_kind="days", expiry_count=1)
    member = make_member()
    give(member, program, 10, occurred_at=NOW)
    redeem(member, program, 10, unit=mall, source_ref="p")
    back = reverse_redemption(
        unit=mall, redemption_ref="p", points=10, source_ref="b", by="test", at=NOW + 9 * DAY
    ).posting

    explained = told(back)

    assert lines(explained) == [("SOON", 10, 10, 0, 0)]
    assert [(owed.points, owed.amount) for owed in explained.owed] == [(-10, Decimal("-0.10"))]


def test_a_refund_of_spent_points_records_what_is_owed(member, mall, mall_points):
    redeem(member, mall_points, 600, unit=mall)
    refund = reverse_accrual(
        unit=mall, accrual_ref="r1", points=100, source_ref="b", by="test", at=NOW
    ).posting

    explained = told(refund)

    assert lines(explained) == [("MALL", -100, 0, 0, -100)]
    assert explained.adds_up
    assert explained.owed == ()
    assert posting_words.wallet_told(explained.wallets[0]).endswith("−100 = −recorded as a debt (100)")


def test_an_accrual_that_repays_a_debt_says_so(member, mall, mall_points):
    redeem(member, mall_points, 600, unit=mall)
    reverse_accrual(unit=mall, accrual_ref="r1", points=100, source_ref="b", by="test", at=NOW)
    accrual = give(member, mall_points, 150)

    assert lines(told(accrual)) == [("MALL", 150, 150, 100, 100)]
    assert told(accrual).adds_up


def test_a_forgiven_refund_moves_what_was_there(hotel, mall):
    program = make_program("CLAMP", owner=mall, reversal_policy=ReversalPolicy.CLAMP)
    member = make_member()
    give(member, program, 100, source_ref="r")
    redeem(member, program, 90, unit=mall)
    refund = reverse_accrual(unit=mall, accrual_ref="r", points=50, source_ref="b", by="t", at=NOW).posting

    assert lines(told(refund)) == [("CLAMP", -10, 0, 10, 0)]


def test_an_exchange_says_its_rate_and_what_rounding_left_behind(member, mall_points, hotel_points):
    swap = exchange_points(
        member=member,
        source=mall_points,
        target=hotel_points,
        points=101,
        source_ref="x",
        by=f"member:{member.pk}",
        at=NOW,
    ).posting

    explained = told(swap, viewer=member.pk)

    assert lines(explained) == [("HOTEL", 50, 50, 0, 0), ("MALL", -101, 0, 101, 0)]
    assert explained.owed == ()
    with translation.override("en"):
        assert posting_words.conversion_told(explained.conversions[0]) == (
            "101 MALL × 1/2 → 50 HOTEL; rounding down leaves 1/2 of a point behind"
        )
        assert posting_words.headline(explained, viewer=member.pk).endswith(", by you")


def test_a_capture_names_its_hold(member, mall, mall_points):
    hold = hold_points(
        member=member, program=mall_points, unit=mall, price=50, source_ref="h", by="test", at=NOW
    ).hold
    payment = capture_hold(hold_id=hold.pk, units=[mall], points=20, by="test", at=NOW).posting

    assert told(payment).hold == hold
    assert told(payment).posting.points == 20


def test_an_expiry_takes_from_its_lots_and_nobody_owes_anything(hotel):
    program = make_program("SOON", owner=hotel, expiry_kind="days", expiry_count=1)
    member = make_member()
    give(member, program, 10)
    expire_due_lots(at=NOW + 9 * DAY)
    expiry = Posting.objects.get(kind="expiry")

    assert lines(told(expiry)) == [("SOON", -10, 0, 10, 0)]
    assert told(expiry).owed == ()


def test_a_line_that_does_not_sum_is_noticed(paid):
    explained = told(paid)
    line = explained.wallets[0]
    wrong = replace(line, debt_less=line.debt_less + 1)

    assert not replace(explained, wallets=(wrong, *explained.wallets[1:])).adds_up


def test_explaining_a_posting_asks_as_often_for_many_lots_as_for_few(
    member, mall, mall_points, hotel_points, django_assert_num_queries
):
    few = redeem(member, mall_points, 650, unit=mall).posting
    for _ in range(20):
        give(member, mall_points, 10)
        give(member, hotel_points, 10)
    many = redeem(member, mall_points, 700, unit=mall).posting

    for posting in (few, many):
        with django_assert_num_queries(9):
            explained = told(posting)
            assert [draw.lot.issuer.code for draw in explained.draws]
    assert len(explained.draws) > 20


class TestWho:
    def test_a_member_takes_apart_only_what_moved_their_points(self, paid, member):
        assert told(paid, viewer=member.pk).posting == paid
        with pytest.raises(NotFound):
            told(paid, viewer=make_member().pk)

    def test_what_is_not_there_is_not_found(self, db):
        with pytest.raises(NotFound):
            explain_posting(posting_id=uuid4())

    def test_a_unit_explains_its_own_payments_by_hold_or_posting(self, member, mall, hotel, mall_points):
        hold = hold_points(
            member=member, program=mall_points, unit=mall, price=50, source_ref="h", by="test", at=NOW
        ).hold
        with pytest.raises(NotFound):
            explain_redemption(record_id=hold.pk, unit_ids=[mall.pk], at=NOW)
        payment = capture_hold(hold_id=hold.pk, units=[mall], points=None, by="test", at=NOW).posting

        for record_id in (hold.pk, payment.pk):
            assert explain_redemption(record_id=record_id, unit_ids=[mall.pk], at=NOW).posting == payment
            with pytest.raises(NotFound):
                explain_redemption(record_id=record_id, unit_ids=[hotel.pk], at=NOW)

    def test_only_lots_of_the_posting_are_its_lots(self, member, paid):
        assert told(paid).lots == ()
        accrual = Posting.objects.get(source_ref="r1")
        assert [lot.pk for lot in told(accrual).lots] == [Lot.objects.get(posting=accrual).pk]
