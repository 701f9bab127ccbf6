"""A lot that tells its life: its birth, what was drawn and put back, where it came from, why it dies."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import translation

from common.errors import NotFound
from points.models import ExpiryKind, Lot, Program
from points.selectors.explaining import Origin, Term, explain_lot, lot_words
from points.selectors.explaining import lot as lot_module
from points.services.exchange import exchange_points
from points.services.expiry import expire_due_lots
from points.services.holds import hold_points
from points.services.reversal import reverse_redemption
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def hotel():
    return make_unit("HOTEL", "hotel")


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(hotel):
    """100 days, 0.05 a point."""
    return make_program(
        "HOTEL", owner=hotel, expiry_kind=ExpiryKind.DAYS, expiry_count=100, unit_cost=Decimal("0.05")
    )


@pytest.fixture
def member():
    return make_member()


def lot_of(posting):
    return Lot.objects.get(posting=posting)


def told(lot, **options):
    return explain_lot(lot_id=lot.pk, at=NOW, **options)


@pytest.fixture
def spent(member, program, hotel, mall):
    """1,000 given; 200 spent at the mall, 100 at the hotel; 50 of the mall's put back."""
    lot = lot_of(give(member, program, 1000, source_ref="folio", rule="earn:12 v3"))
    redeem(member, program, 200, unit=mall, source_ref="m", by="partner:lp_1@SHOP-7")
    redeem(member, program, 100, unit=hotel, source_ref="h")
    reverse_redemption(unit=mall, redemption_ref="m", points=50, source_ref="back", by="test", at=NOW)
    return told(lot)


def test_a_lot_is_what_was_given_less_what_was_drawn(spent):
    assert spent.lot.remaining == 750
    assert spent.terms == (Term("redemption", 2, -300), Term("reversal", 1, 50))
    assert spent.adds_up


def test_each_draw_says_what_was_left_after_it(spent):
    assert [(d.posting.source_ref, d.points, d.left) for d in spent.draws] == [
        ("m", -200, 800),
        ("h", -100, 700),
        ("back", 50, 750),
    ]


def test_the_issuer_owes_the_unit_that_honoured_and_nothing_at_home(spent):
    assert [d.owed for d in spent.draws] == [Decimal("10.00"), Decimal(0), Decimal("-2.50")]


def test_the_words_say_sum_birth_end_and_debts(spent):
    with translation.override("en"):
        assert lot_words.headline(spent) == (
            "750 = points given (1,000) − 2 redemptions (300) + 1 reversal (50)"
        )
        assert lot_words.birth_told(spent) == (
            "Accrual at Unit HOTEL on 14 June 2026 under rule 12 v3, by the system"
        )
        assert lot_words.expiry_told(spent) == "Good through 22 September 2026: 100 days after earning."
        assert lot_words.draw_told(spent.draws[0]) == "Redemption at Unit MALL on 15 June 2026"
        assert [lot_words.draw_owed_told(draw, spent.lot) for draw in spent.draws] == [
            "Unit HOTEL owes Unit MALL 10 CNY for it",
            "",
            "Unit HOTEL no longer owes Unit MALL 2.5 CNY of it",
        ]


def test_only_the_latest_draws_are_listed_and_the_rest_is_one_sum(member, program, hotel, monkeypatch):
    monkeypatch.setattr(lot_module, "DRAWS_SHOWN", 3)
    lot = lot_of(give(member, program, 100))
    for price in (1, 2, 3, 4, 5):
        redeem(member, program, price, unit=hotel)

    explained = told(lot)

    assert [d.points for d in explained.draws] == [-3, -4, -5]
    assert (explained.earlier_draws, explained.earlier_points) == (2, -3)
    assert explained.adds_up


def test_explaining_a_lot_asks_as_often_for_many_draws_as_for_few(
    member, program, hotel, django_assert_num_queries
):
    lot = lot_of(give(member, program, 100))
    redeem(member, program, 1, unit=hotel)

    for _ in range(2):
        with django_assert_num_queries(3):
            lot_told = told(lot)
            assert [d.posting.unit.code for d in lot_told.draws]
        for _ in range(10):
            redeem(member, program, 1, unit=hotel)


def test_what_is_held_names_its_sales(member, program, mall):
    lot = lot_of(give(member, program, 100))
    hold = hold_points(
        member=member, program=program, unit=mall, price=30, source_ref="h", by="test", at=NOW
    ).hold

    assert told(lot).holds == ((hold, 30),)


class TestEnds:
    def test_points_of_a_program_without_an_end_never_die(self, member, hotel):
        lot = lot_of(give(member, make_program("EVER", owner=hotel), 10))

        assert told(lot).origin is Origin.NEVER
        assert lot_words.expiry_told(told(lot)) == "These points do not expire."

    def test_a_policy_that_changed_since_is_not_claimed(self, member, program):
        lot = lot_of(give(member, program, 10))
        Program.objects.filter(pk=program.pk).update(expiry_count=50)

        assert told(lot).origin is Origin.OWN

    def test_points_that_came_back_after_their_lot_died_live_by_a_grace(self, member, program, hotel):
        give(member, program, 10, occurred_at=NOW - 99 * DAY, source_ref="old")
        redeem(member, program, 10, unit=hotel, source_ref="p")
        reverse_redemption(
            unit=hotel, redemption_ref="p", points=10, source_ref="b", by="test", at=NOW + 10 * DAY
        )
        lot = Lot.objects.get(posting__source_ref="b")

        explained = told(lot)

        assert explained.origin is Origin.GRACE
        assert "a grace" in lot_words.expiry_told(explained)
        assert [(a.by.source_ref, a.steps) for a in explained.ancestors] == [("old", 1)]

    def test_what_is_dead_and_unswept_says_so_and_then_that_it_was_swept(self, member, program):
        lot = lot_of(give(member, program, 10))
        later = NOW + 200 * DAY

        assert explain_lot(lot_id=lot.pk, at=later).state == "expired"
        expire_due_lots(at=later)
        explained = explain_lot(lot_id=lot.pk, at=later)
        assert (explained.state, explained.terms) == ("spent", (Term("expiry", 1, -10),))


class TestAncestors:
    @pytest.fixture
    def swapped(self, member, program, mall, hotel):
        """Hotel points of two stays became mall points, and some of those hotel points again."""
        mall_points = make_program("MALL", owner=mall)
        make_rate(program, mall_points, 2)
        make_rate(mall_points, program, 1, 3)
        give(member, program, 100, source_ref="stay 1", occurred_at=NOW - 3 * DAY)
        give(member, program, 100, source_ref="stay 2", occurred_at=NOW - 2 * DAY)
        for source, target, points, ref in (
            (program, mall_points, 150, "x1"),
            (mall_points, program, 240, "x2"),
        ):
            exchange_points(
                member=member, source=source, target=target, points=points, source_ref=ref, by="test", at=NOW
            )
        return Lot.objects.filter(posting__source_ref="x2").order_by("earned_at")

    def test_a_chain_leads_back_to_the_first_earning(self, swapped):
        first, second = (told(lot) for lot in swapped)

        assert [(a.by.source_ref, a.steps) for a in first.ancestors] == [("x1", 1), ("stay 1", 2)]
        assert [(a.by.source_ref, a.steps) for a in second.ancestors] == [("x1", 1), ("stay 2", 2)]
        assert first.origin is Origin.INHERITED

    def test_a_chain_costs_two_queries_more(self, swapped, django_assert_num_queries):
        lot = swapped[0]
        with django_assert_num_queries(5):
            assert told(lot).ancestors

    def test_what_was_earned_itself_has_none(self, spent):
        assert spent.ancestors == ()


class TestWho:
    def test_another_members_lot_is_not_found(self, spent):
        with pytest.raises(NotFound):
            told(spent.lot, viewer=make_member().pk)

    def test_a_lot_that_is_not_there_is_not_found(self, db):
        with pytest.raises(NotFound):
            explain_lot(lot_id=uuid4(), at=NOW)

    def test_its_member_sees_it_unveiled(self, spent):
        explained = told(spent.lot, viewer=spent.lot.member_id)

        assert not explained.birth_is_veiled
        assert not any(draw.is_veiled for draw in explained.draws)
