"""Giving points: lots stay what they are, limits hold, a debt is repaid first, a refusal writes nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest

from members.models import HouseholdMember
from points import ledger
from points.models import Draw, Lot, Posting, Wallet
from points.refusals import (
    InsufficientPoints,
    MemberNotActive,
    NotOneHousehold,
    PointsOutOfRange,
    ProgramNotActive,
    ReferenceReused,
    SameMember,
    TransferCapReached,
    UnitNotActive,
)
from points.selectors.audit import audit
from points.services.expiry import expire_due_lots
from points.services.reversal import reverse_accrual
from points.services.transfer import transfer_points
from tests.factories import NOW, balance, give, make_member, make_program, make_unit, redeem
from tests.points.services.households import make_household

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALL", owner=mall)


@pytest.fixture
def giver():
    return make_member()


@pytest.fixture
def recipient(giver):
    member = make_member()
    make_household(giver, member)
    return member


def hand(giver, recipient, program, points, source_ref="t-1", **fields):
    return transfer_points(
        giver=giver,
        recipient=recipient,
        program=program,
        points=points,
        source_ref=source_ref,
        **{"by": "test", "at": NOW} | fields,
    )


def owe(member, program, points):
    """Leave `member` with a debt."""
    give(member, program, points, source_ref="bought", unit=program.owner)
    redeem(member, program, points, unit=program.owner)
    reverse_accrual(
        unit=program.owner, accrual_ref="bought", points=points, source_ref="refund", by="test", at=NOW
    )


def test_what_one_gives_the_other_gets(giver, recipient, program, mall):
    give(giver, program, 500)

    done = hand(giver, recipient, program, 200)

    posting = done.posting
    assert (balance(giver, program), balance(recipient, program)) == (300, 200)
    assert (posting.kind, posting.member, posting.points, posting.unit) == ("transfer", giver, 200, mall)
    assert posting.detail["to"] == str(recipient.pk)
    entries = posting.entries.values_list("member", "house", "points")
    assert sorted(entries, key=str) == sorted(
        [(giver.pk, "transfer", -200), (recipient.pk, "transfer", 200)], key=str
    )
    assert audit().disagreements == ()


def test_lots_keep_issuer_cost_earning_and_expiry(giver, recipient, program):
    hotel = make_unit("HOTEL", "hotel")
    dying = make_program(owner=hotel, expiry_kind="days", expiry_count=30, unit_cost=Decimal("0.0137"))
    give(giver, dying, 300, unit=hotel, occurred_at=NOW - timedelta(days=5))

    done = hand(giver, recipient, dying, 100)

    old, new = Lot.objects.get(wallet__member=giver), Lot.objects.get(wallet__member=recipient)
    kept = ("issuer", "unit_cost", "earned_at", "expires_at", "rolls")
    assert [getattr(new, name) for name in kept] == [getattr(old, name) for name in kept]
    assert (new.points, old.remaining) == (100, 200)
    assert done.posting.detail["lots"] == {str(new.pk): str(old.pk)}


def test_the_soonest_expiring_lots_go_first(giver, recipient, program):
    last = give(giver, program, 100)
    program.expiry_kind, program.expiry_count = "days", 30
    second = give(giver, program, 100, occurred_at=NOW - timedelta(days=1))
    first = give(giver, program, 100, occurred_at=NOW - timedelta(days=2))

    done = hand(giver, recipient, program, 250)

    drawn = dict(Draw.objects.filter(posting=done.posting).values_list("lot__posting", "points"))
    assert drawn == {first.pk: 100, second.pk: 100, last.pk: 50}


def test_what_was_given_expires_when_it_would_have(giver, recipient, mall):
    dying = make_program(owner=mall, expiry_kind="days", expiry_count=1)
    give(giver, dying, 300)
    hand(giver, recipient, dying, 300)

    expire_due_lots(at=NOW + timedelta(days=2))

    assert balance(recipient, dying) == 0
    assert audit().disagreements == ()


def test_pending_and_held_points_cannot_be_given(giver, recipient, program, mall):
    give(giver, program, 100, available_at=NOW + timedelta(days=1))
    give(giver, program, 100)
    ledger.hold(
        ledger.Spending(giver.pk, program.pk, mall.pk, 60, "sale", NOW),
        expires_at=NOW + timedelta(minutes=15),
        actor="test",
    )

    with pytest.raises(InsufficientPoints) as refused:
        hand(giver, recipient, program, 41)

    assert refused.value.facts["short"] == 1
    hand(giver, recipient, program, 40)


def test_a_debt_of_the_recipient_is_repaid_first(giver, recipient, program):
    owe(recipient, program, 150)
    give(giver, program, 100)
    program.expiry_kind, program.expiry_count = "days", 30
    give(giver, program, 100)

    hand(giver, recipient, program, 200)

    wallet = Wallet.objects.get(member=recipient)
    assert (wallet.balance, wallet.debt) == (50, 0)
    remaining = Lot.objects.filter(wallet=wallet, posting__kind="transfer").order_by("expires_at")
    assert [(lot.points, lot.remaining, lot.is_open) for lot in remaining] == [
        (100, 0, False),
        (100, 50, True),
    ]
    assert audit().disagreements == ()


def test_a_debt_can_be_repaid_in_part(giver, recipient, program):
    owe(recipient, program, 150)
    give(giver, program, 100)

    hand(giver, recipient, program, 100)

    wallet = Wallet.objects.get(member=recipient)
    assert (wallet.balance, wallet.debt) == (-50, 50)
    assert audit().disagreements == ()


def test_the_same_reference_gives_once(giver, recipient, program):
    give(giver, program, 500)
    first = hand(giver, recipient, program, 200)

    again = hand(giver, recipient, program, 200, at=NOW + timedelta(days=1))

    assert (again.posting.pk, again.is_replay, first.is_replay) == (first.posting.pk, True, False)
    assert balance(giver, program) == 300


def test_a_retry_hears_the_first_answer_even_after_the_household_ended(giver, recipient, program):
    give(giver, program, 500)
    first = hand(giver, recipient, program, 200)
    HouseholdMember.objects.all().delete()

    assert hand(giver, recipient, program, 200).posting.pk == first.posting.pk
    with pytest.raises(NotOneHousehold):
        hand(giver, recipient, program, 201)


def test_one_reference_stands_for_one_transfer(giver, recipient, program):
    give(giver, program, 500)
    hand(giver, recipient, program, 200)

    with pytest.raises(ReferenceReused):
        hand(giver, recipient, program, 201)
    assert balance(giver, program) == 300


class TestLimits:
    @pytest.fixture
    def program(self, mall):
        return make_program("MALL", owner=mall, transfer_cap_day=100, transfer_cap_month=250)

    def test_a_day_has_its_limit(self, giver, recipient, program):
        give(giver, program, 1000)
        hand(giver, recipient, program, 60)

        with pytest.raises(TransferCapReached) as refused:
            hand(giver, recipient, program, 41, "t-2")

        assert refused.value.facts == {"left": 40}
        assert balance(recipient, program) == 60
        hand(giver, recipient, program, 40, "t-3")

    def test_a_new_local_day_begins_anew_until_the_month_is_full(self, giver, recipient, program):
        give(giver, program, 1000)
        # 15 June, noon in Shanghai; its midnight is 16:00 UTC.
        hand(giver, recipient, program, 100, "t-1")
        hand(giver, recipient, program, 100, "t-2", at=NOW + timedelta(hours=12))

        with pytest.raises(TransferCapReached) as refused:
            hand(giver, recipient, program, 51, "t-3", at=NOW + timedelta(days=2))

        assert refused.value.facts == {"left": 50}
        hand(giver, recipient, program, 100, "t-4", at=NOW + timedelta(days=16))

    def test_a_clock_that_runs_behind_opens_no_limit(self, giver, recipient, program):
        give(giver, program, 1000)
        hand(giver, recipient, program, 100, at=NOW + timedelta(seconds=2))

        with pytest.raises(TransferCapReached):
            hand(giver, recipient, program, 1, "t-2", at=NOW)

    def test_limits_are_the_givers_not_the_receivers(self, giver, recipient, program):
        give(giver, program, 1000)
        give(recipient, program, 1000)
        hand(giver, recipient, program, 100)

        hand(recipient, giver, program, 100, "t-2")

        assert balance(giver, program) == 1000

    def test_no_transfers_at_all_is_a_limit_of_zero(self, giver, recipient, mall):
        closed = make_program(owner=mall, transfer_cap_day=0)
        give(giver, closed, 10)

        with pytest.raises(TransferCapReached):
            hand(giver, recipient, closed, 1)
        assert not Wallet.objects.filter(member=recipient).exists()


class TestRefusals:
    @pytest.fixture(autouse=True)
    def nothing_is_written(self, giver, recipient, program):
        give(giver, program, 500)
        before = list(Wallet.objects.values()), list(Lot.objects.values()), Posting.objects.count()
        yield
        assert (list(Wallet.objects.values()), list(Lot.objects.values()), Posting.objects.count()) == before

    def test_too_many(self, giver, recipient, program):
        with pytest.raises(InsufficientPoints) as refused:
            hand(giver, recipient, program, 501)
        assert refused.value.facts == {"asked": 501, "short": 1, "program": "MALL"}

    def test_from_somebody_without_a_wallet(self, giver, recipient, program):
        with pytest.raises(InsufficientPoints):
            hand(recipient, giver, program, 1)

    def test_to_a_stranger(self, giver, program):
        with pytest.raises(NotOneHousehold):
            hand(giver, make_member(), program, 1)

    def test_to_oneself(self, giver, program):
        with pytest.raises(SameMember):
            hand(giver, giver, program, 1)

    @pytest.mark.parametrize("points", [0, -1, 10**9 + 1, 2**63, 2**70])
    def test_absurd_points(self, giver, recipient, program, points):
        with pytest.raises(PointsOutOfRange):
            hand(giver, recipient, program, points)

    @pytest.mark.parametrize("status", ["frozen", "closed"])
    def test_a_suspended_giver_or_receiver(self, giver, recipient, program, status):
        for member in (giver, recipient):
            member.status = status
            with pytest.raises(MemberNotActive):
                hand(giver, recipient, program, 1)
            member.status = "active"

    def test_an_inactive_unit_or_program(self, giver, recipient, program):
        program.owner.is_active = False
        with pytest.raises(UnitNotActive):
            hand(giver, recipient, program, 1)
        program.owner.is_active, program.is_active = True, False
        with pytest.raises(ProgramNotActive):
            hand(giver, recipient, program, 1)


def test_points_of_the_groups_own_program_can_be_given_too(giver, recipient, mall):
    group = make_program()
    give(giver, group, 500, unit=mall)

    hand(giver, recipient, group, 200)

    assert balance(recipient, group) == 200
    assert audit().disagreements == ()


def test_a_batch_answers_each_in_order_and_a_refused_one_leaves_the_others_alone(giver, recipient, program):
    give(giver, program, 500)
    asked = [
        ledger.Transfer(
            giver.pk,
            recipient.pk,
            program.pk,
            program.owner_id,
            points,
            ref,
            NOW,
            ledger.Period(NOW - timedelta(days=1), NOW + timedelta(days=1), 300),
            ledger.Period(NOW - timedelta(days=9), NOW + timedelta(days=9), None),
            {"why": 'a "quoted" 中文'},
        )
        for points, ref in ((200, "a"), (101, "b"), (100, "c"), (200, "a"), (0, "d"))
    ]

    done = ledger.transfer_many(asked, actor="test")

    assert [answer.name for answer in done] == [
        "posted", "transfer_cap_reached", "posted", "replayed", "points_out_of_range"
    ]  # fmt: skip
    assert done[1].left == 100
    assert Posting.objects.get(source_ref="a").detail["why"] == 'a "quoted" 中文'
    assert (balance(giver, program), balance(recipient, program)) == (200, 300)


class TestRollingLots:
    """Lots that earning and redeeming renew: handed on as they are, renewed by their new holder alone."""

    @pytest.fixture
    def rolling(self, mall):
        return make_program("ROLL", owner=mall, expiry_kind="rolling", expiry_count=30)

    def test_giving_renews_neither_side(self, giver, recipient, rolling):
        give(giver, rolling, 100, occurred_at=NOW - timedelta(days=20))
        give(recipient, rolling, 10, occurred_at=NOW - timedelta(days=25))
        before = dict(Lot.objects.values_list("id", "expires_at"))

        hand(giver, recipient, rolling, 60)

        new = Lot.objects.get(posting__kind="transfer")
        assert dict(Lot.objects.exclude(pk=new.pk).values_list("id", "expires_at")) == before
        assert (new.rolls, new.expires_at) == (True, Lot.objects.get(wallet__member=giver).expires_at)
        assert audit().disagreements == ()

    def test_what_was_given_is_renewed_by_its_new_holder(self, giver, recipient, rolling, mall):
        give(giver, rolling, 100, occurred_at=NOW - timedelta(days=20))
        hand(giver, recipient, rolling, 60)
        given = Lot.objects.get(posting__kind="transfer")

        redeem(recipient, rolling, 10, unit=mall)

        renewed = Lot.objects.get(pk=given.pk)
        assert renewed.expires_at > given.expires_at
        assert Lot.objects.get(wallet__member=giver).expires_at == given.expires_at
        assert audit().disagreements == ()
