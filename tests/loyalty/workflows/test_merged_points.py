"""Points after a merge: refunds, cancellations and releases follow their lots; what is spent stays."""

from datetime import timedelta

import pytest

from loyalty.workflows.merge_members import (
    MergedAgain,
    NothingCameFree,
)
from members.models import (
    Member,
    MemberMerge,
)
from points.models import ExchangeRate, Program
from points.refusals import ExchangeCapReached, TransferCapReached, WalletHasHolds
from points.services.exchange import exchange_points
from points.services.holds import hold_points, void_hold
from points.services.maturing import release_pending
from points.services.reversal import reverse_accrual, reverse_redemption
from points.services.transfer import transfer_points
from tests.factories import NOW, balance, give, make_program, make_rate, make_unit, redeem
from tests.members.factories import numbered_member
from tests.members.merging import holdings, living, merge, unmerge
from tests.points.services.households import make_household

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALLPT", owner=mall)


@pytest.fixture
def old():
    return numbered_member(name="Wang Xiaoming")


@pytest.fixture
def new():
    return numbered_member()


@pytest.fixture
def third():
    return numbered_member()


def test_what_was_spent_meanwhile_stays_and_is_said(old, new, mall, program):
    give(old, program, 100)
    done = merge(old, new)
    redeem(new, program, 30, unit=mall)

    undone = unmerge(done)

    told = undone.effects["wallets"][0]
    assert (told["points"], told["spent"]) == (70, 30)
    assert holdings(old, new) == [(70, 0), (0, 0)]


def test_what_came_free_since_goes_back_when_undone_again(old, new, mall, program):
    give(old, program, 100)
    done = merge(old, new)
    hold = hold_points(
        member=new, program=program, unit=mall, price=40, source_ref="h", by="test", at=NOW
    ).hold
    assert unmerge(done).effects["wallets"][0]["held"] == 40
    with pytest.raises(NothingCameFree):
        unmerge(done)
    void_hold(hold_id=hold.pk, units=[mall], at=NOW)

    again = unmerge(done)

    assert (again.turn, again.effects["wallets"][0]["points"]) == (2, 40)
    assert holdings(old, new) == [(100, 0), (0, 0)]


def test_merged_undone_and_merged_again(old, new, mall, program):
    give(old, program, 100)
    first = merge(old, new)
    redeem(new, program, 30, unit=mall)
    unmerge(first)

    second = merge(old, new)
    with pytest.raises(MergedAgain):
        unmerge(first)
    assert holdings(old, new) == [(0, 0), (70, 0)]

    unmerge(second)
    assert holdings(old, new) == [(70, 0), (0, 0)]


def test_what_came_for_the_first_of_a_chain_goes_back_to_where_it_pointed(old, new, third, mall, program):
    give(old, program, 100)
    paid = redeem(old, program, 60, unit=mall, source_ref="sale")
    merge(old, new)
    second = merge(new, third)
    back(mall, "sale", 60)
    assert holdings(old, new, third) == [(0, 0), (0, 0), (100, 0)]

    unmerge(second)

    assert paid.posting.pk
    assert holdings(old, new, third) == [(0, 0), (100, 0), (0, 0)]


def test_a_refund_of_a_sale_before_the_merge_follows_its_lot(old, new, mall, program):
    give(old, program, 100, source_ref="sale", unit=mall)
    give(new, program, 500)
    merge(old, new)

    taken = refund(mall, "sale", 40)

    assert (taken.taken, taken.owed) == (40, 0)
    assert taken.posting.member == new
    assert sorted(lot[2] for lot in living(new)) == [60, 500]
    assert holdings(old, new) == [(0, 0), (560, 0)]


def test_a_refund_of_what_was_spent_before_the_merge_is_the_survivors_debt(old, new, mall, program):
    give(old, program, 100, source_ref="sale", unit=mall)
    redeem(old, program, 100, unit=mall)
    merge(old, new)

    taken = refund(mall, "sale", 100)

    assert taken.owed == 100
    assert holdings(old, new) == [(0, 0), (-100, 100)]


def test_a_payment_cancelled_after_the_merge_comes_back_to_the_survivor(old, new, mall, program):
    give(old, program, 100)
    redeem(old, program, 100, unit=mall, source_ref="paid")
    before = set(living(old))
    done = merge(old, new)

    back(mall, "paid", 60)

    assert before == set()
    assert holdings(old, new) == [(0, 0), (60, 0)]
    unmerge(done)
    assert holdings(old, new) == [(60, 0), (0, 0)]


def test_pending_points_are_released_where_they_are_now(old, new, mall, program):
    give(old, program, 100, source_ref="stay", unit=mall, available_at=NOW + timedelta(days=9))
    merge(old, new)

    released = release_pending(unit=mall, accrual_ref="stay", source_ref="out", by="test", at=NOW)

    assert released.posting.member == new
    assert redeem(new, program, 100, unit=mall).posting.points == 100


def test_a_retry_of_what_was_asked_before_the_merge_is_a_replay(old, new, mall, program):
    given = give(old, program, 100, source_ref="sale", unit=mall)
    paid = redeem(old, program, 30, unit=mall, source_ref="paid")
    held = hold_points(
        member=old, program=program, unit=mall, price=5, source_ref="held", by="test", at=NOW
    ).hold
    void_hold(hold_id=held.pk, units=[mall], at=NOW)
    merge(old, new)

    again = give(new, program, 100, source_ref="sale", unit=mall)
    paid_again = redeem(new, program, 30, unit=mall, source_ref="paid")
    held_again = hold_points(
        member=new, program=program, unit=mall, price=5, source_ref="held", by="test", at=NOW
    )

    assert again == given
    assert (paid_again.is_replay, paid_again.posting) == (True, paid.posting)
    assert (held_again.is_replay, held_again.hold) == (True, held)
    assert holdings(old, new) == [(0, 0), (70, 0)]


def test_who_was_looked_up_before_the_merge_pays_as_the_survivor(old, new, mall, program):
    give(old, program, 100)
    stale = Member.objects.get(pk=old.pk)
    merge(old, new)

    paid = redeem(stale, program, 40, unit=mall)
    held = hold_points(member=stale, program=program, unit=mall, price=9, source_ref="h", by="t", at=NOW)

    assert paid.posting.member == new
    assert held.hold.member == new


def test_a_debt_goes_along_and_back(old, new, mall, program):
    give(old, program, 100, source_ref="sale", unit=mall)
    redeem(old, program, 100, unit=mall)
    refund(mall, "sale", 100)
    done = merge(old, new)
    assert holdings(old, new) == [(0, 0), (-100, 100)]
    give(new, program, 30)

    undone = unmerge(done)

    told = undone.effects["wallets"][0]
    assert (told["debt"], told["repaid"]) == (70, 30)
    assert holdings(old, new) == [(-70, 70), (0, 0)]


def test_a_sale_in_progress_is_waited_for(old, new, mall, program):
    give(old, program, 100)
    hold_points(member=old, program=program, unit=mall, price=5, source_ref="h", by="test", at=NOW)

    with pytest.raises(WalletHasHolds):
        merge(old, new)

    old.refresh_from_db()
    assert old.merged_into is None
    assert not MemberMerge.objects.exists()


def refund(unit, ref, points):
    return reverse_accrual(
        unit=unit, accrual_ref=ref, points=points, source_ref=f"refund:{ref}", by="test", at=NOW
    )


def back(unit, ref, points):
    return reverse_redemption(
        unit=unit, redemption_ref=ref, points=points, source_ref=f"back:{ref}", by="test", at=NOW
    )


@pytest.fixture
def hotel_points(program):
    """100 of them a day may become mall points, at two for one."""
    made = make_program("HOTELPT", owner=make_unit("HOTEL", "hotel"))
    rate = make_rate(made, program, 2)
    ExchangeRate.objects.filter(pk=rate.pk).update(cap_per_member_day=100)
    return made


def swap(member, source, target, points, ref):
    return exchange_points(
        member=member, source=source, target=target, points=points, source_ref=ref, by="test", at=NOW
    )


def hand(giver, recipient, program, points, ref):
    return transfer_points(
        giver=giver, recipient=recipient, program=program, points=points, source_ref=ref, by="test", at=NOW
    )


def test_a_days_cap_of_exchanges_counts_what_was_exchanged_under_the_other_number(
    old, new, program, hotel_points
):
    give(old, hotel_points, 60)
    give(new, hotel_points, 100)
    first = swap(old, hotel_points, program, 60, "first")
    merge(old, new)

    again = swap(new, hotel_points, program, 60, "first")
    with pytest.raises(ExchangeCapReached) as refused:
        swap(new, hotel_points, program, 41, "second")
    swap(new, hotel_points, program, 40, "third")

    assert (again.is_replay, again.posting) == (True, first.posting)
    assert refused.value.facts == {"left": 40}
    assert balance(new, hotel_points) == 60


def test_limits_of_transfers_count_what_was_given_under_the_other_number(old, new, third, program):
    Program.objects.filter(pk=program.pk).update(transfer_cap_day=100, transfer_cap_month=120)
    program.refresh_from_db()
    make_household(old, third)
    give(old, program, 70)
    give(new, program, 100)
    first = hand(old, third, program, 60, "first")
    merge(old, new)

    again = hand(new, third, program, 60, "first")
    with pytest.raises(TransferCapReached) as refused:
        hand(new, third, program, 41, "second")

    assert (again.is_replay, again.posting) == (True, first.posting)
    assert refused.value.facts == {"left": 40}
    assert balance(new, program) == 110


def test_what_was_given_to_the_other_number_is_given_once(old, new, third, program):
    make_household(third, old)
    give(third, program, 100)
    first = hand(third, old, program, 30, "gift")
    merge(old, new)

    again = hand(third, new, program, 30, "gift")

    assert (again.is_replay, again.posting) == (True, first.posting)
    assert balance(third, program) == 70
