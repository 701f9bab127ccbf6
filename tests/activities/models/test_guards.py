"""What the database itself refuses of activities and their lines, whoever writes."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from activities.models import Activity, ActivityLine
from tests.activities.selectors.test_receipts import do
from tests.factories import NOW, make_member, make_unit

pytestmark = pytest.mark.django_db

AS_REPORTED = "an activity stays as it was reported: S1"


@pytest.fixture
def mall():
    return make_unit("MALL")


def refused(act):
    """What the guard that refuses it says: a constraint its name, a trigger its words."""
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        act()
    said = refusal.value.__cause__.diag
    return said.constraint_name or said.message_primary


def refund(mall, ref, amount, of="S1"):
    return do(mall, None, ref, amount, kind="refund", refund_of=of)


def lines(activity, *amounts, numbers=None):
    ActivityLine.objects.bulk_create(
        ActivityLine(activity=activity, number=number, amount=Decimal(amount))
        for number, amount in zip(numbers or range(1, 99), amounts, strict=False)
    )


def test_refunds_are_counted_and_never_exceed_their_sale(mall):
    sale = do(mall, None, "S1", "100.00")
    refund(mall, "F1", "60.00")

    assert refused(lambda: refund(mall, "F2", "40.01")) == "activity_refunded_within_amount"
    refund(mall, "F3", "40.00")

    sale.refresh_from_db()
    assert sale.refunded == 100


def test_a_refund_has_a_sale_that_is_none_itself(mall):
    do(mall, None, "S1")
    refund(mall, "F1", "1.00")

    said = [refused(lambda of=of: refund(mall, "F2", "1.00", of)) for of in ("", "S9", "F1")]
    assert said == ["activity_refund_names_its_sale"] + ["a refund without its sale: F2"] * 2
    assert refused(lambda: do(mall, None, "S2", refund_of="S1")) == "activity_refund_names_its_sale"


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 1},
        {"kind": "stay"},
        {"occurred_at": NOW.replace(year=2020)},
        {"source_ref": "S2"},
        {"category": "tea"},
        {"paid_with_points": 1},
        {"quantity": 3},
        {"lines_sha256": "0"},
        {"member": None},
        {"reported_by": "somebody"},
    ],
)
def test_what_was_reported_is_never_rewritten(mall, change):
    do(mall, make_member(), "S1")

    assert refused(lambda: Activity.objects.update(**change)) == AS_REPORTED


def test_an_activity_is_never_deleted(mall):
    do(mall, None, "S1")

    def delete():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM activities_activity")

    assert refused(delete) == AS_REPORTED


def test_nobody_becomes_somebody_once(mall):
    first, second = make_member(), make_member()
    do(mall, None, "S1")

    Activity.objects.update(member=first, claimed_at=NOW, claimed_by="test")

    assert refused(lambda: Activity.objects.update(member=second)) == AS_REPORTED
    assert refused(lambda: Activity.objects.update(claimed_by="another")) == AS_REPORTED


def test_a_claim_says_who_claimed_and_by_whom(mall):
    do(mall, None, "S1")

    for claim in ({"claimed_at": NOW}, {"claimed_at": NOW, "claimed_by": "test"}):
        broken = refused(lambda claim=claim: Activity.objects.update(**claim))
        assert broken == "activity_claim_says_whose_and_by_whom"


def test_lines_add_up_to_the_amount(mall):
    sale = do(mall, None, "S1", "100.00")

    assert refused(lambda: lines(sale, "60.00", "39.99")) == "the lines do not add up: S1"
    lines(sale, "60.00", "40.00")

    assert ActivityLine.objects.count() == 2


def test_a_line_is_never_rewritten_or_deleted(mall):
    sale = do(mall, None, "S1", "100.00")
    lines(sale, "100.00")

    assert refused(lambda: ActivityLine.objects.update(amount=99)) == "a line stays as it was reported"
    assert refused(lambda: ActivityLine.objects.all().delete()) == "a line stays as it was reported"


def test_refunded_lines_are_counted_and_never_exceed_the_sales_lines(mall):
    lines(do(mall, None, "S1", "100.00"), "60.00", "40.00")
    lines(refund(mall, "F1", "50.00"), "30.00", "20.00")

    def too_much():
        lines(refund(mall, "F2", "21.00"), "21.00", numbers=[2])

    def no_such_line():
        lines(refund(mall, "F2", "21.00"), "21.00", numbers=[3])

    assert refused(too_much) == "activity_line_refunded_within_amount"
    assert refused(no_such_line) == "a refund of a line that its sale does not have"

    sold = ActivityLine.objects.filter(activity__source_ref="S1").order_by("number")
    assert list(sold.values_list("refunded", flat=True)) == [30, 20]
