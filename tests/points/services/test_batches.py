"""The kernel's batch twins: one round trip, answers in order, one refused leaves the others alone."""

from datetime import timedelta
from uuid import uuid4

import pytest

from points import ledger
from points.models import Hold, Lot, Posting, Wallet
from points.selectors.audit import audit
from tests.factories import NOW, balance, give, make_member, make_program, make_rate, make_unit, redeem

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=15)


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def program(mall):
    return make_program("MALL", owner=mall)


@pytest.fixture
def anna():
    return make_member()


@pytest.fixture
def bert():
    return make_member()


def price(member, program, points, source_ref, at=NOW):
    return ledger.Spending(member.pk, program.pk, program.owner_id, points, source_ref, at)


def hold_all(*spendings):
    return ledger.hold_many(spendings, expires_at=[SOON] * len(spendings), actor="test")


def capture(hold_id, points, at=NOW):
    return ledger.Capture(hold_id=hold_id, price=points, at=at)


def taking_back(posting_id, points, source_ref, policy="debt"):
    return ledger.TakingBack(
        original_id=posting_id, points=points, source_ref=source_ref, at=NOW, policy=policy
    )


def putting_back(posting_id, points, source_ref, grace_until=None, at=NOW):
    return ledger.PuttingBack(
        original_id=posting_id, points=points, source_ref=source_ref, at=at, grace_until=grace_until
    )


def swap(member, source, target, points, source_ref):
    return ledger.Swap(
        member_id=member.pk,
        source_id=source.pk,
        target_id=target.pk,
        unit_id=target.owner_id,
        points=points,
        source_ref=source_ref,
        at=NOW,
        expires_at=None,
        day_starts_at=NOW - timedelta(hours=12),
        day_ends_at=NOW + timedelta(hours=12),
    )


def names(answers):
    return [answer.name for answer in answers]


def held():
    return sum(Lot.objects.values_list("held", flat=True))


def test_holds_of_a_batch_are_reserved_in_turn(anna, bert, program):
    give(anna, program, 100)
    give(bert, program, 50)

    answers = hold_all(
        price(bert, program, 30, "b-1"),
        price(anna, program, 70, "a-1"),
        price(bert, program, 30, "b-2"),
        price(anna, program, 70, "a-1"),
        price(anna, program, 71, "a-1"),
        price(anna, program, 2**63, "a-2"),
        price(bert, program, 20, "b-3"),
    )

    assert names(answers) == [
        "posted",
        "posted",
        "insufficient_points",
        "replayed",
        "reference_reused",
        "points_out_of_range",
        "posted",
    ]
    assert (answers[2].short, answers[3].hold_id) == (10, answers[1].hold_id)
    assert [share.spent for share in answers[0].shares] == [30]
    assert (Hold.objects.count(), held()) == (3, 120)
    assert audit().is_clean


def test_captures_of_a_batch_are_spent_in_turn(anna, bert, program):
    give(anna, program, 100)
    give(bert, program, 50)
    one, two, three = (
        answer.hold_id
        for answer in hold_all(
            price(anna, program, 60, "a"), price(bert, program, 50, "b"), price(anna, program, 40, "c")
        )
    )

    answers = ledger.capture_many(
        [
            capture(two, 50),
            capture(one, 61),
            capture(uuid4(), 1),
            capture(one, 20),
            capture(one, 20),
            capture(one, 21),
            capture(three, 40, at=SOON),
        ],
        actor="test",
    )

    assert names(answers) == [
        "posted",
        "capture_exceeds_hold",
        "no_such_hold",
        "posted",
        "replayed",
        "reference_reused",
        "hold_not_open",
    ]
    assert answers[4].posting_id == answers[3].posting_id
    assert (balance(anna, program), balance(bert, program), held()) == (80, 0, 40)
    assert audit().is_clean


def test_holds_of_a_batch_are_let_go_in_turn(anna, program):
    give(anna, program, 100)
    one, two = (
        answer.hold_id for answer in hold_all(price(anna, program, 60, "a"), price(anna, program, 40, "b"))
    )
    ledger.capture_hold(hold_id=two, price=40, at=NOW, actor="test")

    answers = ledger.void_many([two, one, uuid4(), one], at=NOW)

    assert names(answers) == ["hold_not_open", "posted", "no_such_hold", "replayed"]
    assert (held(), balance(anna, program)) == (0, 60)
    assert audit().is_clean


def test_refunds_of_a_batch_are_taken_back_in_turn(anna, bert, program, mall):
    bought = give(anna, program, 100, source_ref="bought")
    other = give(bert, program, 50, source_ref="other")
    redeem(bert, program, 40, unit=mall)

    answers = ledger.reverse_accrual_many(
        [
            taking_back(other.pk, 50, "r-1", policy="refuse"),
            taking_back(bought.pk, 60, "r-2"),
            taking_back(other.pk, 50, "r-3", policy="clamp"),
            taking_back(bought.pk, 60, "r-2"),
            taking_back(bought.pk, 41, "r-4"),
            taking_back(uuid4(), 1, "r-5"),
            taking_back(bought.pk, 40, "r-6"),
        ],
        actor="test",
    )

    assert names(answers) == [
        "insufficient_points",
        "posted",
        "posted",
        "replayed",
        "reversal_exceeds_original",
        "not_an_accrual",
        "posted",
    ]
    assert (answers[0].short, answers[2].taken, answers[2].forgiven) == (40, 10, 40)
    assert answers[3].posting_id == answers[1].posting_id
    assert (balance(anna, program), balance(bert, program)) == (0, 0)
    assert audit().is_clean


def test_cancellations_of_a_batch_go_back_in_turn(anna, program, mall):
    soon = make_program("SOON", owner=mall, expiry_kind="days", expiry_count=1)
    give(anna, program, 100)
    give(anna, soon, 30, occurred_at=NOW)
    paid = redeem(anna, program, 80, unit=mall).posting.pk
    dying = redeem(anna, soon, 30, unit=mall).posting.pk
    later, grace = NOW + timedelta(days=5), NOW + timedelta(days=9)

    answers = ledger.reverse_redemption_many(
        [
            putting_back(paid, 50, "c-1"),
            putting_back(paid, 31, "c-2"),
            putting_back(paid, 50, "c-1"),
            putting_back(uuid4(), 1, "c-3"),
            putting_back(dying, 10, "c-4", at=later),
            putting_back(dying, 20, "c-5", at=later, grace_until=grace),
        ],
        actor="test",
    )

    assert names(answers) == [
        "posted",
        "reversal_exceeds_original",
        "replayed",
        "not_a_redemption",
        "posted",
        "posted",
    ]
    assert [share.spent for share in answers[0].shares] == [50]
    assert (balance(anna, program), balance(anna, soon)) == (70, 30)
    assert Lot.objects.get(expires_at=grace).points == 20
    assert audit().is_clean


def test_exchanges_of_a_batch_are_made_in_turn(anna, bert, program):
    hotel = make_program("HOTEL", owner=make_unit("HOTEL", "hotel"))
    rate = make_rate(hotel, program, 2)
    type(rate).objects.update(cap_per_member_day=70)
    give(anna, hotel, 100)
    give(bert, hotel, 20)

    answers = ledger.exchange_many(
        [
            swap(anna, hotel, program, 60, "x-1"),
            swap(bert, hotel, program, 21, "x-2"),
            swap(anna, hotel, program, 60, "x-1"),
            swap(anna, hotel, program, 11, "x-3"),
            swap(anna, program, hotel, 5, "x-4"),
            swap(anna, hotel, program, 2**63, "x-5"),
            swap(bert, hotel, program, 20, "x-6"),
        ],
        actor="test",
    )

    assert names(answers) == [
        "posted",
        "insufficient_points",
        "replayed",
        "exchange_cap_reached",
        "no_exchange_rate",
        "points_out_of_range",
        "posted",
    ]
    assert (answers[0].given, answers[1].short, answers[2].given, answers[3].left) == (120, 1, 120, 10)
    assert (balance(anna, program), balance(bert, program), balance(bert, hotel)) == (120, 40, 0)
    assert audit().is_clean


def test_each_batch_is_one_round_trip_and_an_empty_one_is_none(
    anna, bert, program, mall, django_assert_num_queries
):
    hotel = make_program("HOTEL", owner=make_unit("HOTEL", "hotel"))
    make_rate(hotel, program, 2)
    bought = [give(member, program, 100).pk for member in (anna, bert)]
    give(anna, hotel, 10)
    paid = redeem(anna, program, 10, unit=mall).posting.pk

    with django_assert_num_queries(6):
        holds = hold_all(price(anna, program, 5, "h-1"), price(bert, program, 5, "h-2"))
        ledger.capture_many([capture(holds[0].hold_id, 5)], actor="test")
        ledger.void_many([holds[1].hold_id], at=NOW)
        ledger.reverse_accrual_many([taking_back(one, 1, f"r-{one}") for one in bought], actor="test")
        ledger.reverse_redemption_many([putting_back(paid, 10, "c")], actor="test")
        ledger.exchange_many([swap(anna, hotel, program, 10, "x")], actor="test")
    with django_assert_num_queries(0):
        assert hold_all() == ledger.capture_many([], actor="test") == ledger.void_many([], at=NOW) == []
        assert ledger.reverse_accrual_many([], actor="test") == []
        assert ledger.reverse_redemption_many([], actor="test") == []
        assert ledger.exchange_many([], actor="test") == []
    assert audit().is_clean


def test_single_calls_and_batches_write_the_same_books(anna, bert, program, mall):
    accruals = [give(member, program, 100) for member in (anna, bert)]
    ledger.hold(price(anna, program, 40, "h-1"), expires_at=SOON, actor="test")
    hold_all(price(bert, program, 40, "h-2"))
    one, two = Hold.objects.order_by("source_ref").values_list("pk", flat=True)

    ledger.capture_hold(hold_id=one, price=30, at=NOW, actor="test")
    ledger.capture_many([capture(two, 30)], actor="test")
    terms = {"points": 90, "at": NOW, "actor": "test", "policy": "debt"}
    ledger.reverse_accrual(original_id=accruals[0].pk, source_ref="r-1", **terms)
    ledger.reverse_accrual_many([taking_back(accruals[1].pk, 90, "r-2")], actor="test")

    lots = Lot.objects.order_by("posting_id").values_list("remaining", "held", "is_open")
    wallets = Wallet.objects.order_by("pk").values_list("balance", "debt")
    kinds = Posting.objects.values_list("kind", "points", "member_id")
    assert len(set(lots)) == len(set(wallets)) == 1
    assert {row[:2] for row in kinds.filter(member=anna)} == {row[:2] for row in kinds.filter(member=bert)}
    assert audit().is_clean
