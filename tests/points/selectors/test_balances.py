"""What a member has, by wallet."""

from datetime import UTC, date, datetime, timedelta

import pytest

from points import ledger
from points.models import ExpiryKind, Wallet
from points.selectors.balances import spendable_balance, wallet_summaries
from points.services.holds import hold_points
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import NOW, give, make_member, make_program, make_unit, redeem

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def summary_by_code(member, at=NOW):
    return {summary.program.code: summary for summary in wallet_summaries(member_id=member.pk, at=at)}


def test_a_member_without_wallets_has_no_summaries():
    assert wallet_summaries(member_id=make_member().pk, at=NOW) == []


def test_points_are_told_apart_by_when_they_can_be_spent():
    member, mall = make_member(), make_unit("MALL")
    program = make_program("MALL", owner=mall, expiry_kind=ExpiryKind.DAYS, expiry_count=30)
    give(member, program, 5, occurred_at=NOW - 40 * DAY)  # past its instant, not swept
    give(member, program, 70, occurred_at=NOW - 10 * DAY)
    give(member, program, 900, occurred_at=NOW - DAY, available_at=NOW + DAY)

    told = summary_by_code(member)["MALL"]

    assert (told.available, told.pending, told.expired_unswept, told.debt) == (70, 900, 5, 0)
    assert told.balance == told.available + told.pending + told.expired_unswept - told.debt == 975
    assert told.lots == 3


def test_pending_points_become_available_at_their_instant():
    member, program = make_member(), make_program("MALL", owner=make_unit("MALL"))
    give(member, program, 10, available_at=NOW)

    assert summary_by_code(member, at=NOW)["MALL"].available == 10
    assert summary_by_code(member, at=NOW - timedelta(microseconds=1))["MALL"].pending == 10


def test_expiring_soon_counts_the_asked_days_and_names_the_last_local_day():
    member, mall = make_member(), make_unit("MALL")
    program = make_program("MALL", owner=mall, expiry_kind=ExpiryKind.DAYS, expiry_count=60)
    give(member, program, 100, occurred_at=datetime(2026, 5, 1, 4, tzinfo=UTC))  # good through 30 June
    give(member, program, 30, occurred_at=datetime(2026, 5, 3, 4, tzinfo=UTC))
    give(member, program, 7, occurred_at=datetime(2026, 6, 14, 4, tzinfo=UTC))  # in August

    told = summary_by_code(member)["MALL"]

    assert told.soon_points == 130
    assert told.soonest_expiry == datetime(2026, 6, 30, 16, tzinfo=UTC)
    assert told.last_valid_on == date(2026, 6, 30)


def test_points_that_never_expire_are_not_expiring_soon():
    member, program = make_member(), make_program("MALL", owner=make_unit("MALL"))
    give(member, program, 10)

    told = summary_by_code(member)["MALL"]

    assert (told.soon_points, told.soonest_expiry, told.last_valid_on) == (0, None, None)


def test_a_wallet_that_was_spent_to_the_last_point_still_shows():
    member, mall = make_member(), make_unit("MALL")
    program = make_program("MALL", owner=mall)
    give(member, program, 10)
    redeem(member, program, 10, unit=mall)

    told = summary_by_code(member)["MALL"]

    assert (told.balance, told.available, told.lots) == (0, 0, 0)


def test_another_members_points_are_not_counted():
    member, other, program = make_member(), make_member(), make_program("MALL", owner=make_unit("MALL"))
    give(member, program, 10)
    give(other, program, 500)

    assert summary_by_code(member)["MALL"].available == 10


def test_any_number_of_wallets_costs_one_query(django_assert_num_queries):
    member, unit = make_member(), make_unit()
    for _ in range(3):
        program = make_program(owner=unit)
        for _ in range(4):
            give(member, program, 10)

    with django_assert_num_queries(1):
        told = wallet_summaries(member_id=member.pk, at=NOW)

    assert [summary.available for summary in told] == [40, 40, 40]


def test_spent_lots_are_reached_by_no_part_of_the_query(django_assert_num_queries):
    member = make_member()
    give(member, make_program(owner=make_unit()), 10)

    plan = wallets_plan(member)

    assert "lot_spending_order" in plan
    assert "Seq Scan on points_lot" not in plan


def wallets_plan(member):
    from django.db import connection

    from points.selectors.balances import wallets_with_sums

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    return wallets_with_sums(member_id=member.pk, at=NOW).explain()


def test_spendable_balance_leaves_out_pending_and_expired_points():
    member, mall = make_member(), make_unit("MALL")
    program = make_program("MALL", owner=mall, expiry_kind=ExpiryKind.DAYS, expiry_count=30)
    give(member, program, 5, occurred_at=NOW - 40 * DAY)
    give(member, program, 70)
    give(member, program, 900, available_at=NOW + DAY)

    assert spendable_balance(member_id=member.pk, program_id=program.pk, at=NOW) == 70


def test_spendable_balance_of_an_absent_wallet_is_zero(django_assert_num_queries):
    member, program = make_member(), make_program()

    with django_assert_num_queries(1):
        assert spendable_balance(member_id=member.pk, program_id=program.pk, at=NOW) == 0

    assert not Wallet.objects.exists()


def test_held_points_are_told_apart_and_cannot_be_spent():
    member, mall = make_member(), make_unit("MALL")
    program = make_program("MALL", owner=mall)
    give(member, program, 100)
    hold_points(member=member, program=program, unit=mall, price=30, source_ref="sale", by="test", at=NOW)

    told = summary_by_code(member)["MALL"]

    assert (told.balance, told.available, told.held) == (100, 70, 30)
    assert spendable_balance(member_id=member.pk, program_id=program.pk, at=NOW) == 70


def test_points_put_back_beside_a_debt_are_spendable_only_beyond_it():
    member, mall = make_member(), make_unit("MALL")
    program = make_program("MALL", owner=mall)
    give(member, program, 100, source_ref="sale")
    redeem(member, program, 80, unit=mall, source_ref="paid")
    reverse_accrual(unit=mall, accrual_ref="sale", points=100, source_ref="refund", by="test", at=NOW)
    reverse_redemption(unit=mall, redemption_ref="paid", points=80, source_ref="cancel", by="test", at=NOW)
    give(member, program, 30)

    told = summary_by_code(member)["MALL"]

    assert told.kept_for_debt > 0
    assert told.available == spendable_by_the_kernel(member, program)
    assert told.balance == told.available + told.kept_for_debt - told.debt


def spendable_by_the_kernel(member, program):
    _shares, short = ledger.allocate(member_id=member.pk, program_id=program.pk, price=10**9, at=NOW)
    return 10**9 - short


@pytest.mark.parametrize("owed", [0, 1, 79, 80])
def test_available_is_what_the_kernel_would_spend(owed):
    member, mall = make_member(), make_unit("MALL")
    program = make_program("MALL", owner=mall, expiry_kind=ExpiryKind.DAYS, expiry_count=30)
    give(member, program, 7, occurred_at=NOW - 40 * DAY)
    give(member, program, 100)
    give(member, program, 11, available_at=NOW + DAY)
    hold_points(member=member, program=program, unit=mall, price=20, source_ref="sale", by="test", at=NOW)
    if owed:
        redeem(member, program, owed, unit=mall)

    assert summary_by_code(member)["MALL"].available == spendable_by_the_kernel(member, program)
