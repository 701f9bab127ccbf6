"""Batches of vouchers: make one, issue from it, withdraw what is left, close it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from benefits.models import Voucher, VoucherAct, VoucherBatch, VoucherEvent, VoucherState
from benefits.refusals import (
    BatchClosed,
    BatchExhausted,
    MemberVouchersReached,
    OddQuantity,
    OddValidity,
    VoucherLocked,
    VoucherNotFound,
)
from benefits.rules.voucher_codes import new_voucher_code
from benefits.selectors.vouchers import digest_of
from common.clock import uuid7s
from common.errors import InvalidRequest
from members.data_keys import sealed_for
from members.models import Member, MemberStatus
from members.selectors.aliases import ids_of
from points.refusals import MemberNotActive
from points.rules.bounds import refuse_odd_instants
from units.models import BusinessUnit

AT_ONCE_MAX = 10_000
_A_CHUNK = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTerms:
    """What a new batch promises. Which of the worths are given depends on `kind`; the database checks it."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    terms_zh: str = ""
    terms_en: str = ""
    amount: Decimal | None = None
    min_spend: Decimal = Decimal(0)
    percent: int | None = None
    ceiling: Decimal | None = None
    minutes: int | None = None
    currency: str = "CNY"
    issued_max: int
    member_max: int | None = None
    receipt_max: int = 1
    starts_at: datetime
    ends_at: datetime
    valid_days: int | None = None
    restore_days: int = 7
    is_offline: bool = False


@transaction.atomic
def make_batch(
    *, issuer: BusinessUnit, units: Sequence[BusinessUnit], terms: BatchTerms, by: str, at: datetime
) -> VoucherBatch:
    """Plan a batch that `issuer` pays for and `units` honour (none named: the issuer alone).

    :raises InvalidRequest: the terms do not fit together; names the first field at fault
    """
    refuse_odd_instants(at=at)
    told = {name: getattr(terms, name) for name in terms.__slots__}
    batch = VoucherBatch(issuer=issuer, created_by=by, created_at=at, **told)
    try:
        batch.full_clean()
    except ValidationError as wrong:
        field, words = next(iter(wrong.message_dict.items()))
        raise InvalidRequest(words[0], field=field) from wrong
    batch.save(force_insert=True)
    batch.units.set(units or [issuer])
    return batch


@transaction.atomic
def issue_vouchers(*, batch: VoucherBatch, quantity: int, by: str, at: datetime) -> list[UUID]:
    """Issue `quantity` vouchers to whoever will have their codes. Returns their ids.

    :raises OddQuantity: not 1 to 10,000
    :raises BatchClosed: closed, or its time is over
    :raises BatchExhausted: the batch has not so many left
    """
    refuse_odd_instants(at=at)
    if not 1 <= quantity <= AT_ONCE_MAX:
        raise OddQuantity(quantity_max=AT_ONCE_MAX)
    locked = _open_batch(batch, quantity, at)
    issued: list[UUID] = []
    for start in range(0, quantity, _A_CHUNK):
        count = min(_A_CHUNK, quantity - start)
        issued += [voucher.pk for voucher in _issue(locked, count, by=by, at=at)]
    return issued


@transaction.atomic
def issue_voucher_to(
    *, member: Member, batch: VoucherBatch, by: str, at: datetime, cause: str = "", reason: str = ""
) -> Voucher:
    """Give `member` a voucher of `batch`. The same `cause` (such as `order:…:1`) gives it once.

    :raises MemberNotActive: the member is frozen or closed
    :raises MemberVouchersReached: the member has had as many as anybody may
    :raises BatchClosed, BatchExhausted: the batch has none
    """
    refuse_odd_instants(at=at)
    if member.status != MemberStatus.ACTIVE:
        raise MemberNotActive(member=member.number, member_status=member.status)
    words = sealed_for(member.pk, reason)
    locked = _open_batch(batch, 0, at)
    if cause:
        given = Voucher.objects.filter(batch=batch, cause=cause).defer("code").first()
        if given is not None:
            return given
    _refuse_full(locked, 1)
    if locked.member_max is not None:
        had = Voucher.objects.filter(batch=locked, member_id__in=ids_of(member.pk))
        if had.exclude(state=VoucherState.VOID).count() >= locked.member_max:
            raise MemberVouchersReached(member_max=locked.member_max)
    (voucher,) = _issue(locked, 1, by=by, at=at, member=member, cause=cause, words=words)
    return voucher


@transaction.atomic
def void_voucher(*, voucher_id: UUID, by: str, at: datetime, reason: str) -> Voucher:
    """Withdraw a voucher that nobody used. Doing so twice is doing so once.

    :raises VoucherNotFound: there is none of this id
    :raises VoucherLocked: a sale in progress has it, or used it
    """
    refuse_odd_instants(at=at)
    rows = Voucher.objects.filter(pk=voucher_id).defer("code")
    holder = rows.values_list("member_id", flat=True).first()
    told: dict[str, Any] = {"reason": reason} if holder is None else {"words": sealed_for(holder, reason)}
    voucher = rows.select_for_update(no_key=True).first()
    if voucher is None:
        raise VoucherNotFound
    if voucher.state == VoucherState.VOID:
        return voucher
    if voucher.state not in {VoucherState.ISSUED, VoucherState.EXPIRED}:
        raise VoucherLocked(state=voucher.state)
    if voucher.state == VoucherState.ISSUED:
        _void([voucher.pk], by=by, at=at, **told)
        voucher.refresh_from_db(fields=["state", "moves"])
    return voucher


@transaction.atomic
def close_batch(*, batch: VoucherBatch, by: str, at: datetime) -> VoucherBatch:
    """Issue no more of it. What is out stays good."""
    refuse_odd_instants(at=at)
    VoucherBatch.objects.filter(pk=batch.pk, closed_at=None).update(closed_at=at, closed_by=by)
    batch.refresh_from_db()
    return batch


def void_batch(*, batch: VoucherBatch, by: str, at: datetime, reason: str) -> int:
    """Close a batch and withdraw every voucher of it that nobody used or locked. How many. Safe to repeat."""
    close_batch(batch=batch, by=by, at=at)
    voided = 0
    while True:
        with transaction.atomic():
            rows = Voucher.objects.select_for_update(no_key=True).filter(
                batch=batch, state=VoucherState.ISSUED
            )
            chunk = list(rows.order_by("id").values_list("pk", flat=True)[:_A_CHUNK])
            _void(chunk, by=by, at=at, reason=reason)
        if not chunk:
            return voided
        voided += len(chunk)


def void_vouchers_of(*, member_ids: Collection[UUID], by: str, at: datetime) -> int:
    """Withdraw what these members have and did not use. How many. Inside the caller's transaction.

    One that a sale locked and let time out is theirs again, and goes too.
    """
    is_free = Q(state=VoucherState.ISSUED) | Q(state=VoucherState.LOCKED, locked_until__lte=at)
    rows = Voucher.objects.select_for_update(no_key=True).filter(is_free, member_id__in=member_ids)
    held = dict(rows.order_by("id").values_list("pk", "state"))
    VoucherEvent.objects.bulk_create(
        VoucherEvent(voucher_id=pk, kind=VoucherAct.RELEASED, by=by, at=at, recorded_at=at)
        for pk, state in held.items()
        if state == VoucherState.LOCKED
    )
    _void(list(held), by=by, at=at)
    return len(held)


def _void(voucher_ids: Sequence[UUID], *, by: str, at: datetime, **told: Any) -> None:
    VoucherEvent.objects.bulk_create(
        VoucherEvent(voucher_id=pk, kind=VoucherAct.VOIDED, by=by, at=at, recorded_at=at, **told)
        for pk in voucher_ids
    )


def _open_batch(batch: VoucherBatch, quantity: int, at: datetime) -> VoucherBatch:
    """The batch's row, locked: what it may still issue is read under it."""
    locked = VoucherBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    if locked.closed_at is not None or locked.ends_at <= at:
        raise BatchClosed
    _refuse_full(locked, quantity)
    return locked


def _refuse_full(batch: VoucherBatch, quantity: int) -> None:
    left = batch.issued_max - batch.issued
    if quantity > left:
        raise BatchExhausted(left=left)


def _issue(
    batch: VoucherBatch,
    quantity: int,
    *,
    by: str,
    at: datetime,
    member: Member | None = None,
    cause: str = "",
    words: bytes = b"",
) -> list[Voucher]:
    valid_from = max(at, batch.starts_at)
    ends = [batch.ends_at]
    if batch.valid_days is not None:
        ends.append(valid_from + timedelta(days=batch.valid_days))
    if min(ends) <= valid_from:
        raise OddValidity
    # 75 random bits: a code that is taken would be a broken random source, and the unique digest says so.
    codes = [new_voucher_code() for _ in range(quantity)]
    vouchers = [
        Voucher(
            id=pk,
            batch=batch,
            digest=digest_of(code),
            code=code,
            tail=code[-4:],
            member=member,
            cause=cause,
            valid_from=valid_from,
            expires_at=min(ends),
            issued_at=at,
        )
        for pk, code in zip(uuid7s(quantity), codes, strict=True)
    ]
    Voucher.objects.bulk_create(vouchers)
    VoucherEvent.objects.bulk_create(
        VoucherEvent(voucher=voucher, kind=VoucherAct.ISSUED, words=words, by=by, at=at, recorded_at=at)
        for voucher in vouchers
    )
    return vouchers
