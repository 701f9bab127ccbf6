"""Quotas over random periods, holds, releases, restorings and time: the ledger against plain Python lists.

ENTITLEMENT_RUNS sets how many random histories are played (default 12).
"""

import os
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from benefits.refusals import EntitlementExhausted
from benefits.rules.quota import period_of
from benefits.selectors.places import Spot, group_zone
from benefits.services.usages import hold_right, release_right, restore_usage, use_held, use_right
from points.refusals import HoldNotOpen, ReversalExceedsOriginal
from points.selectors.audit import all_checks
from points.selectors.audit.checks import Scope
from tests.benefits.factories import make_benefit, make_rule, only_right
from tests.factories import make_member, make_unit

pytestmark = pytest.mark.django_db
RUNS = int(os.environ.get("ENTITLEMENT_RUNS", "12"))
STEPS = 40


class Oracle:
    """What is taken, as lists: (period, amount) of usages, and of holds with their ends."""

    def __init__(self, quota, period):
        self.quota, self.period = quota, period
        self.usages, self.holds = {}, {}

    def of(self, at):
        return period_of(self.period, at.astimezone(group_zone()).date()).starts_on

    def left(self, at):
        now = self.of(at)
        used = sum(left for period, _amount, left in self.usages.values() if period == now)
        held = sum(amount for period, amount, until in self.holds.values() if period == now and at < until)
        return max(0, self.quota - used - held)


class History:
    """One right, played by chance; every answer is foretold."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.quota = self.dice.randint(1, 20)
        period = self.dice.choice(["day", "month", "quarter", "year", "total"])
        self.oracle = Oracle(self.quota, period)
        self.unit, self.member = make_unit(), make_member()
        make_rule(make_benefit(kind="GYM", provider=self.unit), self.quota, period)
        self.at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=self.dice.randint(0, 8760))
        self.serial = 0

    def play(self):
        for _step in range(STEPS):
            self.dice.choice(
                [self.use, self.use, self.hold, self.use_hold, self.release, self.restore, self.wait]
            )()
            assert only_right(self.member, at=self.at).left == self.oracle.left(self.at)

    def taking(self):
        self.serial += 1
        return {
            "right_id": only_right(self.member, at=self.at).id,
            "member_id": self.member.pk,
            "amount": Decimal(self.dice.randint(1, 8)),
            "spot": Spot(self.unit),
            "source_ref": f"r{self.serial}",
            "by": "test",
            "at": self.at,
        }

    def agreed(self, allowed, refusal, act):
        """Whether it was done, which it must be if and only if it is allowed."""
        try:
            with transaction.atomic():
                done = act()
        except refusal:
            assert not allowed
            return None
        assert allowed
        return done

    def use(self):
        asked = self.taking()
        fits = asked["amount"] <= self.oracle.left(self.at)
        taken = self.agreed(fits, EntitlementExhausted, lambda: use_right(**asked))
        if taken:
            self.oracle.usages[taken.entry.pk] = (self.oracle.of(self.at), asked["amount"], asked["amount"])

    def hold(self):
        asked, until = self.taking(), self.at + timedelta(minutes=self.dice.choice([1, 15, 60 * 24]))
        fits = asked["amount"] <= self.oracle.left(self.at)
        taken = self.agreed(fits, EntitlementExhausted, lambda: hold_right(**asked, until=until))
        if taken:
            self.oracle.holds[taken.entry.pk] = (self.oracle.of(self.at), asked["amount"], until)

    def use_hold(self):
        if not self.oracle.holds:
            return
        hold = self.dice.choice(list(self.oracle.holds))
        period, amount, until = self.oracle.holds[hold]
        part = Decimal(self.dice.randint(1, int(amount)))
        self.serial += 1
        taken = self.agreed(
            self.at < until,
            HoldNotOpen,
            lambda: use_held(hold_id=hold, amount=part, source_ref=f"r{self.serial}", by="test", at=self.at),
        )
        if taken:
            del self.oracle.holds[hold]
            self.oracle.usages[taken.entry.pk] = (period, part, part)

    def release(self):
        if self.oracle.holds:
            hold = self.dice.choice(list(self.oracle.holds))
            release_right(hold_id=hold, by="test", at=self.at)
            del self.oracle.holds[hold]

    def restore(self):
        if not self.oracle.usages:
            return
        usage = self.dice.choice(list(self.oracle.usages))
        period, amount, left = self.oracle.usages[usage]
        part = Decimal(self.dice.randint(1, 8))
        self.serial += 1
        back = self.agreed(
            part <= left,
            ReversalExceedsOriginal,
            lambda: restore_usage(
                usage_id=usage, amount=part, source_ref=f"r{self.serial}", by="test", at=self.at
            ),
        )
        if back:
            self.oracle.usages[usage] = (period, amount, left - part)

    def wait(self):
        self.at += timedelta(minutes=self.dice.choice([1, 10, 60, 60 * 12, 60 * 24 * 20]))


@pytest.mark.parametrize("seed", range(RUNS))
def test_every_answer_is_what_plain_lists_foretell_and_the_books_are_clean(seed):
    History(seed).play()

    assert _disagreements() == []


def _disagreements():
    with connection.cursor() as cursor:
        ours = [
            check
            for check in all_checks()
            if check.name.startswith(("entitlement", "nobody_took", "an_entry"))
        ]
        assert len(ours) >= 4
        return [row for check in ours for row in check.found(cursor, Scope())[0]]
