"""Use a voucher once: lock it for a sale, use it, let go of it, give it back; time out, expire.

Each verb locks the voucher's row, looks, and adds an event; the event moves the voucher
(benefits/sql/voucher_v1.sql). All run in the caller's transaction where there is one. Vouchers are locked by
id, after wallets; a receipt's advisory lock comes before them (docs/locking.md).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NoReturn
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from benefits.models import Voucher, VoucherAct, VoucherEvent, VoucherState
from benefits.refusals import (
    OddValidity,
    ReceiptVouchersReached,
    VoucherExpired,
    VoucherLocked,
    VoucherNotFound,
    VoucherNotHonouredHere,
    VoucherNotLocked,
    VoucherNotUsed,
    VoucherNotYet,
    VoucherUsed,
    VoucherVoid,
    VoucherWorthNothing,
)
from benefits.rules.voucher_worth import worth
from benefits.selectors.vouchers import terms_of
from common import Money
from points.refusals import ReferenceReused
from points.rules.bounds import refuse_odd_instants, refuse_odd_reference
from units.models import BusinessUnit, Outlet

LOCK_LIFE = timedelta(minutes=15)
LOCK_LIFE_MAX = timedelta(days=1)
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class VoucherUse:
    """A use, and whether an earlier call had already made it."""

    event: VoucherEvent
    is_replay: bool


@transaction.atomic
def lock_voucher(
    *,
    voucher_id: UUID,
    unit: BusinessUnit,
    source_ref: str,
    by: str,
    at: datetime,
    life: timedelta = LOCK_LIFE,
    outlet: Outlet | None = None,
) -> Voucher:
    """Keep a voucher for the sale `source_ref` at `unit` until `at + life`. The same sale may ask again.

    A lock taken in time is good until it ends, even if the voucher expires meanwhile.

    :raises VoucherNotFound, VoucherNotHonouredHere: it is not this unit's to take
    :raises VoucherLocked: another sale has it
    :raises VoucherUsed, VoucherExpired, VoucherNotYet, VoucherVoid: it cannot be used any more, or yet
    :raises OddValidity: a lock of more than a day, or of no time
    :raises InstantOutOfRange, ReferenceMalformed: odd input (points/rules/bounds.py)
    """
    _refuse_odd(source_ref, at)
    if not timedelta(0) < life <= LOCK_LIFE_MAX:
        raise OddValidity(field="life")
    voucher = _locked(voucher_id, unit)
    if _is_locked_for(voucher, unit, source_ref, at):
        return voucher
    _free_for_another(voucher, by=by, at=at)
    _refuse_unusable(voucher, at)
    until = at + life
    _add(
        voucher, VoucherAct.LOCKED, unit=unit, outlet=outlet, source_ref=source_ref, until=until, by=by, at=at
    )
    return _anew(voucher)


@transaction.atomic
def use_voucher(
    *,
    voucher_id: UUID,
    unit: BusinessUnit,
    source_ref: str,
    by: str,
    at: datetime,
    sale: Money | None = None,
    value: Money | None = None,
    outlet: Outlet | None = None,
    recorded_at: datetime | None = None,
) -> VoucherUse:
    """Use a voucher for the sale `source_ref` at `unit`, once.

    `sale` is what is to be paid before this voucher: what it takes off follows from its terms. Parking time
    is worth the fee that it spared, which the car park tells as `value`. Safe to retry: the same sale is
    answered with its first use. `recorded_at` is later than `at` where a till tells of it later.

    :raises VoucherNotFound, VoucherNotHonouredHere: it is not this unit's to take
    :raises VoucherLocked: another sale has it
    :raises VoucherUsed, VoucherExpired, VoucherNotYet, VoucherVoid: it cannot be used any more, or yet
    :raises VoucherWorthNothing: below the minimum spend, or the sale was not told
    :raises ReferenceReused: the sale used it and was refunded
    :raises ReceiptVouchersReached: the receipt has as many of this batch as it may
    :raises InstantOutOfRange, ReferenceMalformed: odd input (points/rules/bounds.py)
    """
    _refuse_odd(source_ref, at)
    _lock_receipt(unit, source_ref)
    voucher = _locked(voucher_id, unit)
    earlier = _use_of(voucher, unit, source_ref)
    if earlier is not None:
        if voucher.state == VoucherState.USED and voucher.moves == earlier.number:
            return VoucherUse(earlier, is_replay=True)
        # It was given back since: another sale needs a reference of its own.
        raise ReferenceReused(source_ref=source_ref)
    if not _is_locked_for(voucher, unit, source_ref, at):
        _free_for_another(voucher, by=by, at=at)
        _refuse_unusable(voucher, at)
    taken_off = _worth(voucher, sale=sale, value=value)
    _refuse_full_receipt(voucher, unit, source_ref)
    event = _add(
        voucher,
        VoucherAct.USED,
        unit=unit,
        outlet=outlet,
        source_ref=source_ref,
        sale=None if sale is None else sale.amount,
        value=taken_off,
        currency=voucher.batch.currency,
        by=by,
        at=at,
        recorded_at=recorded_at or at,
    )
    return VoucherUse(event, is_replay=False)


@transaction.atomic
def release_voucher(
    *, voucher_id: UUID, unit: BusinessUnit, source_ref: str, by: str, at: datetime
) -> Voucher:
    """Let go of a lock of the sale `source_ref`. Doing so twice is doing so once.

    :raises VoucherNotFound, VoucherNotHonouredHere: it is not this unit's
    :raises VoucherUsed: the sale used it: give it back instead
    :raises VoucherNotLocked: another sale has it
    """
    _refuse_odd(source_ref, at)
    voucher = _locked(voucher_id, unit)
    if voucher.state == VoucherState.USED:
        _tell_used(voucher)
    if voucher.state != VoucherState.LOCKED:
        return voucher
    if (voucher.lock_unit_id, voucher.lock_ref) != (unit.pk, source_ref):
        raise VoucherNotLocked
    _add(voucher, VoucherAct.RELEASED, unit=unit, source_ref=source_ref, by=by, at=at)
    return _anew(voucher)


@transaction.atomic
def restore_voucher(
    *, voucher_id: UUID, unit: BusinessUnit, source_ref: str, by: str, at: datetime, reason: str = ""
) -> VoucherUse:
    """Give back what the sale `source_ref` used, when that sale is refunded. Doing so twice is doing so once.

    A voucher that has expired meanwhile lives on for its batch's days of grace, once: to cancel and redo
    gives no life without end.

    :raises VoucherNotFound, VoucherNotHonouredHere: it is not this unit's
    :raises VoucherNotUsed: this sale did not use it
    """
    _refuse_odd(source_ref, at)
    voucher = _locked(voucher_id, unit)
    use = _use_of(voucher, unit, source_ref)
    if use is None:
        raise VoucherNotUsed
    back = VoucherEvent.objects.filter(
        voucher=voucher, kind=VoucherAct.RESTORED, unit=unit, source_ref=source_ref, number=use.number + 1
    ).first()
    if back is not None:
        return VoucherUse(back, is_replay=True)
    grace = timedelta(days=voucher.batch.restore_days)
    has_grace = voucher.expires_at <= at and bool(grace) and not voucher.is_extended
    event = _add(
        voucher,
        VoucherAct.RESTORED,
        unit=unit,
        outlet=use.outlet,
        source_ref=source_ref,
        sale=use.sale,
        value=use.value,
        currency=use.currency,
        until=at + grace if has_grace else None,
        reason=reason,
        by=by,
        at=at,
    )
    return VoucherUse(event, is_replay=False)


def time_out_vouchers(*, at: datetime) -> tuple[int, int]:
    """Let go of locks whose time is over, and end vouchers whose time is. How many of each.

    In bounded chunks, a transaction each; safe to run twice, at once or to be killed.
    """
    refuse_odd_instants(at=at)
    locks = _sweep(VoucherAct.RELEASED, at, state=VoucherState.LOCKED, locked_until__lte=at)
    ends = _sweep(VoucherAct.EXPIRED, at, state=VoucherState.ISSUED, expires_at__lte=at)
    return locks, ends


def _sweep(act: VoucherAct, at: datetime, **due: object) -> int:
    swept = 0
    while True:
        with transaction.atomic():
            rows = Voucher.objects.select_for_update(no_key=True, skip_locked=True).filter(**due)
            chunk = list(rows.order_by("id").values_list("pk", flat=True)[:AT_ONCE])
            VoucherEvent.objects.bulk_create(
                VoucherEvent(voucher_id=pk, kind=act, by="time_out_vouchers", at=at, recorded_at=at)
                for pk in chunk
            )
        if not chunk:
            return swept
        swept += len(chunk)


def _refuse_odd(source_ref: str, at: datetime) -> None:
    refuse_odd_instants(at=at)
    refuse_odd_reference(source_ref)


def _lock_receipt(unit: BusinessUnit, source_ref: str) -> None:
    """Two vouchers of one receipt are counted one after the other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"benefits.receipt:{unit.pk}:{source_ref}"],
        )


def _locked(voucher_id: UUID, unit: BusinessUnit) -> Voucher:
    """The voucher as it is now, locked until the transaction ends."""
    rows = Voucher.objects.select_for_update(of=("self",), no_key=True).select_related("batch").defer("code")
    voucher = rows.filter(pk=voucher_id).first()
    if voucher is None:
        raise VoucherNotFound
    if not voucher.batch.units.filter(pk=unit.pk).exists():
        raise VoucherNotHonouredHere
    return voucher


def _use_of(voucher: Voucher, unit: BusinessUnit, source_ref: str) -> VoucherEvent | None:
    uses = VoucherEvent.objects.filter(voucher=voucher, kind=VoucherAct.USED, unit=unit)
    return uses.filter(source_ref=source_ref).select_related("outlet").first()


def _is_locked_for(voucher: Voucher, unit: BusinessUnit, source_ref: str, at: datetime) -> bool:
    return (
        voucher.state == VoucherState.LOCKED
        and (voucher.lock_unit_id, voucher.lock_ref) == (unit.pk, source_ref)
        and voucher.locked_until is not None
        and at < voucher.locked_until
    )


def _free_for_another(voucher: Voucher, *, by: str, at: datetime) -> None:
    """End a lock whose time is over, whether or not the sweep has run.

    :raises VoucherLocked: its time is not over
    """
    if voucher.state != VoucherState.LOCKED:
        return
    assert voucher.locked_until is not None, "a lock has its end"
    if at < voucher.locked_until:
        raise VoucherLocked(locked_until=voucher.locked_until.isoformat())
    _add(voucher, VoucherAct.RELEASED, by=by, at=at)
    voucher.state = VoucherState.ISSUED


def _refuse_unusable(voucher: Voucher, at: datetime) -> None:
    if voucher.state == VoucherState.USED:
        _tell_used(voucher)
    if voucher.state == VoucherState.VOID:
        raise VoucherVoid
    # One that was used in time and told of after the sweep is not expired.
    if voucher.expires_at <= at:
        raise VoucherExpired(expires_at=voucher.expires_at.isoformat())
    if at < voucher.valid_from:
        raise VoucherNotYet(valid_from=voucher.valid_from.isoformat())


def _tell_used(voucher: Voucher) -> NoReturn:
    use = VoucherEvent.objects.filter(voucher=voucher, kind=VoucherAct.USED).order_by("-number").first()
    assert use is not None, "a used voucher has its use"
    raise VoucherUsed(used_at=use.at.isoformat())


def _worth(voucher: Voucher, *, sale: Money | None, value: Money | None) -> Decimal:
    terms = terms_of(voucher.batch)
    told = sale or value
    found = worth(
        terms,
        sale=None if sale is None else sale.amount,
        currency=None if told is None else told.currency,
        told=None if value is None else value.amount,
    )
    if found.nothing is not None:
        raise VoucherWorthNothing(why=found.nothing, min_spend=str(terms.min_spend), currency=terms.currency)
    return found.value


def _refuse_full_receipt(voucher: Voucher, unit: BusinessUnit, source_ref: str) -> None:
    """Counted under the receipt's lock: what stands used, that is, not given back since."""
    standing = VoucherEvent.objects.filter(
        kind=VoucherAct.USED,
        unit=unit,
        source_ref=source_ref,
        voucher__batch=voucher.batch,
        voucher__moves=F("number"),
    )
    if standing.count() >= voucher.batch.receipt_max:
        raise ReceiptVouchersReached(receipt_max=voucher.batch.receipt_max)


def _add(voucher: Voucher, act: VoucherAct, *, by: str, at: datetime, **told: object) -> VoucherEvent:
    event = VoucherEvent(voucher=voucher, kind=act, by=by, at=at, **{"recorded_at": at} | told)
    event.save(force_insert=True)
    return event


def _anew(voucher: Voucher) -> Voucher:
    return Voucher.objects.select_related("batch").defer("code").get(pk=voucher.pk)
