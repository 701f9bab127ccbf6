"""The shared cases of a points ledger, through the real services; each id is run here or has its place named.

Where a case leaves a policy open, SETTINGS says which of ours gives its answer.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from common.errors import DomainError
from points.models import ExpiryKind, Posting, PostingKind, Program, ReversalPolicy, Wallet
from points.refusals import InsufficientPoints
from points.selectors.audit import audit
from points.selectors.balances import spendable_balance
from points.selectors.explaining import explain_wallet
from points.services.accrual import Grant, accrue_many, accrue_points
from points.services.expiry import expire_due_lots
from points.services.redemption import redeem_points
from points.services.reversal import reverse_accrual
from tests.factories import make_member, make_program, make_unit

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
CASES = Path(os.environ.get("LOYALTY_SHARED_DATA") or _BESIDE) / "cases" / "ledger_cases.json"

# Run below: what touches points that are there.
RUN = {
    "OL-S01": "spending",
    "OL-S02": "spending more than there is",
    "OL-S03": "what is left of a lot expires; the dead are not spent",
    "OL-X01": "one lot of two expires",
    "OL-X02": "a lot is cancelled",
    "OL-R01": "a price above the balance",
    "OL-R02": "a price that takes the whole balance",
}
# Our settings under which a case has its answer. The rest holds whatever the settings.
SETTINGS = {
    "OL-S03": "expiry per lot (an instant of its own), soonest first, which is also the order of the case",
    "OL-X01": "expiry per lot (an instant of its own)",
    "OL-X02": "reversal policy debt; clamp and refuse answer the same, for nothing was spent",
}
# How many points: tests/activities/rules/test_earning_cases.py; the ledger posts the number it is given.
_EARN = "earn rules (activities)"
_TIER = "tiers: they move by qualifying amounts, not by the balance: tests/activities/test_tier_cases.py"
_REWARD = "rewards: stock and limits stand before the ledger is asked: tests/benefits/test_reward_cases.py"
ELSEWHERE = {
    **{f"OL-E{number:02}": _EARN for number in range(1, 13)},
    **{f"OL-T{number:02}": _TIER for number in range(1, 7)},
    **{f"OL-R{number:02}": _REWARD for number in range(3, 7)},
}
EARNED = [case_id for case_id, why in ELSEWHERE.items() if why is _EARN]
START = datetime(2015, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
_serial = count(1)


@pytest.fixture(scope="module")
def cases():
    if not CASES.exists():
        pytest.skip(
            f"{CASES} is not on this machine: set LOYALTY_SHARED_DATA to the folder of the shared data"
        )
    return {case["id"]: case for case in json.loads(CASES.read_text(encoding="utf-8"))}


def test_no_case_is_forgotten(cases):
    assert cases.keys() == RUN.keys() | ELSEWHERE.keys()
    assert len(cases) == 29
    assert not RUN.keys() & ELSEWHERE.keys()
    assert SETTINGS.keys() <= RUN.keys()


class Shop:
    """A member, a unit and a program: the operations of the cases on the real services."""

    def __init__(self, **policy):
        self.unit, self.member = make_unit(), make_member()
        self.program = make_program("", owner=self.unit, **{"expiry_kind": ExpiryKind.NEVER} | policy)
        self.at = START
        self.ends = {}

    def do(self, operation, *told):
        return {"earn": self.earn, "spend": self.spend, "expire": self.expire, "cancel": self.cancel}[
            operation
        ](*told)

    def earn(self, points, lot="", day=None):
        """A lot that the case will expire gets an instant of its own: in the order in which they come."""
        self.at = datetime.fromisoformat(day).replace(tzinfo=UTC) if day else self.at + DAY
        self.ends[lot] = START + timedelta(days=365 + len(self.ends))
        grant = Grant(
            self.member.pk, points, lot or f"lot-{next(_serial)}", self.at, expires_at=self.ends[lot]
        )
        (outcome,) = accrue_many(program=self.program, unit=self.unit, grants=[grant], by="test")
        outcome.or_refuse()

    def spend(self, points, day=None):
        self.at = datetime.fromisoformat(day).replace(tzinfo=UTC) if day else self.at + DAY
        redeem_points(
            member=self.member,
            program=self.program,
            unit=self.unit,
            price=points,
            source_ref=f"spend-{next(_serial)}",
            by="test",
            at=self.at,
        )

    def expire(self, lot):
        self.at = self.ends[lot]
        expire_due_lots(at=self.at)

    def cancel(self, lot):
        given = Posting.objects.get(kind=PostingKind.ACCRUAL, unit=self.unit, source_ref=lot)
        reverse_accrual(
            unit=self.unit,
            accrual_ref=lot,
            points=given.points,
            source_ref=f"cancel-{lot}",
            by="test",
            at=self.at + DAY,
        )

    @property
    def balance(self):
        wallet = Wallet.objects.filter(member=self.member, program=self.program).first()
        return wallet.balance if wallet else 0


def steps_of(case):
    """What was there, and what is done: rewards are prices, the others list operations."""
    given, when = case["given"], case["when"]
    if "balance" in given:
        return [("earn", given["balance"])], ("spend", when["redeem"]["cost"])
    return given["ops"], when


@pytest.mark.django_db
@pytest.mark.parametrize("case_id", RUN)
def test_a_case_of_the_ledger_ends_as_it_says(cases, case_id):
    case = cases[case_id]
    before, when = steps_of(case)
    shop = Shop(reversal_policy=ReversalPolicy.DEBT)
    for step in before:
        shop.do(*step)
    postings = Posting.objects.count()

    refused = None
    try:
        shop.do(*when)
    except DomainError as refusal:
        refused = refusal

    expected = case["then"]
    if "error" in expected:
        assert expected["error"] == "not_enough_points"
        assert isinstance(refused, InsufficientPoints)
        assert Posting.objects.count() == postings
    else:
        assert refused is None
    if "balance" in expected:
        assert shop.balance == expected["balance"]
        assert (
            spendable_balance(member_id=shop.member.pk, program_id=shop.program.pk, at=shop.at)
            == expected["balance"]
        )
    assert explain_wallet(member_id=shop.member.pk, program_code=shop.program.code, at=shop.at).adds_up
    assert audit().is_clean


@pytest.mark.django_db
@pytest.mark.parametrize("policy", [ReversalPolicy.CLAMP, ReversalPolicy.REFUSE])
def test_cancelling_an_unspent_lot_ends_the_same_under_every_policy(cases, policy):
    case = cases["OL-X02"]
    shop = Shop(reversal_policy=policy)
    for step in case["given"]["ops"]:
        shop.do(*step)

    shop.do(*case["when"])

    assert shop.balance == case["then"]["balance"]


@pytest.mark.django_db
@pytest.mark.parametrize("case_id", EARNED)
def test_the_ledger_posts_exactly_what_a_case_of_earning_earns(cases, case_id):
    """How many points is another floor's matter; nothing is added, lost or posted for nothing here."""
    points = cases[case_id]["then"]["points"]
    shop = Shop()
    account = {"member": shop.member, "program": shop.program, "unit": shop.unit}
    if not points:
        with pytest.raises(DomainError) as refused:
            accrue_points(**account, points=points, source_ref=case_id, occurred_at=START, by="test")
        assert refused.value.code == "points_out_of_range"
    else:
        accrue_points(**account, points=points, source_ref=case_id, occurred_at=START, by="test")

    assert shop.balance == points
    assert Program.objects.count() == 1
