"""Vouchers to test with, made through the services that make them in life."""

from datetime import timedelta
from decimal import Decimal
from itertools import count

from benefits.models import Voucher, VoucherBatch
from benefits.services.voucher_batches import BatchTerms, issue_voucher_to, issue_vouchers, make_batch
from benefits.services.vouchers import use_voucher
from common import Money
from members.models import Member
from tests.factories import NOW
from units.models import BusinessUnit

_serial = count(1)


def make_vouchers_of(issuer: BusinessUnit, *units: BusinessUnit, **terms) -> VoucherBatch:
    """A batch: 20 off from 100 on, unless said otherwise."""
    is_cash = terms.get("kind", "cash_off") == "cash_off"
    worths = {"amount": Decimal(20), "min_spend": Decimal(100)} if is_cash else {}
    usual = {
        "code": f"BATCH{next(_serial)}",
        "kind": "cash_off",
        "name_zh": "满百减二十",
        "name_en": "20 off 100",
        "issued_max": 1000,
        "starts_at": NOW - timedelta(days=1),
        "ends_at": NOW + timedelta(days=30),
    }
    return make_batch(
        issuer=issuer, units=units, terms=BatchTerms(**usual | worths | terms), by="test", at=NOW
    )


def issue(batch: VoucherBatch, *, member: Member | None = None, at=NOW, **told) -> Voucher:
    """One voucher, with its code."""
    if member is not None:
        made = issue_voucher_to(member=member, batch=batch, by="test", at=at, **told).pk
    else:
        (made,) = issue_vouchers(batch=batch, quantity=1, by="test", at=at)
    return Voucher.objects.select_related("batch").get(pk=made)


def cny(amount: str | int) -> Money:
    return Money(Decimal(amount), "CNY")


def use(voucher: Voucher, unit: BusinessUnit, ref: str = "", *, sale: str | int | None = 100, at=NOW, **told):
    return use_voucher(
        voucher_id=voucher.pk,
        unit=unit,
        source_ref=ref or f"sale-{next(_serial)}",
        sale=None if sale is None else cny(sale),
        by="test",
        at=at,
        **told,
    )


def state_of(voucher: Voucher) -> str:
    return Voucher.objects.values_list("state", flat=True).get(pk=voucher.pk)


def acts_of(voucher: Voucher) -> list[str]:
    return list(voucher.events.order_by("number").values_list("kind", flat=True))
