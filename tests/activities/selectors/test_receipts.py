"""Receipts: what a member bought and kept, as proof of shopping."""

from datetime import timedelta
from decimal import Decimal

import pytest

from activities.models import Activity
from activities.selectors.receipts import receipts_of
from tests.factories import NOW, make_member, make_outlet, make_unit

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def member():
    return make_member()


def do(unit, member, ref, amount="100.00", *, at=NOW, kind="purchase", **fields):
    return Activity.objects.create(
        unit=unit,
        member=member,
        source_ref=ref,
        kind=kind,
        occurred_at=at,
        amount=Decimal(amount),
        currency="CNY",
        **fields,
    )


def test_a_receipt_says_where_it_is_from_and_what_still_stands_of_it(mall, member):
    outlet = make_outlet(mall, "CAFE")
    sale = do(mall, member, "S1", outlet=outlet)
    do(mall, member, "F1", "30.00", kind="refund", refund_of="S1")

    (receipt,) = receipts_of([member.pk], NOW - DAY, NOW + DAY, [mall.pk])

    assert (receipt.activity_id, receipt.member_id, receipt.source_ref) == (sale.pk, member.pk, "S1")
    assert (receipt.unit_id, receipt.venue_id, receipt.outlet_id) == (mall.pk, outlet.venue_id, outlet.pk)
    assert (receipt.amount, receipt.refunded, receipt.standing) == (100, 30, 70)


def test_only_purchases_of_these_people_here_and_then_that_were_kept(mall, member):
    hotel, other, alias = make_unit("HOTEL", "hotel"), make_member(), make_member()
    do(mall, member, "EARLY", at=NOW - DAY)
    do(mall, member, "LATE", at=NOW)
    do(mall, other, "OTHER")
    do(mall, None, "ANONYMOUS")
    do(hotel, member, "ELSEWHERE")
    do(mall, member, "FEE", kind="fee")
    do(mall, member, "BACK")
    do(mall, member, "F", kind="refund", refund_of="BACK")
    do(mall, alias, "ALIAS", at=NOW - DAY / 2)

    found = receipts_of([member.pk, alias.pk], NOW - DAY, NOW, [mall.pk])

    assert [receipt.source_ref for receipt in found] == ["EARLY", "ALIAS"]


def test_it_asks_the_database_once(mall, member, django_assert_num_queries):
    for number in range(5):
        do(mall, member, f"S{number}")

    with django_assert_num_queries(1):
        assert len(receipts_of([member.pk], NOW - DAY, NOW + DAY, [mall.pk])) == 5
