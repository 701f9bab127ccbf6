"""Renewals against the sweep, and wallets that come to be while somebody waits for the member's others.

Each test was seen red without its guard: the sweep's wallet locks, its second look, and the choosing again.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection, transaction

from points.models import Draw, Lot
from points.rules.expiry import expiry_instant
from points.selectors.audit import audit
from points.services import holds
from points.services.accrual import policy_of
from points.services.exchange import exchange_points
from points.services.expiry import expire_due_lots
from points.services.reversal import reverse_accrual
from tests.factories import NOW, balance, give, make_member, make_program, make_rate, make_unit, redeem
from tests.races.test_interleavings import answered, between, is_anybody_waiting, wait_until
from tests.races.test_points_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
HOUR = timedelta(hours=1)


class World:
    """100 rolling points that die at `dead_at`, and what may happen to them an hour before and after."""

    def __init__(self):
        self.unit, self.member = make_unit("MALL"), make_member()
        self.program = make_program("ROLL", owner=self.unit, expiry_kind="rolling", expiry_count=30)
        give(self.member, self.program, 100, source_ref="old", occurred_at=NOW)
        self.dead_at = expiry_instant(policy_of(self.program), NOW)
        self.in_time = self.dead_at - HOUR

    @property
    def old(self):
        return Lot.objects.get(posting__source_ref="old")

    def earn(self, ref="new"):
        give(self.member, self.program, 10, source_ref=ref, occurred_at=self.in_time)

    def redeem(self):
        redeem(self.member, self.program, 10, unit=self.unit, at=self.in_time)

    def hold(self):
        what = {"member": self.member, "program": self.program, "unit": self.unit, "price": 10}
        return holds.hold_points(**what, source_ref="held", by="test", at=self.in_time).hold

    def capture(self, hold):
        holds.capture_hold(hold_id=hold.pk, units=[self.unit], points=10, by="test", at=self.in_time)

    def sweep(self):
        return expire_due_lots(at=self.dead_at + HOUR)


@pytest.fixture
def world():
    return World()


@contextmanager
def opened(call):
    """`call` has acted in a transaction of its own that commits when the block ends."""
    acted, may_commit = Event(), Event()

    def slow():
        try:
            with transaction.atomic():
                call()
                acted.set()
                may_commit.wait(5)
        finally:
            acted.set()
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(slow)
        acted.wait()
        try:
            yield
        finally:
            may_commit.set()
            done.result()


@pytest.mark.parametrize("activity", ["earn", "redeem", "capture"])
def test_a_sweep_that_waited_for_a_renewal_leaves_the_lot_alone(world, activity):
    act = getattr(world, activity)
    if activity == "capture":
        hold = world.hold()
        act = lambda: world.capture(hold)  # noqa: E731 -- one line says it

    swept = between(act, world.sweep)

    assert swept.points == 0
    assert world.old.expires_at == expiry_instant(policy_of(world.program), world.in_time)
    assert audit().is_clean


def test_a_late_report_that_waited_for_the_sweep_revives_nothing(world):
    between(world.sweep, world.earn)

    assert (world.old.is_open, world.old.expires_at) == (False, world.dead_at)
    assert balance(world.member, world.program) == 10
    assert audit().is_clean


def test_a_rest_that_was_held_when_the_sweep_came_is_not_revived(world):
    hold = world.hold()
    between(world.sweep, world.earn)

    holds.void_hold(hold_id=hold.pk, units=[world.unit], at=world.dead_at)

    assert (world.old.remaining, world.old.expires_at) == (10, world.dead_at)
    assert world.sweep().points == 10
    assert audit().is_clean


def test_reports_and_sweeps_at_once_renew_a_lot_or_book_it_never_both():
    unit = make_unit()
    program = make_program(owner=unit, expiry_kind="rolling", expiry_count=30)
    members = [make_member() for _ in range(40)]
    for member in members:
        give(member, program, 100, source_ref=f"old-{member.pk}", occurred_at=NOW)
    dead_at = expiry_instant(policy_of(program), NOW)

    def report(member):
        give(member, program, 1, source_ref=f"new-{member.pk}", occurred_at=dead_at - HOUR)

    def sweep():
        expire_due_lots(at=dead_at + HOUR, wallets_a_chunk=5)

    jobs = [job for member in members for job in (lambda m=member: report(m), sweep)]
    at_once(6, jobs)

    booked = set(Draw.objects.values_list("lot_id", flat=True))
    ends = Counter()
    for lot in Lot.objects.filter(posting__source_ref__startswith="old-"):
        assert (lot.pk in booked) != (lot.expires_at > dead_at)
        assert lot.is_open == (lot.expires_at > dead_at)
        ends[lot.is_open] += 1
    assert sum(ends.values()) == 40
    assert audit().is_clean


@pytest.mark.parametrize("spend", ["redeem", "hold", "exchange"])
def test_a_wallet_that_came_to_be_while_one_waited_is_locked_before_it_pays(spend):
    unit, member = make_unit("MALL"), make_member()
    own, other = make_program("OWN", owner=unit), make_program("OTHER", owner=unit)
    make_rate(other, own, 1)
    give(member, own, 1)
    who = {"by": "test", "at": NOW}
    terms = {"member": member, "program": own, "unit": unit, "price": 100}
    calls = {
        "redeem": lambda: redeem(member, own, 100, unit=unit),
        "hold": lambda: holds.hold_points(**terms, source_ref="h", **who),
        "exchange": lambda: exchange_points(
            member=member, source=other, target=own, points=100, source_ref="x", **who
        ),
    }

    def take_back():
        reverse_accrual(unit=unit, accrual_ref="late", points=100, source_ref="r", **who)

    def asked():
        try:
            return answered(calls[spend])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with ExitStack() as emptying:
            with opened(lambda: give(member, own, 1)):
                spending = pool.submit(asked)
                wait_until(is_anybody_waiting)
                # The other wallet comes to be, and is being emptied by one who holds its lock.
                give(member, other, 100, source_ref="late")
                emptying.enter_context(opened(take_back))
            wait_until(is_anybody_waiting)
        answer = spending.result()

    assert answer == "insufficient_points"
    assert (balance(member, own), balance(member, other)) == (2, 0)
    assert audit().is_clean
