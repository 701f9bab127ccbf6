"""A balance that says what it is made of: four tellings, each ending in the figure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from common.errors import NotFound
from points.models import ExpiryKind, Posting, ReversalPolicy, Wallet
from points.selectors.balances import wallet_summaries
from points.selectors.explaining import Term, explain_balance, explain_wallet
from points.selectors.explaining import balance_words as words
from points.services.exchange import exchange_points
from points.services.expiry import expire_due_lots
from points.services.holds import hold_points
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def explained():
    """One lot expired, one spent up, two open with two redemptions on them."""
    member, hotel = make_member(), make_unit("HOTEL", "hotel")
    program = make_program("HOTEL", owner=hotel, expiry_kind=ExpiryKind.DAYS, expiry_count=100)
    give(member, program, 40, occurred_at=NOW - 300 * DAY)
    expire_due_lots(at=datetime(2026, 1, 1, tzinfo=UTC))
    give(member, program, 50, occurred_at=NOW - 30 * DAY)
    give(member, program, 800, occurred_at=NOW - 20 * DAY, rule="earn:12 v3")
    give(member, program, 100, occurred_at=NOW - 10 * DAY)
    redeem(member, program, 60, unit=hotel)
    redeem(member, program, 5, unit=hotel)
    return explain_wallet(member_id=member.pk, program_code="HOTEL", at=NOW)


def test_a_balance_is_its_open_lots_less_what_was_drawn_from_them(explained):
    assert explained.balance == 885
    assert (explained.lot_count, explained.given) == (2, 900)
    assert [(lot.points, lot.left) for lot in explained.lots] == [(800, 785), (100, 100)]
    assert explained.drawn == (Term("redemption", 2, -15),)


def test_a_balance_is_all_that_ever_happened(explained):
    assert explained.history == (
        Term("accrual", 4, 990),
        Term("expiry", 1, -40),
        Term("redemption", 2, -65),
    )


def test_points_are_told_by_who_gave_them_under_which_rule(explained):
    assert [(g.issuer.code, g.rule, g.lots, g.given, g.left) for g in explained.groups] == [
        ("HOTEL", "earn:12 v3", 1, 800, 785),
        ("HOTEL", "", 1, 100, 100),
    ]
    assert (explained.other_lots, explained.other_left) == (0, 0)


def test_endings_name_the_last_day_the_issuer_and_the_rule(explained):
    ending = explained.endings[0]

    assert (ending.points, ending.last_valid_on, ending.issuer.code) == (785, date(2026, 9, 3), "HOTEL")
    assert [e.points for e in explained.endings] == [785, 100]


def test_the_headline_is_the_sum_in_words(explained):
    with translation.override("en"):
        assert words.headline(explained) == (
            "885 = 2 lots (900) − 2 redemptions (15); "
            "785 expire after 3 September 2026, issued by Unit HOTEL under rule 12 v3"
        )


def test_the_tellings_add_up(explained):
    assert explained.adds_up
    for telling in (words.by_use, words.by_history, words.by_lots, words.by_origin):
        assert sum(line.points for line in telling(explained)) == 885


@pytest.mark.parametrize(
    "wrong",
    [{"balance": 884}, {"debt": 1}, {"history": ()}, {"drawn": ()}, {"pending": 1}, {"groups": ()}],
)
def test_a_telling_that_disagrees_is_noticed(explained, wrong):
    assert not replace(explained, **wrong).adds_up


def test_explaining_asks_as_often_for_many_lots_as_for_few(django_assert_num_queries):
    member, program = make_member(), make_program("HOTEL", owner=make_unit("HOTEL"))
    give(member, program, 50)

    for _ in range(2):
        with django_assert_num_queries(8):
            explained = explain_wallet(member_id=member.pk, program_code="HOTEL", at=NOW)
        for number in range(30):
            give(member, program, 50, rule=f"earn:{number} v1")

    assert explained.balance == 50 + 30 * 50


def test_many_origins_are_folded_into_one_line():
    member, program = make_member(), make_program("HOTEL", owner=make_unit("HOTEL"))
    for number in range(25):
        give(member, program, 100 + number, rule=f"earn:{number} v1")

    explained = explain_wallet(member_id=member.pk, program_code="HOTEL", at=NOW)

    assert (len(explained.groups), explained.other_lots) == (20, 5)
    assert explained.other_left == sum(range(100, 105))
    assert words.by_origin(explained)[-2].words == "5 lots of other origins"
    assert explained.adds_up


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
    assert sorted((lot.points, lot.left, lot.issuer.code) for lot in explained.lots) == sorted(lots)
    assert explained.drawn == (Term("exchange", 1, -101 if code == "MALL" else -200),)
    assert explained.adds_up


class TestUses:
    @pytest.fixture
    def wallet(self):
        """All at once: a debt, points put back beside it, pending, held and dead ones."""
        mall = make_unit("MALL")
        program = make_program("MALL", owner=mall, expiry_kind=ExpiryKind.DAYS, expiry_count=50, grace_days=0)
        member = make_member()
        give(member, program, 30, unit=mall, occurred_at=NOW - 49 * DAY)
        give(member, program, 100, unit=mall, source_ref="r1", occurred_at=NOW - 10 * DAY)
        redeem(member, program, 120, unit=mall, source_ref="p1", at=NOW)
        reverse_accrual(unit=mall, accrual_ref="r1", points=100, source_ref="b1", by="test", at=NOW)
        reverse_redemption(
            unit=mall, redemption_ref="p1", points=100, source_ref="b2", by="test", at=NOW + 5 * DAY
        )
        return Wallet.objects.get(member=member)

    def test_every_use_agrees_with_the_wallets_summary(self, wallet):
        at = NOW + 5 * DAY
        explained = explain_balance(wallet=wallet, at=at)

        (summary,) = wallet_summaries(member_id=wallet.member_id, at=at)
        for name in ("balance", "available", "kept_for_debt", "pending", "held", "expired_unswept", "debt"):
            assert getattr(explained, name) == getattr(summary, name), name
        assert explained.debt == 90
        assert explained.adds_up


class TestAsOf:
    def test_a_past_balance_is_told_as_the_books_stood_then(self):
        mall = make_unit("MALL")
        program = make_program("MALL", owner=mall, expiry_kind=ExpiryKind.NEVER)
        member = make_member()
        give(member, program, 100, source_ref="r1")
        redeem(member, program, 100, unit=mall, source_ref="p1")
        then = Posting.objects.get(source_ref="r1").posted_at
        after = Posting.objects.get(source_ref="p1").posted_at
        wallet = Wallet.objects.get(member=member)

        first = explain_balance(wallet=wallet, at=NOW, as_of=then)
        second = explain_balance(wallet=wallet, at=NOW, as_of=after)
        before = explain_balance(wallet=wallet, at=NOW, as_of=then - timedelta(microseconds=1))

        assert [(e.balance, e.lot_count, e.adds_up) for e in (first, second, before)] == [
            (100, 1, True),
            (0, 0, True),
            (0, 0, True),
        ]

    def test_a_past_debt_is_what_the_lots_did_not_cover(self):
        mall = make_unit("MALL")
        program = make_program("MALL", owner=mall, reversal_policy=ReversalPolicy.DEBT)
        member = make_member()
        give(member, program, 100, source_ref="r1")
        redeem(member, program, 100, unit=mall)
        reverse_accrual(unit=mall, accrual_ref="r1", points=40, source_ref="b1", by="test", at=NOW)
        then = Posting.objects.get(source_ref="b1").posted_at
        give(member, program, 50)
        wallet = Wallet.objects.get(member=member)

        past = explain_balance(wallet=wallet, at=NOW, as_of=then)

        assert (past.balance, past.debt, past.adds_up) == (-40, 40, True)
        assert explain_balance(wallet=wallet, at=NOW).balance == 10

    def test_what_was_held_then_is_held_as_of_then(self):
        mall = make_unit("MALL")
        program = make_program("MALL", owner=mall)
        member = make_member()
        give(member, program, 100)
        hold = hold_points(
            member=member, program=program, unit=mall, price=30, source_ref="h", by="test", at=NOW
        ).hold
        wallet = Wallet.objects.get(member=member)
        # Postings carry the real clock, holds the door's: as of a real instant after the hold's.
        as_of = Posting.objects.latest("posted_at").posted_at

        assert hold.held_at < as_of
        assert explain_balance(wallet=wallet, at=NOW, as_of=as_of).held == 30


def test_the_words_are_the_readers(explained):
    with translation.override("zh-hans"):
        assert "业态HOTEL" in words.headline(explained)
