"""A receipt claimed later ends as if the member had been known at the till."""

from datetime import timedelta
from decimal import Decimal

import pytest

from activities.models import Activity, ClaimTerms
from activities.services.claim_tries import TooManyWrongReceipts, count_wrong_receipt, refuse_guessing
from activities.services.claiming import (
    ClaimTooLate,
    ReceiptClaimed,
    ReceiptNotFound,
    ReceiptRefunded,
    ReceiptShown,
    claim_for_member,
    claim_receipt,
)
from members.models import MemberStatus
from points.refusals import MemberNotActive, UnitNotActive
from points.selectors.audit import audit
from tests.activities.reporting import codes, final_state, make_member, make_shop, record, refunded, sold
from tests.factories import NOW, balance, make_outlet

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def mall():
    return make_shop("MALL")


@pytest.fixture
def cafe(mall):
    return make_outlet(mall, "CAFE")


@pytest.fixture
def member():
    return make_member()


@pytest.fixture
def receipt(mall, cafe):
    record(mall, sold("S1", "100.00", outlet_id=cafe.pk, parts=["60.00", "40.00"]))
    return ReceiptShown("S1", "CAFE", Decimal("100.00"), "CNY")


def claim(mall, receipt, member, at=LATER):
    return claim_receipt(unit=mall, receipt=receipt, member=member, by=f"member:{member.pk}", at=at)


def test_an_anonymous_sale_becomes_the_members_and_earns_by_the_rules_of_its_day(mall, receipt, member):
    rule = mall.earn_rules.get()

    claimed = claim(mall, receipt, member)

    assert (claimed.is_new, [one.points for one in claimed.points]) == (True, [100])
    sale = Activity.objects.get()
    assert (sale.member, sale.claimed_at, sale.claimed_by) == (member, LATER, f"member:{member.pk}")
    assert balance(member, rule.program) == 100


def test_the_same_member_claims_once_and_hears_of_it_again(mall, receipt, member):
    claim(mall, receipt, member)

    again = claim(mall, receipt, member, at=NOW + timedelta(days=99))

    assert (again.is_new, [one.points for one in again.points]) == (False, [100])
    with pytest.raises(ReceiptClaimed):
        claim(mall, receipt, make_member())


def test_what_was_refunded_before_the_claim_is_taken_back_with_it(mall, receipt, member):
    known = make_member()
    record(mall, sold("K1", "100.00", member=known, parts=["60.00", "40.00"]))
    for of in ("S1", "K1"):
        parts = [
            refunded(f"{of}a", lines={1: "33.33"}, of=of),
            refunded(f"{of}b", "20.01", of=of, at=LATER),
        ]
        assert not any(codes(record(mall, *parts)))

    claim(mall, receipt, member)
    assert not any(codes(record(mall, refunded("S1c", "1.11", of="S1"), refunded("K1c", "1.11", of="K1"))))

    _activities, net = final_state()
    program = mall.earn_rules.get().program_id
    assert net[program, member.pk] == net[program, known.pk] == 45
    assert set(Activity.objects.filter(refund_of="S1").values_list("member", flat=True)) == {member.pk}
    assert audit().is_clean


def test_the_till_may_report_the_claimed_sale_again_as_it_knew_it(mall, cafe, receipt, member):
    claim(mall, receipt, member)
    sale = sold("S1", "100.00", outlet_id=cafe.pk, parts=["60.00", "40.00"])

    assert codes(record(mall, sale)) == [None]
    assert codes(record(mall, sold("S1", "99.00", outlet_id=cafe.pk))) == ["duplicate_reference"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"source_ref": "S2"},
        {"outlet": "BAR"},
        {"outlet": None},
        {"amount": Decimal("100.01")},
        {"currency": "USD"},
    ],
)
def test_all_of_the_receipt_must_be_right(mall, receipt, member, wrong):
    told = {name: getattr(receipt, name) for name in ("source_ref", "outlet", "amount", "currency")}

    with pytest.raises(ReceiptNotFound):
        claim(mall, ReceiptShown(**told | wrong), member)


def test_a_refund_is_no_receipt(mall, receipt, member):
    record(mall, refunded("F1", "100.00"))
    refund = Activity.objects.get(source_ref="F1")

    with pytest.raises(ReceiptNotFound):
        claim_for_member(activity_id=refund.pk, member=member, reason="x", by="user:1", at=LATER)
    with pytest.raises(ReceiptRefunded):
        claim(mall, receipt, member)


def test_a_receipt_can_be_claimed_for_the_units_days(mall, receipt, member):
    with pytest.raises(ClaimTooLate) as late:
        claim(mall, receipt, member, at=NOW + timedelta(days=30))
    assert late.value.facts == {"days": 30}

    ClaimTerms.objects.create(unit=mall, days=0)
    with pytest.raises(ClaimTooLate):
        claim(mall, receipt, member, at=NOW)
    ClaimTerms.objects.update(days=31)
    assert claim(mall, receipt, member, at=NOW + timedelta(days=30)).is_new


def test_who_is_not_active_claims_nothing(mall, receipt):
    frozen = make_member(status=MemberStatus.FROZEN)
    with pytest.raises(MemberNotActive):
        claim(mall, receipt, frozen)

    type(mall).objects.update(is_active=False)
    mall.refresh_from_db()
    with pytest.raises(UnitNotActive):
        claim(mall, receipt, make_member())


def test_who_was_merged_claims_for_the_member_they_are_now(mall, receipt, member):
    alias = make_member(merged_into=member)

    claim(mall, receipt, alias)

    assert Activity.objects.get().member == member
    assert not claim(mall, receipt, member).is_new


def test_an_operator_claims_with_a_reason(mall, receipt, member):
    sale = Activity.objects.get()

    claimed = claim_for_member(
        activity_id=sale.pk, member=member, reason="showed the receipt", by="user:7", at=LATER
    )

    assert claimed.is_new
    assert (claimed.activity.reason, claimed.activity.claimed_by) == ("showed the receipt", "user:7")


def test_ten_receipts_that_do_not_exist_are_enough_for_a_day(member):
    for _try in range(10):
        refuse_guessing(member=member, at=NOW)
        count_wrong_receipt(member=member, at=NOW)

    with pytest.raises(TooManyWrongReceipts):
        refuse_guessing(member=member, at=NOW)
    refuse_guessing(member=make_member(), at=NOW)
    refuse_guessing(member=member, at=NOW + timedelta(days=1))
