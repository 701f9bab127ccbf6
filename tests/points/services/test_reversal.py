"""Reversals: nothing is edited, nothing is restored twice, and a debt is repaid first."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from points.models import Lot, Wallet
from points.refusals import (
    InsufficientPoints,
    NotReversible,
    ReferenceReused,
    ReversalExceedsOriginal,
)
from points.selectors.audit import audit
from points.services.accrual import Grant, accrue_many
from points.services.expiry import expire_due_lots
from points.services.moving import move_wallets
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import NOW, balance, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALL", owner=mall)


@pytest.fixture
def member():
    return make_member()


def refund(unit, accrual_ref, points, source_ref="refund-1", at=NOW):
    return reverse_accrual(
        unit=unit, accrual_ref=accrual_ref, points=points, source_ref=source_ref, by="test", at=at
    )


def cancel(unit, redemption_ref, points, source_ref="cancel-1", at=NOW):
    return reverse_redemption(
        unit=unit, redemption_ref=redemption_ref, points=points, source_ref=source_ref, by="test", at=at
    )


def remaining():
    return {lot.posting.source_ref: lot.remaining for lot in Lot.objects.select_related("posting")}


def test_a_refund_takes_from_the_original_lot_before_any_other(member, mall, program):
    give(member, program, 100, source_ref="older")
    give(member, program, 100, source_ref="bought")

    taken = refund(mall, "bought", 60)

    assert (taken.taken, taken.owed, taken.forgiven) == (60, 0, 0)
    assert remaining() == {"older": 100, "bought": 40}
    assert audit().is_clean


def test_what_is_spent_of_the_original_lot_comes_from_other_lots(member, mall, program):
    give(member, program, 100, source_ref="bought", occurred_at=NOW - timedelta(days=2))
    give(member, program, 50, source_ref="younger")
    redeem(member, program, 80, unit=mall)

    refund(mall, "bought", 60)

    assert remaining() == {"bought": 0, "younger": 10}
    assert audit().is_clean


def test_what_is_wholly_spent_becomes_a_debt_that_the_next_accrual_repays(member, mall, program):
    give(member, program, 100, source_ref="bought")
    redeem(member, program, 100, unit=mall)

    taken = refund(mall, "bought", 100)
    wallet = Wallet.objects.get()
    owing = (wallet.balance, wallet.debt)
    give(member, program, 130, source_ref="next")

    assert (taken.taken, taken.owed) == (0, 100)
    assert owing == (-100, 100)
    assert remaining()["next"] == 30
    assert (balance(member, program), Wallet.objects.get().debt) == (30, 0)
    assert audit().is_clean


def test_a_batch_repays_a_debt_lot_by_lot_in_the_order_asked(member, mall, program):
    give(member, program, 100, source_ref="bought")
    redeem(member, program, 100, unit=mall)
    refund(mall, "bought", 100)

    grants = [Grant(member.pk, 70, "a", NOW), Grant(member.pk, 70, "b", NOW), Grant(member.pk, 70, "c", NOW)]
    accrue_many(program=program, unit=mall, grants=grants, by="test")

    assert {ref: left for ref, left in remaining().items() if ref != "bought"} == {"a": 0, "b": 40, "c": 70}
    assert balance(member, program) == 110
    assert audit().is_clean


def test_a_program_may_forgive_what_is_spent(member, mall):
    program = make_program("KIND", owner=mall, reversal_policy="clamp")
    give(member, program, 100, source_ref="bought")
    redeem(member, program, 100, unit=mall)

    taken = refund(mall, "bought", 100)

    assert (taken.taken, taken.owed, taken.forgiven) == (0, 0, 100)
    assert (balance(member, program), Wallet.objects.get().debt) == (0, 0)
    assert audit().is_clean


def test_a_program_may_refuse_what_is_spent(member, mall):
    program = make_program("STRICT", owner=mall, reversal_policy="refuse")
    give(member, program, 100, source_ref="bought")
    redeem(member, program, 70, unit=mall)

    with pytest.raises(InsufficientPoints) as refused:
        refund(mall, "bought", 50)

    assert refused.value.facts == {"short": 20}
    assert balance(member, program) == 30


def test_reversing_twice_reverses_once(member, mall, program):
    give(member, program, 100, source_ref="bought")
    first = refund(mall, "bought", 40)

    again = refund(mall, "bought", 40)

    assert again.is_replay
    assert (again.posting, again.taken) == (first.posting, 40)
    assert balance(member, program) == 60


def test_the_parts_never_exceed_the_whole(member, mall, program):
    give(member, program, 100, source_ref="bought")
    refund(mall, "bought", 60, "part-1")

    with pytest.raises(ReversalExceedsOriginal):
        refund(mall, "bought", 41, "part-2")
    refund(mall, "bought", 40, "part-3")

    assert balance(member, program) == 0


@pytest.mark.parametrize("points", [0, -1])
def test_a_reversal_of_nothing_is_refused(member, mall, program, points):
    give(member, program, 100, source_ref="bought")

    with pytest.raises(ReversalExceedsOriginal):
        refund(mall, "bought", points)


def test_only_what_the_unit_posted_can_be_reversed(member, mall, program):
    give(member, program, 100, source_ref="bought")

    for unit, reference in ((mall, "unknown"), (make_unit(), "bought")):
        with pytest.raises(NotReversible):
            refund(unit, reference, 1)
    with pytest.raises(NotReversible):
        cancel(mall, "bought", 1)


def test_one_refund_reference_for_two_things_is_refused(member, mall, program):
    give(member, program, 100, source_ref="bought")
    give(member, program, 100, source_ref="other")
    refund(mall, "bought", 10)

    for reference, points in (("bought", 11), ("other", 10)):
        with pytest.raises(ReferenceReused):
            refund(mall, reference, points)


def test_a_cancelled_redemption_refills_the_very_lots(member, mall, program):
    give(member, program, 30, source_ref="a", occurred_at=NOW - timedelta(days=3))
    give(member, program, 30, source_ref="b", occurred_at=NOW - timedelta(days=2))
    redeem(member, program, 50, unit=mall, source_ref="till")

    cancel(mall, "till", 50)

    assert remaining() == {"a": 30, "b": 30}
    assert audit().is_clean


def test_a_part_comes_back_to_what_was_drawn_last_and_wallets_keep_covering_the_rest(member, mall, program):
    hotel_program = make_program("HOTEL", owner=make_unit("HOTEL", "hotel"))
    make_rate(hotel_program, program, 2)
    give(member, program, 600)
    give(member, hotel_program, 500)
    redeem(member, program, 1001, unit=mall, source_ref="till")  # 600 + 201 hotel points

    first = cancel(mall, "till", 1, "part-1")
    second = cancel(mall, "till", 500, "part-2")

    assert [(s.spent, s.covered) for s in first.shares] == [(1, 1)]
    assert [(s.spent, s.covered) for s in second.shares] == [(100, 100), (200, 400)]
    assert (balance(member, program), balance(member, hotel_program)) == (100, 500)
    assert audit().is_clean


def test_a_lot_that_died_meanwhile_gets_the_programs_grace(member, mall):
    program = make_program(owner=mall, expiry_kind="days", expiry_count=3, grace_days=30)
    give(member, program, 10)
    redeem(member, program, 10, unit=mall, source_ref="till")

    cancel(mall, "till", 10, at=NOW + timedelta(days=10))

    expire_due_lots(at=NOW + timedelta(days=39))
    assert balance(member, program) == 10
    assert Lot.objects.get(is_open=True).issuer == mall
    expire_due_lots(at=NOW + timedelta(days=42))
    assert balance(member, program) == 0
    assert audit().is_clean


@pytest.mark.parametrize("changes_hands", [False, True])
def test_no_grace_follows_a_grace(member, mall, changes_hands):
    program = make_program(owner=mall, expiry_kind="days", expiry_count=3, grace_days=30)
    give(member, program, 10)
    redeem(member, program, 10, unit=mall, source_ref="till")
    cancel(mall, "till", 10, at=NOW + timedelta(days=10))
    owner = member
    if changes_hands:
        owner = make_member()
        move_wallets(giver=member, recipient=owner, source_ref="m", by="test", at=NOW + timedelta(days=11))
    redeem(owner, program, 10, unit=mall, source_ref="again", at=NOW + timedelta(days=39))

    cancel(mall, "again", 10, source_ref="again", at=NOW + timedelta(days=42))

    assert expire_due_lots(at=NOW + timedelta(days=42)).points == 10
    assert audit().is_clean


def test_without_grace_cancelling_is_no_way_round_expiry(member, mall):
    program = make_program(owner=mall, expiry_kind="days", expiry_count=3, grace_days=0)
    give(member, program, 10)
    redeem(member, program, 10, unit=mall, source_ref="till")

    cancel(mall, "till", 10, at=NOW + timedelta(days=10))

    with pytest.raises(InsufficientPoints):
        redeem(member, program, 1, unit=mall, at=NOW + timedelta(days=10))
    assert expire_due_lots(at=NOW + timedelta(days=10)).points == 10
    assert audit().is_clean


def test_points_put_back_beside_a_debt_are_spendable_only_beyond_it(member, mall, program):
    give(member, program, 100, source_ref="bought")
    redeem(member, program, 100, unit=mall, source_ref="till")
    refund(mall, "bought", 40)
    cancel(mall, "till", 100)

    with pytest.raises(InsufficientPoints):
        redeem(member, program, 61, unit=mall)
    redeem(member, program, 60, unit=mall)

    assert balance(member, program) == 0
    assert audit().is_clean


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lots=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    foreign=st.integers(0, 60),
    rate=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=6),
)
def test_any_cutting_of_a_cancellation_adds_up_to_the_point(lots, foreign, rate, cuts):
    unit, member = make_unit(), make_member()
    own, other = make_program(owner=unit), make_program(owner=unit)
    make_rate(other, own, *rate)
    for points in lots:
        give(member, own, points)
    if foreign:
        give(member, other, foreign)
    price = sum(lots) + foreign * rate[0] // rate[1]
    before = (balance(member, own), balance(member, other))
    reference = f"till-{member.number}"
    redeem(member, own, price, unit=unit, source_ref=reference)

    left = price
    for number, cut in enumerate(cuts):
        if left:
            cancel(unit, reference, min(cut, left), f"{reference}-{number}")
            left -= min(cut, left)
    if left:
        cancel(unit, reference, left, f"{reference}-rest")

    assert (balance(member, own), balance(member, other)) == before
    assert audit().is_clean
