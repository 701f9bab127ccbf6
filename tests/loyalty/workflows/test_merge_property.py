"""Members are merged, spend, are parted and merged again at random: every balance stays explained.

`MERGE_ROUNDS` and `MERGE_STEPS` make it longer; the suite runs a short one.
"""

import os
import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.db.models import Sum

from common.errors import DomainError
from loyalty.workflows.merge_members import merge_members, preview_merge, preview_unmerge, unmerge_members
from members.models import Member, MemberMerge
from members.selectors.aliases import survivor_of
from members.selectors.households import household_of
from members.services.households import accept_invitation, found_household, invite_to_household
from points.models import Hold, Posting, PostingKind, Wallet
from points.selectors.audit import audit
from points.services.accrual import accrue_points
from points.services.expiry import expire_due_lots
from points.services.holds import capture_hold, hold_points, void_hold
from points.services.maturing import release_pending
from points.services.redemption import redeem_points
from points.services.reversal import reverse_accrual, reverse_redemption
from points.services.transfer import transfer_points
from tests.factories import NOW, make_program, make_rate, make_unit
from tests.members.factories import numbered_member

pytestmark = pytest.mark.django_db
ROUNDS = int(os.environ.get("MERGE_ROUNDS", "3"))
STEPS = int(os.environ.get("MERGE_STEPS", "45"))


class World:
    """Four people (or fewer), a friend, two programs; `total` is what all wallets must sum to."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.at: datetime = NOW
        self.total = 0
        self.serial = 0
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.mall, self.hotel = make_unit("MALL"), make_unit("HOTEL", "hotel")
        fixed = make_program("MALLPT", owner=self.mall, expiry_kind="days", expiry_count=40)
        rolling = make_program("HOTELPT", owner=self.hotel, expiry_kind="rolling", expiry_count=1)
        self.programs = [fixed, rolling]
        make_rate(rolling, fixed, 2)
        self.people = [numbered_member() for _ in range(4)]
        self.friend = numbered_member()
        found_household(member=self.friend, shares_points=True, at=NOW)
        place = invite_to_household(by=self.friend, invited={"number": self.people[0].number}, at=NOW)
        assert place is not None
        accept_invitation(member=self.people[0], place_id=place.pk, shares_points=True, at=NOW)

    def step(self) -> None:
        """One thing that may happen, tried; a refusal by name is an answer."""
        often = (self.earn, self.spend, self.merge, self.part)
        seldom = (self.hold, self.end_hold, self.refund, self.cancel, self.transfer, self.release)
        act = self.dice.choice([*often, *often, *seldom, self.wait, self.part_again])
        try:
            act()
            self.done[act.__name__] += 1
        except DomainError as refusal:
            self.refused[refusal.code] += 1

    def someone(self) -> Member:
        """As a door finds them: by any number they ever had."""
        return Member.objects.get(pk=survivor_of(self.dice.choice(self.people).pk))

    def ref(self) -> str:
        self.serial += 1
        return f"ref-{self.serial}"

    def earn(self) -> None:
        points, program = self.dice.randint(1, 300), self.dice.choice(self.programs)
        accrue_points(
            member=self.someone(),
            program=program,
            unit=program.owner,
            points=points,
            source_ref=self.ref(),
            occurred_at=self.at,
            available_at=self.at + timedelta(days=self.dice.choice([0, 0, 5])),
            by="t",
        )
        self.total += points

    def spend(self) -> None:
        before = self.sum()
        redeem_points(
            member=self.someone(),
            program=self.dice.choice(self.programs),
            unit=self.mall,
            price=self.dice.randint(1, 200),
            source_ref=self.ref(),
            by="t",
            at=self.at,
        )
        self.total += self.sum() - before

    def hold(self) -> None:
        hold_points(
            member=self.someone(),
            program=self.programs[0],
            unit=self.mall,
            price=self.dice.randint(1, 80),
            source_ref=self.ref(),
            by="t",
            at=self.at,
            life=timedelta(days=2),
        )

    def end_hold(self) -> None:
        hold = self.any_of(Hold.objects.filter(status="open"))
        before = self.sum()
        if self.dice.random() < 0.5:
            void_hold(hold_id=hold.pk, units=[self.mall], at=self.at)
        else:
            capture_hold(hold_id=hold.pk, units=[self.mall], points=None, by="t", at=self.at)
        self.total += self.sum() - before

    def refund(self) -> None:
        accrual = self.any_of(Posting.objects.filter(kind=PostingKind.ACCRUAL))
        done = reverse_accrual(
            unit=accrual.unit,
            accrual_ref=accrual.source_ref,
            points=self.dice.randint(1, accrual.points),
            source_ref=self.ref(),
            by="t",
            at=self.at,
        )
        self.total -= done.taken + done.owed
        # What is taken back is taken from who goes on with the points.
        assert done.posting.member_id == survivor_of(accrual.member_id)

    def cancel(self) -> None:
        paid = self.any_of(Posting.objects.filter(kind=PostingKind.REDEMPTION))
        before = self.sum()
        reverse_redemption(
            unit=paid.unit,
            redemption_ref=paid.source_ref,
            points=self.dice.randint(1, paid.points),
            source_ref=self.ref(),
            by="t",
            at=self.at,
        )
        self.total += self.sum() - before

    def transfer(self) -> None:
        giver, recipient = self.someone(), self.friend
        if household_of(member_id=giver.pk) is None:
            return
        if self.dice.random() < 0.5:
            giver, recipient = recipient, giver
        transfer_points(
            giver=giver,
            recipient=recipient,
            program=self.programs[0],
            points=self.dice.randint(1, 50),
            source_ref=self.ref(),
            by="t",
            at=self.at,
        )

    def release(self) -> None:
        accrual = self.any_of(Posting.objects.filter(kind=PostingKind.ACCRUAL))
        release_pending(
            unit=accrual.unit, accrual_ref=accrual.source_ref, source_ref=self.ref(), by="t", at=self.at
        )

    def wait(self) -> None:
        self.at += timedelta(days=self.dice.choice([1, 3, 20]))
        before = self.sum()
        expire_due_lots(at=self.at)
        self.total += self.sum() - before

    def merge(self) -> None:
        """Two at random, aliases too: what may not be is refused by name."""
        survivor, alias = self.dice.sample(self.people, 2)
        before = {one.pk: self.sum_of(one) for one in self.people}
        told = {"survivor_id": survivor.pk, "alias_id": alias.pk, "by": "user:1", "at": self.at}
        seal = preview_merge(**told).seal
        assert before == {one.pk: self.sum_of(one) for one in self.people}, "a preview moved points"
        merge_members(**told, evidence="seen", seal=seal)
        assert self.sum_of(survivor) == before[survivor.pk] + before[alias.pk]
        assert self.sum_of(alias) == 0

    def part(self) -> None:
        merge = self.any_of(MemberMerge.objects.filter(undone_by=None))
        told = {"merge": merge, "by": "user:1", "at": self.at}
        seal = preview_unmerge(**told).seal
        undone = unmerge_members(**told, evidence="two", seal=seal)
        wallets = undone.effects["wallets"]
        if not merge.effects["aliases"]:
            back = sum(one["points"] - one["debt"] for one in wallets)
            assert self.sum_of(merge.alias) == back, "what was told is not what went back"

    def part_again(self) -> None:
        merge = self.any_of(MemberMerge.objects.exclude(undone_by=None))
        unmerge_members(merge=merge, evidence="two", by="user:1", at=self.at)

    def any_of(self, rows):
        found = list(rows.order_by("pk"))
        if not found:
            raise DomainError
        return self.dice.choice(found)

    def sum(self) -> int:
        return Wallet.objects.aggregate(points=Sum("balance"))["points"] or 0

    def sum_of(self, member: Member) -> int:
        return Wallet.objects.filter(member=member).aggregate(points=Sum("balance"))["points"] or 0

    def is_explained(self) -> None:
        """The books agree, nothing came from nowhere, no alias owns anything or is pointed at."""
        assert audit().disagreements == ()
        assert self.sum() == self.total
        for alias in Member.objects.exclude(merged_into=None).select_related("merged_into"):
            assert alias.merged_into is not None
            assert alias.merged_into.merged_into is None
            wallets = Wallet.objects.filter(member=alias)
            assert {(w.balance, w.debt, w.merged_into) for w in wallets} <= {(0, 0, alias.merged_into_id)}


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_whatever_happens_every_balance_is_explained(seed):
    world = World(seed)

    for number in range(STEPS):
        world.step()
        if number % 15 == 14:
            world.is_explained()

    world.is_explained()
    assert world.done["merge"]
    assert world.done["part"]
