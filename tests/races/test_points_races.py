"""Many at one wallet: the sum is exact, nobody deadlocks, one reference posts once.

Each test was seen red without its guard: the wallet locks, their order, the unique source reference.
"""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.db import connection

from common.errors import DomainError
from points import ledger
from points.models import ExchangeRate, Posting, Wallet
from points.refusals import ExchangeCapReached, InsufficientPoints, ReversalExceedsOriginal
from points.selectors.audit import audit
from points.services.accrual import Grant, accrue_many
from points.services.exchange import exchange_points
from points.services.expiry import expire_due_lots
from points.services.reversal import reverse_accrual
from tests.factories import NOW, balance, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def at_once(threads, jobs):
    """The answers of the jobs, run on `threads` threads that start together, each on its own connection."""
    gate = Barrier(threads)

    def worker(mine):
        gate.wait()
        try:
            return [job() for job in mine]
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        parts = [jobs[i::threads] for i in range(threads)]
        return [answer for part in pool.map(worker, parts) for answer in part]


def outcome_of(operation):
    def job():
        try:
            operation()
        except InsufficientPoints:
            return "insufficient"
        return "posted"

    return job


def test_a_wallet_that_covers_ten_pays_ten_of_a_hundred():
    mall, member = make_unit(), make_member()
    program = make_program(owner=mall)
    give(member, program, 1000)

    answers = at_once(10, [outcome_of(lambda: redeem(member, program, 100, unit=mall)) for _ in range(100)])

    assert Counter(answers) == {"posted": 10, "insufficient": 90}
    assert balance(member, program) == 0
    assert audit().is_clean


def test_same_key_fifty_times_at_once_burns_once():
    mall, member = make_unit(), make_member()
    program = make_program(owner=mall)
    # It covers one sale only: a twin that looked before it waited would find too little.
    give(member, program, 100)

    answers = at_once(
        10,
        [lambda: redeem(member, program, 100, unit=mall, source_ref="till-1").posting.pk for _ in range(50)],
    )

    assert len(set(answers)) == 1
    assert balance(member, program) == 0


def test_same_key_fifty_times_at_once_earns_once_even_for_a_new_wallet():
    mall, member = make_unit(), make_member()
    program = make_program(owner=mall)

    answers = at_once(10, [lambda: give(member, program, 7, source_ref="S-1").pk for _ in range(50)])

    assert len(set(answers)) == 1
    assert (balance(member, program), Posting.objects.count()) == (7, 1)


def test_crosswise_redemptions_of_two_wallets_never_deadlock(monkeypatch):
    mall, hotel, member = make_unit(), make_unit(), make_member()
    one, two = make_program(owner=mall), make_program(owner=hotel)
    make_rate(one, two, 1)
    make_rate(two, one, 1)
    give(member, one, 300)
    give(member, two, 300)
    # Without retries a deadlock would show as an error.
    monkeypatch.setattr("common.sql.TRIES", 1)

    def pay(program, unit):
        return outcome_of(lambda: redeem(member, program, 9, unit=unit))

    answers = at_once(8, [pay(one, mall) if i % 2 else pay(two, hotel) for i in range(80)])

    assert Counter(answers) == {"posted": 66, "insufficient": 14}
    assert audit().is_clean


def test_opposed_batches_of_the_same_members_never_deadlock(monkeypatch):
    mall, program = make_unit(), make_program()
    members = [make_member() for _ in range(30)]
    monkeypatch.setattr("common.sql.TRIES", 1)

    def batch(number):
        order = members if number % 2 else members[::-1]
        grants = [Grant(member.pk, 5, f"B{number}-{member.number}", NOW) for member in order]
        return lambda: accrue_many(program=program, unit=mall, grants=grants, by="test")

    at_once(6, [batch(number) for number in range(24)])

    assert set(Wallet.objects.values_list("balance", flat=True)) == {24 * 5}
    assert audit().is_clean


def test_overlapping_batches_post_each_reference_once():
    mall, program = make_unit(), make_program()
    members = [make_member() for _ in range(20)]

    def batch(start):
        grants = [Grant(members[i % 20].pk, 3, f"S-{i}", NOW) for i in range(start, start + 60)]
        return lambda: accrue_many(program=program, unit=mall, grants=grants, by="test")

    at_once(4, [batch(start) for start in (0, 20, 40, 10, 30, 50, 0, 40)])

    assert Posting.objects.count() == 110
    assert sum(Wallet.objects.values_list("balance", flat=True)) == 330
    assert audit().is_clean


def test_a_point_is_spent_or_expired_never_both_never_neither():
    mall = make_unit()
    program = make_program(owner=mall, expiry_kind="days", expiry_count=5)
    members = [make_member() for _ in range(40)]
    for member in members:
        give(member, program, 10)

    spend = [outcome_of(lambda m=m: redeem(m, program, 10, unit=mall)) for m in members]
    sweeps = [lambda: expire_due_lots(at=NOW + timedelta(days=60), wallets_a_chunk=3) for _ in range(40)]
    at_once(8, [job for pair in zip(spend, sweeps, strict=True) for job in pair])

    counts = Counter(Posting.objects.exclude(kind="accrual").values_list("kind", flat=True))
    assert sum(counts.values()) == 40
    assert set(Wallet.objects.values_list("balance", flat=True)) == {0}
    assert audit().is_clean


def test_batch_redemptions_beside_single_ones_spend_no_point_twice():
    mall = make_unit()
    program = make_program(owner=mall)
    members = [make_member() for _ in range(10)]
    for member in members:
        give(member, program, 50)

    def batch(number):
        order = members if number % 2 else members[::-1]
        spendings = [
            ledger.Spending(m.pk, program.pk, mall.pk, 10, f"B{number}-{m.number}", NOW) for m in order
        ]
        return lambda: Counter(o.name for o in ledger.redeem_many(spendings, actor="test"))

    answers = at_once(5, [batch(number) for number in range(15)])

    assert sum(answers, Counter()) == {"posted": 50, "insufficient_points": 100}
    assert set(Wallet.objects.values_list("balance", flat=True)) == {0}
    assert audit().is_clean


def test_a_refund_cut_and_raced_takes_back_the_whole_once():
    mall, member = make_unit(), make_member()
    program = make_program(owner=mall)
    give(member, program, 100, source_ref="bought", unit=mall)
    give(member, program, 100, source_ref="kept", unit=mall)

    def refund(number):
        def job():
            try:
                reverse_accrual(
                    unit=mall, accrual_ref="bought", points=7, source_ref=f"r-{number}", by="test", at=NOW
                )
            except ReversalExceedsOriginal:
                return "exceeds"
            return "posted"

        return job

    answers = at_once(8, [refund(number) for number in range(40)])

    assert Counter(answers) == {"posted": 14, "exceeds": 26}
    assert balance(member, program) == 200 - 14 * 7
    assert audit().is_clean


def test_a_debt_is_repaid_once_by_batches_that_race():
    mall, member = make_unit(), make_member()
    program = make_program(owner=mall)
    give(member, program, 500, source_ref="bought", unit=mall)
    redeem(member, program, 500, unit=mall)
    reverse_accrual(unit=mall, accrual_ref="bought", points=500, source_ref="r", by="test", at=NOW)

    def batch(number):
        grants = [Grant(member.pk, 10, f"B{number}-{i}", NOW) for i in range(5)]
        return lambda: accrue_many(program=program, unit=mall, grants=grants, by="test")

    at_once(8, [batch(number) for number in range(24)])

    wallet = Wallet.objects.get()
    assert (wallet.balance, wallet.debt) == (24 * 50 - 500, 0)
    assert audit().is_clean


def test_a_daily_cap_is_exact_under_parallel_exchanges():
    mall, hotel, member = make_unit(), make_unit(), make_member()
    source, target = make_program(owner=hotel), make_program(owner=mall)
    rate = make_rate(source, target, 2)
    type(rate).objects.filter(pk=rate.pk).update(cap_per_member_day=100)
    give(member, source, 1000)

    def swap(number):
        def job():
            try:
                exchange_points(
                    member=member,
                    source=source,
                    target=target,
                    points=10,
                    source_ref=f"x-{number}",
                    by="test",
                    at=NOW,
                )
            except ExchangeCapReached:
                return "capped"
            return "posted"

        return job

    answers = at_once(8, [swap(number) for number in range(40)])

    assert Counter(answers) == {"posted": 10, "capped": 30}
    assert (balance(member, source), balance(member, target)) == (900, 200)
    assert audit().is_clean


def test_a_cap_holds_for_a_wallet_that_came_to_be_while_somebody_waited(admin_connection):
    unit, member = make_unit("MALL"), make_member()
    source, target = make_program("OWN", owner=unit), make_program("OTHER", owner=unit)
    ExchangeRate.objects.filter(pk=make_rate(source, target, 1).pk).update(cap_per_member_day=80)
    what = {"member": member, "source": source, "target": target, "points": 80, "by": "test", "at": NOW}
    admin_connection.autocommit = False
    are_ready, goes = Barrier(3), {"early": Event(), "late": Event()}

    def exchange(ref):
        with suppress(
            InsufficientPoints
        ):  # a new connection reads the kernel's text, and with it the rates' columns
            exchange_points(**what, source_ref="nothing is there yet")
        are_ready.wait()
        goes[ref].wait()
        try:
            return exchange_points(**what, source_ref=ref).given
        except DomainError:
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        given = [pool.submit(exchange, ref) for ref in goes]
        are_ready.wait()
        with admin_connection.cursor() as cursor:
            cursor.execute("LOCK TABLE points_exchangerate IN ACCESS EXCLUSIVE MODE")
        goes["early"].set()
        time.sleep(0.5)  # it found no wallet to lock, and waits for the rate
        give(member, source, 200, unit=unit)
        goes["late"].set()
        time.sleep(0.5)
        admin_connection.rollback()

        assert sum(points.result() for points in given) == 80
    assert audit().is_clean
