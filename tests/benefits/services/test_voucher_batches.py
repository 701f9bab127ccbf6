"""Batches: what fits together, how many, to whom."""

from datetime import timedelta
from decimal import Decimal

import pytest

from benefits.models import Voucher, VoucherBatch
from benefits.refusals import BatchClosed, BatchExhausted, MemberVouchersReached, OddQuantity
from benefits.services.voucher_batches import close_batch, issue_vouchers, void_batch
from common.errors import InvalidRequest
from points.refusals import MemberNotActive
from tests.benefits.vouchers import issue, make_vouchers_of, state_of, use
from tests.factories import NOW, make_member, make_unit

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "terms",
    [
        {"kind": "percent_off"},
        {"kind": "percent_off", "percent": 101},
        {"kind": "cash_off", "amount": None},
        {"kind": "cash_off", "amount": Decimal(0)},
        {"kind": "item", "amount": None},
        {"kind": "parking_hours", "minutes": 0},
        {"kind": "moon"},
        {"code": "small letters"},
        {"ends_at": NOW - timedelta(days=2)},
        {"issued_max": 0},
        {"min_spend": Decimal(-1)},
    ],
)
def test_terms_that_do_not_fit_are_refused(terms):
    with pytest.raises(InvalidRequest):
        make_vouchers_of(make_unit(), **terms)
    assert not VoucherBatch.objects.exists()


def test_without_a_name_the_issuer_honours_its_own():
    mall = make_unit()

    assert list(make_vouchers_of(mall).units.all()) == [mall]


def test_a_batch_issues_no_more_than_planned_and_counts_by_itself():
    batch = make_vouchers_of(make_unit(), issued_max=5)
    issue_vouchers(batch=batch, quantity=3, by="test", at=NOW)

    with pytest.raises(BatchExhausted) as refused:
        issue_vouchers(batch=batch, quantity=3, by="test", at=NOW)

    assert refused.value.facts == {"left": 2}
    batch.refresh_from_db()
    assert batch.issued == Voucher.objects.count() == 3


@pytest.mark.parametrize("quantity", [0, -1, 10_001])
def test_an_odd_quantity_is_refused(quantity):
    with pytest.raises(OddQuantity):
        issue_vouchers(batch=make_vouchers_of(make_unit()), quantity=quantity, by="test", at=NOW)


def test_codes_are_kept_as_digest_and_sealed():
    voucher = issue(make_vouchers_of(make_unit()))
    raw = Voucher.objects.extra(select={"sealed": "code"}).values_list("sealed", "digest").get()

    assert len(voucher.code) == 16
    assert voucher.code.encode() not in bytes(raw[0]) + bytes(raw[1])


def test_each_voucher_lives_its_days_within_the_batch():
    mall = make_unit()
    short = issue(make_vouchers_of(mall, valid_days=7))
    cut = issue(make_vouchers_of(mall, valid_days=90))

    assert short.expires_at == NOW + timedelta(days=7)
    assert cut.expires_at == cut.batch.ends_at


def test_one_cause_gives_one_voucher_and_a_member_has_no_more_than_anybody_may():
    member = make_member()
    batch = make_vouchers_of(make_unit(), member_max=2)
    first = issue(batch, member=member, cause="order:1")

    assert issue(batch, member=member, cause="order:1").pk == first.pk
    issue(batch, member=member, cause="order:2")
    with pytest.raises(MemberVouchersReached):
        issue(batch, member=member)


def test_a_frozen_member_gets_none():
    with pytest.raises(MemberNotActive):
        issue(make_vouchers_of(make_unit()), member=make_member(status="frozen"))


def test_a_closed_batch_issues_no_more_and_what_is_out_stays_good():
    mall = make_unit()
    batch = make_vouchers_of(mall)
    voucher = issue(batch)
    close_batch(batch=batch, by="test", at=NOW)
    close_batch(batch=batch, by="other", at=NOW)

    with pytest.raises(BatchClosed):
        issue(batch)
    use(voucher, mall)
    assert VoucherBatch.objects.get().closed_by == "test"


def test_withdrawing_a_batch_leaves_what_was_used():
    mall = make_unit()
    batch = make_vouchers_of(mall)
    used, idle = issue(batch), issue(batch)
    use(used, mall)

    assert void_batch(batch=batch, by="test", at=NOW, reason="misprint") == 1
    assert void_batch(batch=batch, by="test", at=NOW, reason="misprint") == 0
    assert (state_of(used), state_of(idle)) == ("used", "void")
