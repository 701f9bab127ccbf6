"""Spending: own wallet first, then others at the rate, exactly as quoted or not at all."""

from datetime import timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from points.models import Draw, Entry, Lot, Posting, Wallet
from points.refusals import (
    InsufficientPoints,
    MemberNotActive,
    PointsOutOfRange,
    ProgramNotActive,
    QuoteChanged,
    QuoteExpired,
    ReferenceReused,
    UnitNotActive,
)
from points.selectors.audit import audit
from points.services.redemption import quote_redemption
from tests.factories import (
    NOW,
    balance,
    give,
    make_member,
    make_program,
    make_rate,
    make_unit,
    redeem,
)

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


def shares(redemption):
    codes = {entry.program_id: entry.program.code for entry in redemption.posting.entries.all()}
    return {codes[share.program_id]: share.spent for share in redemption.shares}


def test_other_wallets_pay_only_what_is_missing(member, mall, mall_program, hotel_program):
    make_rate(hotel_program, mall_program, 2)
    give(member, mall_program, 600)
    give(member, hotel_program, 500)

    redemption = redeem(member, mall_program, 1000, unit=mall)

    assert shares(redemption) == {"MALL": 600, "HOTEL": 200}
    assert balance(member, mall_program) == 0
    assert balance(member, hotel_program) == 300
    assert audit().is_clean


def test_draws_say_what_the_hotels_owe_the_mall(member, mall, hotel, mall_program, hotel_program):
    make_rate(hotel_program, mall_program, 2)
    give(member, mall_program, 600)
    give(member, hotel_program, 500)

    redemption = redeem(member, mall_program, 1000, unit=mall)

    foreign = [d for d in redemption.posting.draws.select_related("lot") if d.lot.issuer_id != mall.pk]
    assert [(d.lot.issuer_id, d.points * d.lot.unit_cost) for d in foreign] == [(hotel.pk, 6)]


@pytest.mark.parametrize(
    ("rate", "price", "spent"),
    [((2, 1), 7, 4), ((1, 3), 7, 21), ((3, 7), 10, 24), ((7, 3), 10, 5)],
)
def test_another_wallet_pays_the_smallest_whole_number_that_covers_the_rest(
    member, mall, mall_program, hotel_program, rate, price, spent
):
    make_rate(hotel_program, mall_program, *rate)
    give(member, hotel_program, 1000)

    redemption = redeem(member, mall_program, price, unit=mall)

    assert shares(redemption) == {"HOTEL": spent}


def test_a_wallet_that_cannot_cover_the_rest_gives_no_point_in_vain(
    member, mall, mall_program, hotel_program
):
    office_program = make_program("OFFICE", owner=make_unit("OFFICE", "office"))
    make_rate(hotel_program, mall_program, 1, 3)
    make_rate(office_program, mall_program, 1)
    give(member, hotel_program, 11)
    give(member, office_program, 100, occurred_at=NOW - timedelta(hours=1))

    redemption = redeem(member, mall_program, 10, unit=mall)

    # 11 hotel points cover 3, for which 9 are enough: 2 stay.
    assert shares(redemption) == {"HOTEL": 9, "OFFICE": 7}


def test_a_wallet_worth_less_than_one_point_is_left_alone(member, mall, mall_program, hotel_program):
    make_rate(hotel_program, mall_program, 1, 100)
    give(member, mall_program, 10)
    give(member, hotel_program, 99)

    with pytest.raises(InsufficientPoints) as refused:
        redeem(member, mall_program, 11, unit=mall)

    assert refused.value.facts["short"] == 1


def test_other_wallets_come_in_order_of_their_soonest_expiry(member, mall, mall_program):
    late = make_program("LATE", owner=make_unit("L1"), expiry_kind="days", expiry_count=90)
    soon = make_program("SOON", owner=make_unit("L2"), expiry_kind="days", expiry_count=30)
    never = make_program("NEVER", owner=make_unit("L3"))
    for program in (never, late, soon):
        make_rate(program, mall_program, 1)
        give(member, program, 10)

    redemption = redeem(member, mall_program, 15, unit=mall)

    assert shares(redemption) == {"SOON": 10, "LATE": 5}


def test_lots_go_by_soonest_expiry_then_age_and_never_expiring_last(member, mall):
    program = make_program("MIX", owner=mall, expiry_kind="never")
    give(member, program, 10, source_ref="never", occurred_at=NOW - timedelta(days=9))
    type(program).objects.filter(pk=program.pk).update(expiry_kind="days", expiry_count=10)
    program.refresh_from_db()
    give(member, program, 10, source_ref="young", occurred_at=NOW - timedelta(hours=1))
    give(member, program, 10, source_ref="old", occurred_at=NOW - timedelta(hours=2))
    give(member, program, 10, source_ref="soonest", occurred_at=NOW - timedelta(days=5))

    redeem(member, program, 25, unit=mall)

    left = {lot.posting.source_ref: lot.remaining for lot in Lot.objects.select_related("posting")}
    assert left == {"soonest": 0, "old": 0, "young": 5, "never": 10}


def test_a_lot_is_dead_at_its_instant_though_no_sweep_has_run(member, mall):
    program = make_program(owner=mall, expiry_kind="days", expiry_count=10)
    give(member, program, 10)
    lot = Lot.objects.get()

    with pytest.raises(InsufficientPoints):
        redeem(member, program, 10, unit=mall, at=lot.expires_at)
    redeem(member, program, 10, unit=mall, at=lot.expires_at - timedelta(microseconds=1))

    assert balance(member, program) == 0


def test_pending_points_cannot_be_spent_before_their_day(member, mall, mall_program):
    give(member, mall_program, 10, available_at=NOW + timedelta(days=7))

    with pytest.raises(InsufficientPoints):
        redeem(member, mall_program, 10, unit=mall)
    redeem(member, mall_program, 10, unit=mall, at=NOW + timedelta(days=7))

    assert balance(member, mall_program) == 0


def test_a_rate_outside_its_range_is_no_rate(member, mall, mall_program, hotel_program):
    make_rate(hotel_program, mall_program, 2, ends_at=NOW)
    give(member, hotel_program, 10)

    with pytest.raises(InsufficientPoints):
        redeem(member, mall_program, 10, unit=mall, at=NOW)
    redeem(member, mall_program, 10, unit=mall, at=NOW - timedelta(seconds=1))

    assert balance(member, hotel_program) == 5


def test_the_posting_does_what_the_quote_said(member, mall, mall_program, hotel_program):
    make_rate(hotel_program, mall_program, 2)
    give(member, mall_program, 600)
    give(member, hotel_program, 500)
    quote = quote_redemption(member=member, program=mall_program, unit=mall, price=1000, at=NOW)

    redemption = redeem(member, mall_program, 1000, unit=mall, quote_token=quote.token)

    assert redemption.shares == quote.shares


def test_a_quote_that_no_longer_holds_is_refused_with_the_new_shares(
    member, mall, mall_program, hotel_program
):
    make_rate(hotel_program, mall_program, 2)
    give(member, mall_program, 600)
    give(member, hotel_program, 500)
    quote = quote_redemption(member=member, program=mall_program, unit=mall, price=1000, at=NOW)
    give(member, mall_program, 100)

    with pytest.raises(QuoteChanged) as refused:
        redeem(member, mall_program, 1000, unit=mall, quote_token=quote.token)

    assert [(s["program"], s["points"]) for s in refused.value.facts["shares"]] == [
        ("MALL", 700),
        ("HOTEL", 150),
    ]
    assert balance(member, mall_program) == 700


def test_a_quote_dies_after_five_minutes(member, mall, mall_program):
    give(member, mall_program, 10)
    quote = quote_redemption(member=member, program=mall_program, unit=mall, price=10, at=NOW)

    with pytest.raises(QuoteExpired):
        redeem(member, mall_program, 10, unit=mall, quote_token=quote.token, at=NOW + timedelta(minutes=5))


def test_a_quote_for_another_price_or_a_forged_one_is_refused(member, mall, mall_program):
    give(member, mall_program, 100)
    quote = quote_redemption(member=member, program=mall_program, unit=mall, price=10, at=NOW)

    for price, token in ((11, quote.token), (10, quote.token[:-2] + "xx"), (10, "nonsense")):
        with pytest.raises(QuoteExpired):
            redeem(member, mall_program, price, unit=mall, quote_token=token)


def test_same_reference_twice_burns_once_and_answers_the_same(member, mall, mall_program):
    give(member, mall_program, 100)
    first = redeem(member, mall_program, 40, unit=mall, source_ref="till-1")

    again = redeem(member, mall_program, 40, unit=mall, source_ref="till-1")

    assert again.is_replay
    assert (again.posting, again.shares) == (first.posting, first.shares)
    assert balance(member, mall_program) == 60


def test_what_was_paid_stays_paid_when_the_till_asks_again_too_late(member, mall, mall_program):
    give(member, mall_program, 100)
    quote = quote_redemption(member=member, program=mall_program, unit=mall, price=40, at=NOW)
    first = redeem(member, mall_program, 40, unit=mall, source_ref="till-1", quote_token=quote.token)
    member.status = "frozen"

    again = redeem(
        member,
        mall_program,
        40,
        unit=mall,
        source_ref="till-1",
        quote_token=quote.token,
        at=NOW + timedelta(hours=1),
    )

    assert again.is_replay
    assert (again.posting, again.shares) == (first.posting, first.shares)


def test_same_reference_for_something_else_is_refused(member, mall, mall_program):
    give(member, mall_program, 100)
    redeem(member, mall_program, 40, unit=mall, source_ref="till-1")

    with pytest.raises(ReferenceReused):
        redeem(member, mall_program, 41, unit=mall, source_ref="till-1")

    assert balance(member, mall_program) == 60


@pytest.mark.parametrize("price", [0, -1, 10**9 + 1, 2**63 - 1])
def test_absurd_prices_are_refused_by_name(member, mall, mall_program, price):
    with pytest.raises(PointsOutOfRange):
        redeem(member, mall_program, price, unit=mall)
    with pytest.raises(PointsOutOfRange):
        quote_redemption(member=member, program=mall_program, unit=mall, price=price, at=NOW)

    assert not Posting.objects.exists()


def test_what_is_not_active_does_not_spend(member, mall, mall_program):
    give(member, mall_program, 100)
    closed = make_unit("CLOSED", is_active=False)
    ended = make_program("ENDED", is_active=False)

    with pytest.raises(UnitNotActive):
        redeem(member, mall_program, 1, unit=closed)
    with pytest.raises(ProgramNotActive):
        redeem(member, ended, 1, unit=mall)
    member.status = "frozen"
    with pytest.raises(MemberNotActive):
        redeem(member, mall_program, 1, unit=mall)

    assert balance(member, mall_program) == 100


def test_a_refused_redemption_writes_nothing(member, mall, mall_program):
    give(member, mall_program, 100)
    before = (Posting.objects.count(), Entry.objects.count(), Draw.objects.count())

    with pytest.raises(InsufficientPoints) as refused:
        redeem(member, mall_program, 101, unit=mall)

    assert (Posting.objects.count(), Entry.objects.count(), Draw.objects.count()) == before
    assert refused.value.facts == {"asked": 101, "short": 1, "program": "MALL"}
    assert Wallet.objects.get().balance == 100


def test_rates_of_one_pair_never_overlap(mall_program, hotel_program):
    from django.db import IntegrityError

    make_rate(hotel_program, mall_program, 2)

    with pytest.raises(IntegrityError, match="rate_ranges_never_overlap"):
        make_rate(hotel_program, mall_program, 3, starts_at=NOW)


def test_one_rate_may_follow_the_other_at_the_same_instant(mall_program, hotel_program):
    make_rate(hotel_program, mall_program, 2, ends_at=NOW)

    follower = make_rate(hotel_program, mall_program, 3, starts_at=NOW)

    assert follower.during == DateTimeTZRange(NOW, None)
