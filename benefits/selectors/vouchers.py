"""Vouchers as doors, car parks and settlement read them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from benefits.models import OfflineEntry, OfflineList, Voucher, VoucherBatch, VoucherEvent, VoucherState
from benefits.refusals import VoucherNotFound
from benefits.rules.voucher_codes import as_voucher_code
from benefits.rules.voucher_worth import VoucherTerms
from common import CURRENCY_EXPONENTS
from common.sql import rows
from members.vault import blind_index
from units.models import BusinessUnit

CODE_KIND = "voucher"
# As `living_vouchers`, and honoured at the unit.
_USABLE: Final = """
SELECT v.id, b.id, b.code, b.receipt_max, b.issuer_id, v.member_id, v.expires_at, b.name_zh, b.name_en,
       b.kind, b.currency, b.amount, b.min_spend, b.percent, b.ceiling, b.minutes
FROM benefits_voucher v JOIN benefits_voucherbatch b ON b.id = v.batch_id
WHERE v.member_id = ANY (%(members)s) AND b.kind = ANY (%(kinds)s) AND v.state IN ('issued', 'locked')
  AND (v.state = 'issued' OR v.locked_until <= %(at)s) AND v.valid_from <= %(at)s AND v.expires_at > %(at)s
  AND EXISTS (SELECT FROM benefits_voucherbatch_units u
              WHERE u.voucherbatch_id = b.id AND u.businessunit_id = %(unit)s)
ORDER BY v.expires_at, v.id
"""


@dataclass(frozen=True, slots=True)
class UsableVoucher:
    """A voucher that a member can use at a unit: what it gives, until when, and who pays for it."""

    id: UUID
    batch_id: UUID
    code: str  # of the batch: its name in reports, no secret
    terms: VoucherTerms
    receipt_max: int
    issuer_id: int
    member_id: UUID | None
    expires_at: datetime
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class HonouredVoucher:
    """A line for settlement: the issuer owes the honouring unit `value`, or gets it back (negative)."""

    event_id: UUID
    voucher_id: UUID
    batch_id: UUID
    issuer_id: int
    honoured_by_id: int
    value: Decimal
    currency: str
    source_ref: str
    at: datetime
    recorded_at: datetime


def usable_vouchers(
    *, member_ids: Collection[UUID], kinds: Collection[str], unit: BusinessUnit, at: datetime
) -> list[UsableVoucher]:
    """What members (all ids of a person, or a household's) can use at `unit`, soonest end first.

    One plain statement: a gate waits for it. A lock whose time is over keeps nobody away.
    """
    asked = {"members": list(member_ids), "kinds": list(kinds), "unit": unit.pk, "at": at}
    return [_usable(row) for row in rows(_USABLE, asked)]


def living_vouchers(*, at: datetime) -> QuerySet[Voucher]:
    """Vouchers that somebody could use at `at`, somewhere."""
    return Voucher.objects.filter(
        Q(state=VoucherState.ISSUED) | Q(state=VoucherState.LOCKED, locked_until__lte=at),
        valid_from__lte=at,
        expires_at__gt=at,
    )


def vouchers_of(*, member_ids: Collection[UUID]) -> QuerySet[Voucher]:
    """All of a person's, whatever their state, without their codes; unordered: the door orders its pages."""
    return Voucher.objects.filter(member_id__in=member_ids).select_related("batch").defer("code")


def voucher_of(*, member_ids: Collection[UUID], voucher_id: UUID) -> Voucher:
    """One of a person's, with its code.

    :raises VoucherNotFound: there is none, or it is somebody else's
    """
    found = Voucher.objects.filter(member_id__in=member_ids, pk=voucher_id).select_related("batch").first()
    if found is None:
        raise VoucherNotFound
    return found


def voucher_by_code(typed: str) -> Voucher | None:
    """The voucher whose code `typed` means; None: nobody's."""
    code = as_voucher_code(typed)
    if code is None:
        return None
    digest = digest_of(code)
    return Voucher.objects.filter(digest=digest).select_related("batch__issuer").defer("code").first()


def voucher_for_till(voucher_id: UUID) -> Voucher:
    """One that a till has already named, without its code.

    :raises VoucherNotFound: there is none
    """
    found = Voucher.objects.filter(pk=voucher_id).select_related("batch__issuer").defer("code").first()
    if found is None:
        raise VoucherNotFound
    return found


def is_honoured_by(voucher: Voucher, unit: BusinessUnit) -> bool:
    """Whether `unit` takes it."""
    return voucher.batch.units.filter(pk=unit.pk).exists()


def entries_of(offline_list: OfflineList) -> QuerySet[OfflineEntry]:
    """The lines of a list, with their vouchers but not the codes."""
    lines = OfflineEntry.objects.filter(offline_list=offline_list).order_by("id")
    return lines.select_related("voucher__batch").defer("voucher__code")


def digest_of(code: str) -> bytes:
    """The keyed digest that a code is found by."""
    return blind_index(CODE_KIND, code)


def terms_of(batch: VoucherBatch) -> VoucherTerms:
    """A batch's terms as the rules read them."""
    return VoucherTerms(
        kind=batch.kind,
        currency=batch.currency,
        decimals=CURRENCY_EXPONENTS.get(batch.currency, 2),
        amount=batch.amount,
        min_spend=batch.min_spend,
        percent=batch.percent,
        ceiling=batch.ceiling,
        minutes=batch.minutes,
    )


def state_at(voucher: Voucher, at: datetime) -> str:
    """How the voucher stands at `at`, whether or not the sweep has run."""
    state = voucher.state
    if state == VoucherState.LOCKED and voucher.locked_until is not None and voucher.locked_until <= at:
        state = VoucherState.ISSUED
    if state == VoucherState.ISSUED and voucher.expires_at <= at:
        state = VoucherState.EXPIRED
    return str(state)


def honoured_vouchers(*, recorded_from: datetime, recorded_before: datetime) -> Iterable[HonouredVoucher]:
    """What was used and given back at units in a time, by when it was recorded: rows that never change."""
    rows = VoucherEvent.objects.filter(
        kind__in=["used", "restored"], recorded_at__gte=recorded_from, recorded_at__lt=recorded_before
    )
    for row in rows.select_related("voucher__batch").defer("voucher__code").order_by("id").iterator():
        assert row.unit_id is not None, "a use is somewhere"
        assert row.value is not None, "a use has its value"
        yield HonouredVoucher(
            event_id=row.pk,
            voucher_id=row.voucher_id,
            batch_id=row.voucher.batch_id,
            issuer_id=row.voucher.batch.issuer_id,
            honoured_by_id=row.unit_id,
            value=row.value if row.kind == "used" else -row.value,
            currency=row.currency,
            source_ref=row.source_ref,
            at=row.at,
            recorded_at=row.recorded_at,
        )


def _usable(row: tuple[Any, ...]) -> UsableVoucher:
    pk, batch_id, code, receipt_max, issuer_id, member_id, expires_at, name_zh, name_en, *terms = row
    kind, currency, amount, min_spend, percent, ceiling, minutes = terms
    decimals = CURRENCY_EXPONENTS.get(currency, 2)
    said = VoucherTerms(kind, currency, decimals, amount, min_spend, percent, ceiling, minutes)
    return UsableVoucher(
        pk, batch_id, code, said, receipt_max, issuer_id, member_id, expires_at, name_zh, name_en
    )
