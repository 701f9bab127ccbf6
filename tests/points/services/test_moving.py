"""Moving wallets for a merge, and undoing it: lots and debt as they were, and what cannot go back is said."""

from datetime import timedelta

import pytest

from points import ledger
from points.models import Lot, Posting, Wallet
from points.refusals import (
    MemberNotActive,
    NothingToMove,
    NotReversible,
    ReferenceReused,
    SameMember,
    WalletHasHolds,
)
from points.selectors.audit import audit
from points.services.expiry import expire_due_lots
from points.services.holds import hold_points, void_hold
from points.services.moving import move_wallets, undo_move
from points.services.reversal import reverse_accrual
from tests.factories import NOW, balance, give, make_member, make_program, make_unit, redeem

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(days=2)


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALL", owner=mall)


@pytest.fixture
def old():
    return make_member()


@pytest.fixture
def new():
    return make_member()


def move(old, new, source_ref="merge-1", **fields):
    return move_wallets(giver=old, recipient=new, source_ref=source_ref, **{"by": "test", "at": NOW} | fields)


def undo(move, source_ref="undo-1", at=NOW):
    return undo_move(move=move.posting, source_ref=source_ref, by="test", at=at)


def owe(member, program, points, ref="bought"):
    give(member, program, points, source_ref=ref, unit=program.owner)
    redeem(member, program, points, unit=program.owner)
    reverse_accrual(
        unit=program.owner, accrual_ref=ref, points=points, source_ref=f"refund-{ref}", by="test", at=NOW
    )


def state(*members):
    """(balance, debt) of each, the first wallet; and that the books agree."""
    assert audit().disagreements == ()
    wallets = {w.member_id: (w.balance, w.debt) for w in Wallet.objects.all()}
    return [wallets.get(member.pk) for member in members]


def test_every_lot_moves_as_it_is_pending_and_dead_ones_too(old, new, program, mall):
    give(old, program, 100)
    give(old, program, 50, available_at=SOON)
    program.expiry_kind, program.expiry_count = "days", 1
    give(old, program, 7, occurred_at=NOW - timedelta(days=9))
    give(new, program, 1)
    before = set(Lot.objects.filter(wallet__member=old).values_list(*KEPT))

    (done,) = move(old, new)

    assert set(Lot.objects.filter(posting=done.posting).values_list(*KEPT)) == before
    assert (done.points, done.debt, done.posting.kind, done.posting.points) == (157, 0, "move", 157)
    assert state(old, new) == [(0, 0), (158, 0)]
    expire_due_lots(at=NOW)
    assert state(old, new) == [(0, 0), (151, 0)]


KEPT = ("issuer", "points", "unit_cost", "earned_at", "available_at", "expires_at", "rolls")


def test_all_programs_move_one_posting_each_and_empty_wallets_are_passed_over(old, new, program, mall):
    other, empty = make_program(owner=mall), make_program(owner=mall)
    give(old, program, 100)
    give(old, other, 30)
    give(old, empty, 5)
    redeem(old, empty, 5, unit=mall)

    done = move(old, new)

    assert sorted(one.points for one in done) == [30, 100]
    assert (balance(new, program), balance(new, other)) == (100, 30)


def test_one_program_can_be_moved_alone(old, new, program, mall):
    other = make_program(owner=mall)
    give(old, program, 100)
    give(old, other, 30)

    move(old, new, program=program)

    assert (balance(old, other), balance(new, program)) == (30, 100)


def test_a_debt_moves_along(old, new, program):
    owe(old, program, 80)
    give(new, program, 100)

    (done,) = move(old, new)

    assert (done.points, done.debt, done.posting.points) == (0, 80, 80)
    assert state(old, new) == [(0, 0), (20, 80)]


def test_a_debt_and_as_many_points_move_though_their_sum_is_zero(old, new, program, mall):
    paid = give(old, program, 80, source_ref="bought", unit=mall)
    sale = redeem(old, program, 80, unit=mall, source_ref="sale")
    reverse_accrual(unit=mall, accrual_ref="bought", points=80, source_ref="r", by="test", at=NOW)
    ledger.reverse_redemption(
        original_id=sale.posting.pk, points=80, source_ref="back", at=NOW, grace_until=None, actor="test"
    )
    assert state(old) == [(0, 80)]

    (done,) = move(old, new)

    assert (done.points, done.debt) == (80, 80)
    assert state(old, new) == [(0, 0), (0, 80)]
    assert undo(done).points == 80
    assert state(old, new) == [(0, 80), (0, 0)]
    assert paid.pk


def test_a_debt_of_the_recipient_is_not_repaid_by_a_move(old, new, program):
    owe(new, program, 80)
    give(old, program, 100)

    move(old, new)

    assert state(old, new) == [(0, 0), (20, 80)]


def test_open_holds_are_named_and_nothing_moves(old, new, program, mall):
    other = make_program(owner=mall)
    give(old, other, 30)
    give(old, program, 100)
    spending = ledger.Spending(old.pk, program.pk, mall.pk, 60, "sale", NOW)
    held = ledger.hold(spending, expires_at=NOW + timedelta(minutes=15), actor="test")

    with pytest.raises(WalletHasHolds) as refused:
        move(old, new)

    assert refused.value.facts == {"holds": [str(held.hold_id)]}
    assert not Posting.objects.filter(kind="move").exists()
    assert (balance(old, other), balance(old, program)) == (30, 100)
    ledger.void_hold(hold_id=held.hold_id, at=NOW)
    assert sum(done.points for done in move(old, new)) == 130


def test_the_same_reference_moves_once(old, new, program):
    give(old, program, 100)
    (first,) = move(old, new)

    (again,) = move(old, new)

    assert (again.posting, again.points, again.is_replay) == (first.posting, 100, True)
    with pytest.raises(ReferenceReused):
        move(old, make_member())


def test_a_member_is_not_moved_to_themself_or_to_a_closed_one(old, program):
    give(old, program, 100)

    with pytest.raises(SameMember):
        move(old, old)
    with pytest.raises(MemberNotActive):
        move(old, make_member(status="closed"))
    assert state(old) == [(100, 0)]


def test_a_closed_members_points_move_and_so_do_those_of_an_inactive_program(new, program):
    gone = make_member()
    give(gone, program, 100)
    gone.status, program.is_active = "closed", False
    program.save()

    move(gone, new)

    assert balance(new, program) == 100


class TestUndoing:
    def test_it_puts_every_lot_back_where_it_was(self, old, new, program):
        give(old, program, 100)
        give(old, program, 50, available_at=SOON)
        before = list(Lot.objects.filter(wallet__member=old).order_by("id").values())

        (done,) = move(old, new)
        back = undo(done)

        assert list(Lot.objects.filter(wallet__member=old).order_by("id").values()) == before
        assert (back.points, back.debt, back.kept) == (150, 0, {})
        assert back.posting.reverses == done.posting.pk
        assert state(old, new) == [(150, 0), (0, 0)]

    def test_after_later_spending_it_gives_back_what_is_left_and_says_what_is_not(
        self, old, new, program, mall
    ):
        spent = give(old, program, 100)
        program.expiry_kind, program.expiry_count = "days", 3
        died = give(old, program, 40)
        held = give(old, program, 30, occurred_at=NOW)
        (done,) = move(old, new)
        ledger.adjust(adjusted_down(new, program, 10), actor="test")
        expire_due_lots(at=NOW + timedelta(days=3))
        later = NOW + timedelta(days=2)
        spending = ledger.Spending(new.pk, program.pk, mall.pk, 50, "sale", later)
        ledger.hold(spending, expires_at=later + timedelta(minutes=15), actor="test")

        back = undo(done, at=later)

        lots = {posting.pk: str(Lot.objects.get(posting=posting).pk) for posting in (spent, died, held)}
        assert back.kept == {
            lots[spent.pk]: {"spent": 0, "expired": 0, "held": 20},
            lots[died.pk]: {"spent": 10, "expired": 30, "held": 0},
            lots[held.pk]: {"spent": 0, "expired": 0, "held": 30},
        }
        assert (back.points, back.posting.detail["kept"]) == (80, back.kept)
        assert state(old, new) == [(80, 0), (50, 0)]

    def test_undone_again_it_gives_back_what_came_free_since(self, old, new, program, mall):
        give(old, program, 100)
        (done,) = move(old, new)
        sale = redeem(new, program, 60, unit=mall)
        undo(done)
        ledger.reverse_redemption(
            original_id=sale.posting.pk, points=60, source_ref="back", at=NOW, grace_until=None, actor="test"
        )

        again = undo(done, "undo-2")

        assert (again.points, again.kept) == (60, {})
        assert state(old, new) == [(100, 0), (0, 0)]
        with pytest.raises(NothingToMove):
            undo(done, "undo-3")

    def test_the_same_reference_undoes_once(self, old, new, program):
        give(old, program, 100)
        (done,) = move(old, new)
        first = undo(done)

        again = undo(done)

        assert (again.posting, again.points, again.is_replay) == (first.posting, 100, True)
        (second,) = move(old, new, "merge-2")
        with pytest.raises(ReferenceReused):
            undo(second)

    def test_a_debt_goes_back_as_far_as_it_is_still_owed(self, old, new, program):
        owe(old, program, 80)
        (done,) = move(old, new)
        give(new, program, 30)
        assert state(old, new) == [(0, 0), (-50, 50)]

        back = undo(done)

        assert (back.points, back.debt, back.posting.detail["debt_repaid"]) == (0, 50, 30)
        assert state(old, new) == [(-50, 50), (0, 0)]

    def test_moves_in_a_row_are_undone_last_first(self, old, new, program):
        third = make_member()
        give(old, program, 100)
        owe(new, program, 20)
        (first,) = move(old, new, "a")
        (second,) = move(new, third, "b")
        assert state(old, new, third) == [(0, 0), (0, 0), (80, 20)]

        undo(second, "undo-b")
        undo(first, "undo-a")

        assert state(old, new, third) == [(100, 0), (-20, 20), (0, 0)]

    def test_what_is_no_move_is_not_undone(self, old, program):
        earned = give(old, program, 100)

        with pytest.raises(NotReversible):
            undo_move(move=earned, source_ref="x", by="test", at=NOW)


def adjusted_down(member, program, points):
    return ledger.Adjustment(
        member_id=member.pk,
        program_id=program.pk,
        unit_id=program.owner_id,
        points=-points,
        source_ref="down",
        at=NOW,
        expires_at=None,
        unit_cost=program.unit_cost,
        rolls=False,
        reason="test",
    )


def test_a_rolling_lot_that_was_renewed_meanwhile_comes_back_renewed(old, new, mall):
    rolling = make_program("ROLL", owner=mall, expiry_kind="rolling", expiry_count=30)
    give(old, rolling, 100, occurred_at=NOW - timedelta(days=20))
    (done,) = move(old, new)
    first_end = Lot.objects.get(wallet__member=old).expires_at
    redeem(new, rolling, 10, unit=mall)

    undo(done)

    back = Lot.objects.get(wallet__member=old)
    assert (back.remaining, back.expires_at > first_end) == (90, True)
    assert state(old, new) == [(90, 0), (0, 0)]


@pytest.fixture
def booked_in_part(old, mall):
    """A rolling lot of 100 that ended yesterday: 60 are booked, 40 came free from a hold since."""
    rolling = make_program("ROLL", owner=mall, expiry_kind="rolling", expiry_count=30)
    give(old, rolling, 100, occurred_at=NOW - timedelta(days=32))
    asked = {"member": old, "program": rolling, "unit": mall, "price": 40, "source_ref": "held", "by": "test"}
    held = hold_points(**asked, at=NOW - timedelta(days=31), life=timedelta(days=40)).hold
    expire_due_lots(at=NOW)
    void_hold(hold_id=held.pk, units=[mall], at=NOW)
    return rolling


def earned_long_ago(member, rolling):
    """An activity of when the lot lived, told only now."""
    give(member, rolling, 1, occurred_at=NOW - timedelta(days=20), source_ref="late")


def test_what_is_left_of_a_lot_booked_in_part_stays_dead_in_the_other_wallet(old, new, booked_in_part):
    (done,) = move(old, new)

    earned_long_ago(new, booked_in_part)

    moved = Lot.objects.get(posting=done.posting)
    assert (moved.remaining, moved.expires_at < NOW) == (40, True)
    undo(done)
    assert expire_due_lots(at=NOW).points == 40
    assert state(old, new) == [(0, 0), (1, 0)]


def test_what_died_in_the_other_wallet_ends_there(old, new, mall):
    rolling = make_program("ROLL", owner=mall, expiry_kind="rolling", expiry_count=30)
    give(old, rolling, 100, occurred_at=NOW - timedelta(days=32))
    (done,) = move(old, new, at=NOW - timedelta(days=31))
    asked = {"member": new, "program": rolling, "unit": mall, "price": 40, "source_ref": "held", "by": "test"}
    held = hold_points(**asked, at=NOW - timedelta(days=31), life=timedelta(days=40)).hold
    expire_due_lots(at=NOW)
    void_hold(hold_id=held.pk, units=[mall], at=NOW)

    with pytest.raises(NothingToMove):
        undo(done)

    earned_long_ago(old, rolling)
    assert expire_due_lots(at=NOW).points == 40
    assert state(old, new) == [(1, 0), (0, 0)]
