"""Refunds raced with themselves and with their sale: real connections, real commits."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from activities.models import Activity, WaitingRefund, WaitingState
from points.models import Posting, PostingKind
from points.selectors.audit import audit
from tests.activities.reporting import make_member, make_shop, record, refunded, sold
from tests.factories import balance

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mall():
    return make_shop("MALL")


@pytest.fixture
def member():
    return make_member()


def at_once(*acts):
    start = threading.Barrier(len(acts))

    def run(act):
        try:
            start.wait(30)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as crew:
        return [one.result() for one in [crew.submit(run, act) for act in acts]]


def test_a_refund_delivered_fifty_times_at_once_is_recorded_once(mall, member):
    record(mall, sold("S1", "100.00", member=member))

    told = []
    for _wave in range(5):
        told += at_once(*[lambda: record(mall, refunded("F1", "40.00"))[0]] * 10)

    assert sum(one.is_new for one in told) == 1
    assert len({one.activity_id for one in told}) == 1
    assert Posting.objects.filter(kind=PostingKind.REVERSAL).count() == 1
    assert balance(member, mall.earn_rules.get().program) == 60
    assert Activity.objects.get(source_ref="S1").refunded == 40


def test_a_refund_before_its_sale_delivered_many_times_at_once_waits_once(mall, member):
    told = at_once(*[lambda: record(mall, refunded("F1", "40.00"))[0]] * 10)

    assert [one.is_new for one in told].count(True) == 1
    assert WaitingRefund.objects.count() == 1


def test_a_sale_and_its_refund_raced_never_miss_each_other(mall, member):
    program = mall.earn_rules.get().program
    for number in range(12):
        sale, refund = f"S{number}", f"F{number}"
        at_once(
            lambda sale=sale: record(mall, sold(sale, "10.00", member=member)),
            lambda sale=sale, refund=refund: record(mall, refunded(refund, "4.00", of=sale)),
        )

    assert not WaitingRefund.objects.filter(state=WaitingState.WAITING).exists()
    assert Activity.objects.filter(kind="refund").count() == 12
    assert balance(member, program) == 72
    assert audit().is_clean


def test_a_refund_waits_for_a_sale_that_is_being_recorded(mall, member):
    """Deterministic twin: the sale is written but not committed when its refund comes."""
    with transaction.atomic():
        record(mall, sold("S1", "100.00", member=member))
        rival = ThreadPoolExecutor(1)

        def refund():
            try:
                return record(mall, refunded("F1", "40.00"))[0]
            finally:
                connection.close()

        waiting = rival.submit(refund)
        threading.Event().wait(0.3)
        assert not waiting.done()
    told = waiting.result(30)

    assert (told.is_new, told.is_waiting, told.taken_back) == (True, False, 40)
