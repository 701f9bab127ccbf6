"""Adjustments in the kernel: signed, once a reference, a debt repaid first, nothing written when refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from points import ledger
from points.models import Draw, Lot, Posting, Wallet
from points.selectors.audit import audit
from points.services.reversal import reverse_accrual
from tests.factories import NOW, balance, give, make_member, make_program, make_unit, redeem

pytestmark = pytest.mark.django_db


def adjusted(member: Any, program: Any, points: int, **fields: Any) -> ledger.Adjustment:
    said = {
        "source_ref": "adj-1",
        "at": NOW,
        "expires_at": None,
        "unit_cost": Decimal("0.02"),
        "rolls": False,
        "reason": "Goodwill",
        "detail": {"request": 7, "approved_by": "operator:2"},
    }
    return ledger.Adjustment(
        member_id=member.pk, program_id=program.pk, unit_id=program.owner_id, points=points, **said | fields
    )


@pytest.fixture
def program() -> Any:
    return make_program(owner=make_unit())


def test_points_given_make_one_lot_and_say_why(program) -> None:
    member = make_member()
    ends = datetime(2027, 1, 1, tzinfo=UTC)

    done = ledger.adjust(adjusted(member, program, 500, expires_at=ends), actor="operator:1")

    posting = Posting.objects.get(pk=done.posted_id)
    lot = Lot.objects.get(posting=posting)
    assert (done.name, posting.kind, posting.points, posting.actor) == (
        "posted",
        "adjustment",
        500,
        "operator:1",
    )
    assert posting.detail == {
        "request": 7, "approved_by": "operator:2", "reason": "Goodwill", "points": 500
    }  # fmt: skip
    assert (lot.points, lot.remaining, lot.unit_cost, lot.expires_at) == (500, 500, Decimal("0.02"), ends)
    assert [(entry.house, entry.points) for entry in posting.entries.all()] == [("adjusted", 500)]
    assert balance(member, program) == 500


def test_points_taken_are_drawn_in_spending_order(program) -> None:
    member = make_member()
    late = give(member, program, 300, occurred_at=NOW - timedelta(days=1))
    early = give(member, program, 300, occurred_at=NOW - timedelta(days=9))

    done = ledger.adjust(adjusted(member, program, -400), actor="operator:1")

    drawn = dict(Draw.objects.filter(posting=done.posted_id).values_list("lot__posting", "points"))
    assert drawn == {early.pk: 300, late.pk: 100}
    assert (Posting.objects.get(pk=done.posted_id).points, balance(member, program)) == (400, 200)
    assert audit().disagreements == ()


def test_a_debt_is_repaid_before_anything_can_be_spent(program) -> None:
    member = make_member()
    give(member, program, 300, source_ref="sale")
    redeem(member, program, 300, unit=program.owner)
    reverse_accrual(
        unit=program.owner, accrual_ref="sale", points=300, source_ref="refund", by="test", at=NOW
    )

    ledger.adjust(adjusted(member, program, 500), actor="operator:1")

    wallet = Wallet.objects.get(member=member)
    assert (wallet.balance, wallet.debt) == (200, 0)
    assert Lot.objects.get(posting__kind="adjustment").remaining == 200


def test_taking_more_than_is_there_writes_nothing(program) -> None:
    member = make_member()
    give(member, program, 300)

    done = ledger.adjust(adjusted(member, program, -301), actor="operator:1")
    stranger = ledger.adjust(adjusted(make_member(), program, -1, source_ref="b"), actor="operator:1")

    assert (done.name, done.short) == ("insufficient_points", 1)
    assert (stranger.name, stranger.short) == ("insufficient_points", 1)
    assert Posting.objects.filter(kind="adjustment").count() == 0
    assert Wallet.objects.count() == 1


@pytest.mark.parametrize("points", [0, 10**9 + 1, -(10**9) - 1, 2**63, -(2**63)])
def test_absurd_points_are_refused_by_name(program, points) -> None:
    done = ledger.adjust(adjusted(make_member(), program, points), actor="operator:1")

    assert done.name == "points_out_of_range"
    assert Wallet.objects.count() == 0


def test_one_reference_adjusts_once(program) -> None:
    member = make_member()
    first = ledger.adjust(adjusted(member, program, 500), actor="operator:1")

    again = ledger.adjust(adjusted(member, program, 500), actor="operator:1")
    other = ledger.adjust(adjusted(member, program, -500), actor="operator:1")

    assert (again.name, again.posting_id) == ("replayed", first.posting_id)
    assert other.name == "reference_reused"
    assert balance(member, program) == 500


def test_a_batch_answers_each_in_order_and_a_refused_one_leaves_the_others_alone(program) -> None:
    rich, poor = make_member(), make_member()
    batch = [
        adjusted(rich, program, 500, source_ref="a", reason='a "quoted", 中文 reason'),
        adjusted(poor, program, -1, source_ref="b"),
        adjusted(rich, program, -200, source_ref="c"),
        adjusted(rich, program, 500, source_ref="a"),
    ]

    done = ledger.adjust_many(batch, actor="operator:1")

    assert [answer.name for answer in done] == ["posted", "insufficient_points", "posted", "replayed"]
    assert balance(rich, program) == 300
    assert not Wallet.objects.filter(member=poor).exists()
    assert Posting.objects.get(source_ref="a").detail["reason"] == 'a "quoted", 中文 reason'
