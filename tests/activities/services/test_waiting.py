"""Refunds that come before their sale wait for it: late, shuffled and repeated deliveries end alike."""

import random
from datetime import timedelta

import pytest
from django.db import transaction

from activities.models import Activity, WaitingRefund, WaitingState
from activities.services.waiting import NotWaiting, dismiss_waiting
from points.selectors.audit import audit
from tests.activities.reporting import codes, final_state, make_member, make_shop, record, refunded, sold
from tests.factories import NOW, balance

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    return make_shop("MALL")


@pytest.fixture
def member():
    return make_member()


def test_a_refund_before_its_sale_waits_and_settles_with_it(mall, member):
    (early,) = record(mall, refunded("F1", "40.00"))
    assert (early.is_new, early.is_waiting, early.activity_id) == (True, True, None)
    assert not Activity.objects.exists()

    (sale,) = record(mall, sold("S1", "100.00", member=member), by="till")

    assert (sale.earned[0].points, sale.taken_back) == (100, 40)
    refund = Activity.objects.get(source_ref="F1")
    assert (refund.amount, refund.member_id, refund.reported_by) == (40, member.pk, "test")
    assert WaitingRefund.objects.get().state == WaitingState.SETTLED
    assert balance(member, mall.earn_rules.get().program) == 60


def test_it_waits_once_and_hears_so_again(mall, member):
    told = [record(mall, refunded("F1", "40.00"))[0] for _time in range(3)]

    assert [(one.is_waiting, one.is_new) for one in told] == [(True, True), (True, False), (True, False)]
    assert codes(record(mall, refunded("F1", "41.00"))) == ["duplicate_reference"]
    record(mall, sold("S1", member=member))
    (again,) = record(mall, refunded("F1", "40.00"))
    assert (again.is_new, again.is_waiting, codes([again])) == (False, False, [None])


@pytest.mark.parametrize(
    ("early", "reason"),
    [
        ({"amount": "100.01"}, "refund_exceeds_sale"),
        ({"amount": "1.00", "at": NOW - timedelta(days=9)}, "refund_before_sale"),
        ({"lines": {7: "1.00"}}, "unknown_line"),
    ],
)
def test_one_that_does_not_fit_its_sale_is_refused_when_that_comes(mall, member, early, reason):
    record(mall, refunded("F1", **early))

    (sale,) = record(mall, sold("S1", member=member))

    waiting = WaitingRefund.objects.get()
    assert (waiting.state, waiting.refusal) == (WaitingState.REFUSED, reason)
    assert sale.is_new
    assert not Activity.objects.filter(kind="refund").exists()


def test_one_that_turns_out_to_name_a_refund_is_refused(mall, member):
    record(mall, refunded("F2", "1.00", of="F1"))

    record(mall, sold("S1", member=member), refunded("F1", "10.00"))

    assert WaitingRefund.objects.get().refusal == "unknown_refund_of"


def test_a_dismissed_one_waits_no_more(mall, member):
    record(mall, refunded("F1", "1.00"))
    row = dismiss_waiting(refund_id=WaitingRefund.objects.get().pk, reason="mistyped", by="user:1", at=NOW)
    assert (row.state, row.decided_by) == (WaitingState.DISMISSED, "user:1")

    assert codes(record(mall, refunded("F1", "1.00"))) == ["refund_dismissed"]
    record(mall, sold("S1", member=member))

    assert not Activity.objects.filter(kind="refund").exists()
    with pytest.raises(NotWaiting):
        dismiss_waiting(refund_id=row.pk, reason="again", by="user:1", at=NOW)


def test_the_same_deliveries_in_any_order_and_repeated_end_in_the_same_state(mall):
    first, second = make_member(), make_member()
    later = NOW + timedelta(minutes=5)
    deliveries = [
        sold("S1", "100.00", member=first, parts=["60.00", "40.00"]),
        sold("S2", "33.33", member=second),
        sold("S3", "10.00"),
        sold("E1", "0.00", member=first, kind="event"),
        refunded("F1", lines={1: "15.15"}, at=later),
        refunded("F2", "20.02", at=later),
        refunded("F3", lines={2: "10.10"}, at=later),
        refunded("F4", "11.11", of="S2", at=later),
        refunded("F5", "22.22", of="S2", at=later),
        refunded("F6", of="E1", at=later),
        refunded("F7", "1.00", of="S3", at=later),
    ]
    dice, states = random.Random(1), []
    for _order in range(12):
        shuffled = deliveries + dice.sample(deliveries, 5)
        dice.shuffle(shuffled)
        with transaction.atomic():
            cut = dice.randint(1, len(shuffled))
            for part in (shuffled[:cut], shuffled[cut:]):
                assert not any(codes(record(mall, *part)))
            for one in dice.sample(deliveries, 4):
                assert not any(codes(record(mall, one)))
            states.append(final_state())
            assert not WaitingRefund.objects.filter(state=WaitingState.WAITING).exists()
            assert audit().is_clean
            transaction.set_rollback(True)

    assert all(state == states[0] for state in states)
    assert set(states[0][1].values()) == {54, 0}
