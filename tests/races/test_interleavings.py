"""Two calls, the second while the first is not yet committed: no luck is needed to see a missing lock.

`tests/planted` takes each lock away and turns each order round; each time a test of this file goes red.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection, transaction

from common.errors import DomainError
from points import ledger
from points.models import ExchangeRate, Posting, Wallet
from points.selectors.audit import audit
from points.services import holds
from points.services.accrual import Grant, accrue_many
from points.services.exchange import exchange_points
from points.services.expiry import expire_due_lots
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]

LATER = NOW + timedelta(days=60)
WAITS_SECONDS_MAX = 2.5


class World:
    """A member with 100 points of one program and 100 of another, and every call that can touch them."""

    def __init__(self):
        self.unit, self.member = make_unit("MALL"), make_member()
        self.program = make_program("OWN", owner=self.unit, expiry_kind="days", expiry_count=30)
        self.other = make_program("OTHER", owner=self.unit, expiry_kind="days", expiry_count=30)
        give(self.member, self.program, 100, source_ref="bought", unit=self.unit)
        give(self.member, self.other, 100, source_ref="other", unit=self.unit)
        self.who = {"by": "test", "at": NOW}

    def redeem(self, ref="r", price=80):
        return redeem(self.member, self.program, price, unit=self.unit, source_ref=ref)

    def redeem_many(self, ref="rm", price=80):
        spending = ledger.Spending(self.member.pk, self.program.pk, self.unit.pk, price, ref, NOW)
        return ledger.redeem_many([spending], actor="test")[0].or_refuse()

    def hold(self, ref="h", price=80):
        what = {"member": self.member, "program": self.program, "unit": self.unit, "price": price}
        return holds.hold_points(**what, source_ref=ref, **self.who)

    def capture(self, hold, points=None):
        return holds.capture_hold(hold_id=hold.pk, units=[self.unit], points=points, **self.who)

    def void(self, hold):
        return holds.void_hold(hold_id=hold.pk, units=[self.unit], at=NOW)

    def refund(self, ref="f", points=60):
        return reverse_accrual(
            unit=self.unit, accrual_ref="bought", points=points, source_ref=ref, **self.who
        )

    def cancel(self, ref="c", points=60, paid="paid"):
        return reverse_redemption(
            unit=self.unit, redemption_ref=paid, points=points, source_ref=ref, **self.who
        )

    def exchange(self, ref="x", points=80):
        what = {"member": self.member, "source": self.program, "target": self.other, "points": points}
        return exchange_points(**what, source_ref=ref, **self.who)

    def sweep(self):
        return expire_due_lots(at=LATER)

    def accrue(self, ref="a", points=30):
        return give(self.member, self.program, points, source_ref=ref, unit=self.unit)

    def accrue_many(self, ref="am", points=30):
        grants = [Grant(self.member.pk, points, ref, NOW)]
        return accrue_many(program=self.program, unit=self.unit, grants=grants, by="test")

    def wallet(self):
        return Wallet.objects.get(member=self.member, program=self.program)


@pytest.fixture
def world():
    return World()


def between(first, second):
    """The answer (or refusal's code) of `second`, called when `first` has acted but not committed."""
    acted, may_commit = Event(), Event()

    def slow():
        try:
            with transaction.atomic():
                first()
                acted.set()
                may_commit.wait(WAITS_SECONDS_MAX)
        finally:
            acted.set()
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(slow)
        acted.wait()
        other = pool.submit(answered, second)
        wait_until(lambda: other.done() or is_anybody_waiting())
        may_commit.set()
        one.result()
        return other.result()


def answered(call):
    try:
        return call()
    except DomainError as refusal:
        return refusal.code
    finally:
        connection.close()


def wait_until(is_so):
    deadline = time.monotonic() + WAITS_SECONDS_MAX
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.01)


def is_anybody_waiting():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return cursor.fetchone()[0]


SPENDERS = ("redeem", "redeem_many", "hold", "exchange")


@pytest.mark.parametrize("second", SPENDERS)
@pytest.mark.parametrize("first", SPENDERS)
def test_who_comes_while_another_spends_finds_what_is_left(world, first, second):
    make_rate(world.program, world.other, 1)

    answer = between(getattr(world, first), lambda: getattr(world, second)(ref="second"))

    assert answer == "insufficient_points"
    assert audit().is_clean


@pytest.mark.parametrize("call", [*SPENDERS, "refund"])
def test_a_twin_that_waited_hears_the_first_ones_answer(world, call):
    make_rate(world.program, world.other, 1)

    twin = between(getattr(world, call), getattr(world, call))

    assert twin.is_replay
    assert audit().is_clean


@pytest.mark.parametrize("call", ["accrue", "accrue_many"])
def test_a_twin_of_an_accrual_posts_nothing(world, call):
    between(getattr(world, call), getattr(world, call))

    assert world.wallet().balance == 130
    assert audit().is_clean


@pytest.mark.parametrize("second", SPENDERS)
def test_points_that_are_just_being_swept_cannot_be_spent(world, second):
    make_rate(world.program, world.other, 1)

    assert between(world.sweep, getattr(world, second)) == "insufficient_points"
    assert audit().is_clean


def test_a_sweep_takes_what_a_sale_left(world):
    swept = between(world.redeem, world.sweep)

    assert (swept.points, world.wallet().balance) == (120, 0)
    assert audit().is_clean


def test_two_sweeps_expire_once(world):
    between(world.sweep, world.sweep)

    assert Posting.objects.filter(kind="expiry").count() == 2
    assert audit().is_clean


def test_a_hold_ends_once(world):
    held = [world.hold(f"h{number}", 20).hold for number in range(4)]

    answers = [
        between(lambda: world.capture(held[0]), lambda: world.void(held[0])),
        between(lambda: world.void(held[1]), lambda: world.capture(held[1])),
        between(lambda: world.capture(held[2], 20), lambda: world.capture(held[2], 10)),
        between(lambda: holds.time_out_holds(at=NOW + holds.HOLD_LIFE), lambda: world.capture(held[3])),
    ]

    assert answers == ["hold_not_open", "hold_not_open", "reference_reused", "hold_not_open"]
    assert world.wallet().balance == 60
    assert audit().is_clean


def test_two_time_outs_release_once(world):
    world.hold()

    between(
        lambda: holds.time_out_holds(at=NOW + holds.HOLD_LIFE),
        lambda: ledger.time_out_holds(at=NOW + holds.HOLD_LIFE, holds=10),
    )

    assert audit().is_clean


def test_a_refund_waits_for_the_other_and_exceeds_with_it(world):
    assert between(world.refund, lambda: world.refund("f2")) == "reversal_exceeds_original"
    assert audit().is_clean


def test_a_cancellation_waits_for_the_other_and_exceeds_with_it(world):
    world.redeem("paid", 100)

    assert between(world.cancel, lambda: world.cancel("c2")) == "reversal_exceeds_original"
    assert between(lambda: world.cancel("c3", 40), lambda: world.cancel("c3", 40)).is_replay
    assert audit().is_clean


def test_a_refund_takes_no_point_that_is_just_being_spent(world):
    refund = between(world.redeem, world.refund)

    assert (refund.taken, refund.owed) == (20, 40)
    assert audit().is_clean


@pytest.mark.parametrize("call", ["accrue", "accrue_many"])
def test_an_accrual_repays_a_debt_that_is_just_arising(world, call):
    world.redeem("paid", 100)

    between(world.refund, getattr(world, call))

    assert (world.wallet().balance, world.wallet().debt) == (-30, 30)
    assert audit().is_clean


def test_a_cap_counts_what_is_just_being_exchanged(world):
    rate = make_rate(world.program, world.other, 1)
    ExchangeRate.objects.filter(pk=rate.pk).update(cap_per_member_day=60)

    answer = between(lambda: world.exchange("x1", 40), lambda: world.exchange("x2", 30))

    assert answer == "exchange_cap_reached"


def _two_members(world):
    """A second member, whose wallet comes after the first's, and a call that names the second first."""
    later = make_member()
    give(later, world.program, 100, source_ref="later", unit=world.unit)
    return later


def _spend_batch(world):
    later = _two_members(world)
    pays = [
        ledger.Spending(member.pk, world.program.pk, world.unit.pk, 10, f"b-{member.pk}", NOW)
        for member in (later, world.member)
    ]
    return lambda: ledger.redeem_many(pays, actor="test")


def _earn_batch(world):
    grants = [Grant(member.pk, 10, f"b-{member.pk}", NOW) for member in (_two_members(world), world.member)]
    return lambda: accrue_many(program=world.program, unit=world.unit, grants=grants, by="test")


def _exchange(world):
    make_rate(world.program, world.other, 1)
    return world.exchange


def _cancel(world):
    world.redeem("paid", 10)
    return lambda: world.cancel(points=5)


def _on_a_hold(act):
    def made(world):
        hold = world.hold(price=10).hold
        return lambda: act(world, hold)

    return made


TAKES_WALLETS = {
    "redeem": lambda world: world.redeem,
    "redeem a batch": _spend_batch,
    "accrue a batch": _earn_batch,
    "hold": lambda world: world.hold,
    "capture": _on_a_hold(lambda world, hold: world.capture(hold)),
    "void": _on_a_hold(lambda world, hold: world.void(hold)),
    "time out": _on_a_hold(lambda _world, _hold: holds.time_out_holds(at=NOW + holds.HOLD_LIFE)),
    "cancel": _cancel,
    "exchange": _exchange,
    "sweep": lambda world: world.sweep,
}


@pytest.mark.parametrize("prepared", TAKES_WALLETS.values(), ids=TAKES_WALLETS)
def test_who_waits_for_the_first_wallet_holds_none_of_the_others(world, owner_connection, prepared):
    call = prepared(world)
    first, *others = Wallet.objects.order_by("pk").values_list("pk", flat=True)
    lock = "SELECT FROM points_wallet WHERE id = ANY (%s) FOR NO KEY UPDATE NOWAIT"
    owner_connection.autocommit = False

    with ThreadPoolExecutor(1) as pool, owner_connection.cursor() as cursor:
        cursor.execute(lock, [[first]])
        waiting = pool.submit(answered, call)
        wait_until(lambda: waiting.done() or is_anybody_waiting())
        assert not waiting.done(), "it does not ask for the first wallet"
        try:
            cursor.execute(lock, [others])  # fails where the call holds one of them
            cursor.execute("SELECT FROM points_lot FOR NO KEY UPDATE NOWAIT")
        finally:
            owner_connection.rollback()
        waiting.result()

    assert audit().is_clean


def _asked_twice(call):
    def made(world):
        make_rate(world.program, world.other, 1)
        getattr(world, call)()
        return getattr(world, call)

    return made


@pytest.mark.parametrize("call", ["redeem", "hold", "exchange", "refund", "accrue", "accrue_many"])
def test_a_replay_waits_for_nobody(world, owner_connection, call):
    again = _asked_twice(call)(world)
    owner_connection.autocommit = False

    with ThreadPoolExecutor(1) as pool, owner_connection.cursor() as cursor:
        cursor.execute("SELECT FROM points_wallet FOR NO KEY UPDATE")
        asked = pool.submit(answered, again)
        wait_until(lambda: asked.done() or is_anybody_waiting())
        is_answered = asked.done()
        owner_connection.rollback()
        asked.result()

    assert is_answered
