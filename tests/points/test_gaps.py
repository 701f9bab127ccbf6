"""What planted bugs got past the other tests: the database's refusals, each check of the audit, corners.

`tests/planted` names the bug that each of these tests catches.
"""

from datetime import timedelta
from decimal import Decimal

import psycopg2
import pytest
from psycopg2.extras import Json

from points import ledger
from points.models import Lot, Wallet
from points.refusals import InsufficientPoints, ReversalExceedsOriginal
from points.selectors.audit import audit
from points.selectors.balances import summary_of, wallets_with_sums
from points.selectors.explaining.balance import explain_balance
from points.services import holds
from points.services.exchange import exchange_points
from points.services.expiry import expire_due_lots
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import NOW, balance, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALL", owner=mall, expiry_kind="days", expiry_count=5)


@pytest.fixture
def member():
    return make_member()


def hold(member, program, unit, price, ref):
    what = {"member": member, "program": program, "unit": unit, "price": price}
    return holds.hold_points(**what, source_ref=ref, by="test", at=NOW).hold


@pytest.fixture
def story(member, mall, program):
    """Earned, paid, refunded into debt, cancelled, held, captured, exchanged, expired: no table is empty."""
    other = make_program("OTHER", owner=mall)
    make_rate(program, other, 1)
    who = {"unit": mall, "by": "test", "at": NOW}
    give(member, program, 50, source_ref="old", unit=mall, occurred_at=NOW - 10 * DAY)
    expire_due_lots(at=NOW)
    give(member, program, 100, source_ref="bought", unit=mall)
    redeem(member, program, 100, unit=mall, source_ref="paid")
    reverse_accrual(accrual_ref="bought", points=60, source_ref="back", **who)
    reverse_redemption(redemption_ref="paid", points=30, source_ref="cancelled", **who)
    give(member, program, 500, source_ref="more", unit=mall)
    exchange_points(
        member=member, source=program, target=other, points=50, source_ref="swap", by="test", at=NOW
    )
    captured = hold(member, program, mall, 40, "captured")
    holds.capture_hold(hold_id=captured.pk, units=[mall], points=25, by="test", at=NOW)
    hold(member, program, mall, 30, "open")
    assert audit().is_clean
    return member


REFUSED = [
    ("posting_points_are_positive", "UPDATE points_posting SET points = 0"),
    ("posting_kind_is_known", "UPDATE points_posting SET kind = 'gift'"),
    ("entry_moves_something", "UPDATE points_entry SET points = 0"),
    ("entry_house_account_is_known", "UPDATE points_entry SET house = 'elsewhere'"),
    ("draw_moves_something", "UPDATE points_draw SET points = 0"),
    ("lot_points_are_positive", "UPDATE points_lot SET points = 0 WHERE NOT is_open"),
    ("lot_amounts_fit", "UPDATE points_lot SET remaining = points + 1, is_open = true"),
    ("lot_amounts_fit", "UPDATE points_lot SET remaining = -1, is_open = false"),
    ("lot_amounts_fit", "UPDATE points_lot SET held = remaining + 1"),
    ("lot_amounts_fit", "UPDATE points_lot SET held = -1"),
    ("lot_amounts_fit", "UPDATE points_lot SET is_open = NOT is_open"),
    ("lot_cost_is_not_negative", "UPDATE points_lot SET unit_cost = -1"),
    ("wallet_debt_is_not_negative", "UPDATE points_wallet SET debt = -1"),
    ("wallet_is_short_only_by_its_debt", "UPDATE points_wallet SET balance = -debt - 1"),
    ("hold_ends_once", "UPDATE points_hold SET closed_at = NULL WHERE status = 'captured'"),
    ("captured_hold_has_its_posting", "UPDATE points_hold SET posting_id = NULL WHERE status = 'captured'"),
    ("held_points_are_positive", "UPDATE points_holdlot SET points = 0"),
]


@pytest.mark.parametrize(("name", "statement"), REFUSED, ids=[statement for _, statement in REFUSED])
def test_the_database_itself_refuses(story, admin_connection, name, statement):
    with admin_connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # past the triggers, as a bug of the owner's

        with pytest.raises(psycopg2.errors.CheckViolation) as refused:
            cursor.execute(statement)

    assert refused.value.diag.constraint_name == name


TAKEN = {
    "a source reference": "UPDATE points_posting SET source_ref = 'same', kind = 'accrual'",
    "a member's wallet": "UPDATE points_wallet SET program_id = (SELECT min(program_id) FROM points_wallet)",
    "a hold's reference": "UPDATE points_hold SET source_ref = 'same'",
}


@pytest.mark.parametrize("statement", TAKEN.values(), ids=TAKEN)
def test_there_is_one_of_each(story, admin_connection, statement):
    with admin_connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")

        with pytest.raises(psycopg2.errors.UniqueViolation):
            cursor.execute(statement)


TAMPERED = {
    "posting_digest": "UPDATE points_posting SET actor = 'nobody' WHERE kind = 'exchange'",
    "posting_has_entries": "DELETE FROM points_entry WHERE house = 'expired'",
    "no_orphans": "DELETE FROM points_posting WHERE kind = 'expiry'",
    "wallet_is_its_entries": "UPDATE points_entry SET points = points + 1 WHERE house = 'exchange'",
    "wallet_is_its_lots": "UPDATE points_wallet SET balance = balance + 1",
    "lot_is_its_draws": "UPDATE points_lot SET remaining = remaining - 1 WHERE remaining > 1",
    "posting_is_its_draws": "UPDATE points_draw SET points = points + 1 WHERE points > 1",
    "debt_is_explained": "UPDATE points_wallet SET debt = debt + 7, balance = balance - 7",
    "reversals_within_original": "UPDATE points_posting SET points = 1000 WHERE kind = 'reversal'",
    "spent_points_were_alive": "UPDATE points_lot SET available_at = available_at + interval '90 days'",
    "lot_is_held_by_its_holds": "UPDATE points_lot SET held = held - 1 WHERE held > 0",
    "capture_within_its_hold": "UPDATE points_hold SET points = 1 WHERE status = 'captured'",
}


@pytest.mark.parametrize("check", TAMPERED)
def test_each_check_of_the_audit_sees_by_itself(story, admin_connection, check):
    with admin_connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(TAMPERED[check])

    assert check in {found.check for found in audit().disagreements}


def test_held_points_beside_a_debt_do_not_count_twice(member, mall, program):
    give(member, program, 100, source_ref="bought", unit=mall)
    redeem(member, program, 100, unit=mall, source_ref="paid")
    reverse_accrual(unit=mall, accrual_ref="bought", points=60, source_ref="back", by="test", at=NOW)
    reverse_redemption(unit=mall, redemption_ref="paid", points=100, source_ref="c", by="test", at=NOW)
    hold(member, program, mall, 30, "held")  # of 100 points beside a debt of 60: ten are left

    with pytest.raises(InsufficientPoints) as refused:
        redeem(member, program, 20, unit=mall)

    assert refused.value.facts["short"] == 10


def test_dead_points_stand_against_no_debt(member, mall, program):
    give(member, program, 100, source_ref="dead", unit=mall, occurred_at=NOW - 10 * DAY)
    give(member, program, 80, source_ref="bought", unit=mall)
    redeem(member, program, 80, unit=mall, source_ref="paid")
    reverse_accrual(unit=mall, accrual_ref="bought", points=80, source_ref="back", by="test", at=NOW)
    reverse_redemption(unit=mall, redemption_ref="paid", points=50, source_ref="c", by="test", at=NOW)

    with pytest.raises(InsufficientPoints) as unswept:  # 50 living points beside a debt of 80
        redeem(member, program, 50, unit=mall)
    told = summary_of(wallets_with_sums(member_id=member.pk, at=NOW).get())
    explained = explain_balance(wallet=Wallet.objects.get(), at=NOW)
    expire_due_lots(at=NOW)
    with pytest.raises(InsufficientPoints) as swept:
        redeem(member, program, 50, unit=mall)

    assert unswept.value.facts["short"] == swept.value.facts["short"] == 50
    assert (told.available, told.kept_for_debt) == (explained.available, explained.kept_for_debt) == (0, 50)


def test_a_refund_leaves_other_dead_lots_to_the_sweep(member, mall, program):
    give(member, program, 100, source_ref="dead", unit=mall, occurred_at=NOW - 10 * DAY)
    give(member, program, 100, source_ref="bought", unit=mall)
    redeem(member, program, 100, unit=mall)

    taken = reverse_accrual(unit=mall, accrual_ref="bought", points=40, source_ref="r", by="test", at=NOW)

    assert (taken.taken, taken.owed) == (0, 40)
    assert Lot.objects.get(posting__source_ref="dead").remaining == 100


def test_an_adjustment_takes_only_what_could_be_spent(member, mall, program):
    give(member, program, 100, unit=mall, available_at=NOW + DAY)

    answer = ledger.adjust(adjustment(member, program, mall, -40, "down"), actor="test")

    assert (answer.name, answer.short, balance(member, program)) == ("insufficient_points", 40, 100)


def adjustment(member, program, unit, points, ref, *, ends=NOW + 5 * DAY, rolls=False):
    return ledger.Adjustment(
        member_id=member.pk, program_id=program.pk, unit_id=unit.pk, points=points, source_ref=ref, at=NOW,
        expires_at=ends, unit_cost=Decimal("0.01"), rolls=rolls, reason="test",
    )  # fmt: skip


@pytest.fixture
def renewed(owner_connection, member, mall, program):
    """By its name, when a lot ends after an activity `days` from now renewed it for 30 days."""

    def ends_after(*, days, ends, rolls=True, until=30):
        ledger.adjust(adjustment(member, program, mall, 10, "lot", ends=ends, rolls=rolls), actor="test")
        at = NOW + days * DAY
        renewals = Json({str(program.pk): (NOW + until * DAY).isoformat()})
        with owner_connection.cursor() as cursor:
            cursor.execute("SELECT points_renew(%s, %s, %s)", [str(member.pk), renewals, at])
        return Lot.objects.get().expires_at

    return ends_after


def test_what_lives_is_renewed(renewed):
    assert renewed(days=4, ends=NOW + 5 * DAY) == NOW + 30 * DAY


def test_a_lot_that_lapsed_is_not_renewed(renewed):
    assert renewed(days=5, ends=NOW + 5 * DAY) == NOW + 5 * DAY


def test_a_late_report_shortens_nothing(renewed):
    assert renewed(days=1, ends=NOW + 40 * DAY) == NOW + 40 * DAY


def test_only_lots_that_roll_are_renewed(renewed):
    assert renewed(days=1, ends=NOW + 5 * DAY, rolls=False) == NOW + 5 * DAY


def test_a_refused_call_makes_no_wallet(member, mall, program):
    with pytest.raises(InsufficientPoints):
        redeem(member, program, 1, unit=mall)

    assert not Wallet.objects.exists()


def test_a_small_price_is_paid_by_the_lot_that_dies_first(member, mall, program):
    give(member, program, 100, source_ref="late", unit=mall, occurred_at=NOW - DAY)
    give(member, program, 100, source_ref="soon", unit=mall, occurred_at=NOW - 3 * DAY)

    redeem(member, program, 10, unit=mall)

    assert Lot.objects.get(posting__source_ref="soon").remaining == 90
    assert audit().is_clean


def test_the_same_reference_at_another_unit_is_another_sale(member, mall, program):
    give(member, program, 100, unit=mall)
    here = redeem(member, program, 10, unit=mall, source_ref="sale")

    there = redeem(member, program, 10, unit=make_unit(), source_ref="sale")

    assert (here.posting != there.posting, balance(member, program)) == (True, 80)


def test_a_cancellation_never_gives_back_more_than_was_paid(member, mall, program):
    give(member, program, 100, unit=mall)
    redeem(member, program, 100, unit=mall, source_ref="paid")
    back = {"unit": mall, "redemption_ref": "paid", "by": "test", "at": NOW}
    reverse_redemption(points=60, source_ref="part-1", **back)

    with pytest.raises(ReversalExceedsOriginal):
        reverse_redemption(points=41, source_ref="part-2", **back)

    assert balance(member, program) == 60


def test_a_capture_of_the_first_lot_lets_the_second_go(member, mall, program):
    give(member, program, 50, unit=mall)
    give(member, program, 50, unit=mall)
    reserved = hold(member, program, mall, 100, "sale")

    holds.capture_hold(hold_id=reserved.pk, units=[mall], points=30, by="test", at=NOW)

    assert sorted(Lot.objects.values_list("remaining", "held")) == [(20, 0), (50, 0)]
