"""Whatever was done to a wallet, in whatever order: every line of every explanation sums to its figure."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from common.errors import DomainError
from points.models import ExpiryKind, Hold, Lot, Posting, PostingKind, Wallet
from points.selectors.balances import wallet_summaries
from points.selectors.explaining import (
    balance_words,
    explain_balance,
    explain_lot,
    explain_posting,
    lot_words,
    posting_words,
)
from points.services.exchange import exchange_points
from points.services.expiry import expire_due_lots
from points.services.holds import capture_hold, hold_points, void_hold
from points.services.reversal import reverse_accrual, reverse_redemption
from tests.factories import NOW, give, make_member, make_program, make_rate, make_unit, redeem

OPERATIONS = (
    *("earn", "earn", "earn later", "spend", "spend", "hold", "capture", "void", "refund", "cancel"),
    *("exchange", "expire"),
)
STEP = st.tuples(
    st.sampled_from(OPERATIONS), st.integers(1, 300), st.booleans(), st.integers(0, 30), st.integers(0, 9)
)


class TestEveryLineSums(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(STEP, min_size=5, max_size=25), st.sampled_from(["debt", "clamp"]), st.sampled_from([0, 30])
    )
    def test_after_any_operations_every_explanation_adds_up(self, steps, policy, grace_days):
        world = World(policy, grace_days)
        world.run(steps)

        world.check()


class World:
    """One member, two programs that can be exchanged both ways; refusals are part of life."""

    def __init__(self, policy, grace_days):
        self.mall, self.hotel = make_unit(), make_unit("", "hotel")
        terms = {"reversal_policy": policy, "grace_days": grace_days}
        self.programs = [
            make_program("", owner=self.mall, expiry_kind=ExpiryKind.DAYS, expiry_count=40, **terms),
            make_program("", owner=self.hotel, expiry_kind=ExpiryKind.NEVER, **terms),
        ]
        make_rate(self.programs[1], self.programs[0], 2)
        make_rate(self.programs[0], self.programs[1], 1, 3)
        self.member, self.at, self.number = make_member(), NOW, 0

    def run(self, steps):
        for operation, points, first, days, pick in steps:
            self.number += 1
            self.at += timedelta(days=days)
            try:
                self.do(operation, points, self.programs[not first], pick)
            except DomainError:
                continue

    def do(self, operation, points, program, pick):  # noqa: C901, PLR0912 -- one arm an operation
        ref, at, unit = f"{program.pk}-{self.number}", self.at, self.mall if pick % 2 else self.hotel
        common = {"source_ref": ref, "by": "test", "at": at}
        match operation:
            case "earn":
                give(
                    self.member, program, points, unit=unit, source_ref=ref, occurred_at=at, rule="earn:1 v1"
                )
            case "earn later":
                later = at + timedelta(days=7)
                give(
                    self.member,
                    program,
                    points,
                    unit=unit,
                    source_ref=ref,
                    occurred_at=at,
                    available_at=later,
                )
            case "spend":
                redeem(self.member, program, points, unit=unit, source_ref=ref, at=at)
            case "hold":
                hold_points(member=self.member, program=program, unit=unit, price=points, **common)
            case "capture" | "void":
                hold = self.picked(Hold.objects.filter(member=self.member, status="open"), pick)
                end = hold.expires_at - timedelta(seconds=1) if hold else at
                if hold and operation == "capture":
                    price = max(1, hold.points - pick)
                    capture_hold(hold_id=hold.pk, units=[hold.unit], points=price, by="test", at=end)
                elif hold:
                    void_hold(hold_id=hold.pk, units=[hold.unit], at=end)
            case "refund":
                posting = self.picked(self.postings(PostingKind.ACCRUAL), pick)
                if posting:
                    part = max(1, posting.points // (1 + pick))
                    reverse_accrual(unit=posting.unit, accrual_ref=posting.source_ref, points=part, **common)
            case "cancel":
                posting = self.picked(self.postings(PostingKind.REDEMPTION), pick)
                if posting:
                    part = max(1, posting.points // (1 + pick))
                    reverse_redemption(
                        unit=posting.unit, redemption_ref=posting.source_ref, points=part, **common
                    )
            case "exchange":
                (other,) = [each for each in self.programs if each != program]
                exchange_points(member=self.member, source=program, target=other, points=points, **common)
            case "expire":
                expire_due_lots(at=at)

    def postings(self, kind):
        return Posting.objects.filter(member=self.member, kind=kind)

    def picked(self, rows, pick):
        found = list(rows.order_by("pk"))
        return found[pick % len(found)] if found else None

    def check(self):
        instants = sorted(self.postings_posted())
        summaries = {s.program.pk: s for s in wallet_summaries(member_id=self.member.pk, at=self.at)}
        for wallet in Wallet.objects.filter(member=self.member):
            self.check_balance(wallet, summaries[wallet.program_id])
            for as_of in instants[:: max(1, len(instants) // 4)]:
                past = explain_balance(wallet=wallet, at=self.at, as_of=as_of)
                assert past.adds_up
                assert past.debt >= 0
        for lot in Lot.objects.filter(member=self.member):
            explained = explain_lot(lot_id=lot.pk, at=self.at)
            assert explained.adds_up
            assert sum(line.points for line in lot_words.by_kind(explained)) == lot.remaining
        for posting in Posting.objects.filter(member=self.member):
            explained = explain_posting(posting_id=posting.pk)
            assert explained.adds_up, posting
            for line in explained.wallets:
                assert sum(term.points for term in posting_words.by_wallet(line)) == line.moved

    def check_balance(self, wallet, summary):
        explained = explain_balance(wallet=wallet, at=self.at)
        assert explained.adds_up
        assert explained.available == (
            explained.balance
            + explained.debt
            - explained.kept_for_debt
            - explained.pending
            - explained.held
            - explained.expired_unswept
        )
        for name in ("available", "kept_for_debt", "pending", "held", "expired_unswept", "debt"):
            assert getattr(explained, name) == getattr(summary, name)
        for telling in ("by_use", "by_history", "by_lots", "by_origin"):
            lines = getattr(balance_words, telling)(explained)
            assert sum(line.points for line in lines) == wallet.balance, telling
        assert sum(lot.left for lot in explained.lots) - explained.debt == wallet.balance

    def postings_posted(self):
        return Posting.objects.filter(member=self.member).values_list("posted_at", flat=True)


pytestmark = pytest.mark.django_db
