"""One receipt, claimed at once: real connections, real commits."""

from datetime import timedelta
from decimal import Decimal

import pytest

from activities.models import Activity
from activities.services.claiming import ReceiptClaimed, ReceiptShown, claim_for_member, claim_receipt
from points.models import Posting
from points.selectors.audit import audit
from tests.activities.reporting import codes, make_member, make_shop, record, refunded, sold
from tests.factories import NOW, make_outlet
from tests.races.test_refund_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(hours=1)
RECEIPT = ReceiptShown("S1", "CAFE", Decimal("100.00"), "CNY")


@pytest.fixture
def mall():
    mall = make_shop("MALL")
    record(mall, sold("S1", "100.00", outlet_id=make_outlet(mall, "CAFE").pk))
    return mall


def test_two_members_claim_one_receipt_at_two_malls_and_one_gets_it(mall):
    """One by the app, one at the desk of another mall of the group, many times over."""
    sale = Activity.objects.get()
    first, second = make_member(), make_member()

    def by_app():
        try:
            return claim_receipt(unit=mall, receipt=RECEIPT, member=first, by="app", at=LATER).is_new
        except ReceiptClaimed:
            return None

    def at_desk():
        try:
            return claim_for_member(
                activity_id=sale.pk, member=second, reason="desk", by="user:1", at=LATER
            ).is_new
        except ReceiptClaimed:
            return None

    told = at_once(*[by_app, at_desk] * 6)

    assert told.count(True) == 1
    assert Posting.objects.count() == 1
    sale.refresh_from_db()
    assert sale.member == Posting.objects.get().member


def test_a_claim_and_a_refund_at_once_end_as_one_after_the_other(mall):
    member = make_member()

    at_once(
        lambda: claim_receipt(unit=mall, receipt=RECEIPT, member=member, by="app", at=LATER),
        lambda: codes(record(mall, refunded("F1", "40.00"))),
        lambda: codes(record(mall, refunded("F2", "9.00"))),
    )

    accrual, *reversals = Posting.objects.order_by("posted_at")
    assert accrual.points - sum(one.points for one in reversals) == 51
    assert audit().is_clean
