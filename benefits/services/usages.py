"""Use, hold, release and restore entitlements: one code path for every door, exact under races.

The people are locked first (who uses it and whose right it is, by id), then everything is derived anew: what
is decided is what holds under the lock. The ledger's own constraints would refuse whatever slipped through.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from benefits.models import EntitlementEntry, EntryKind, SpentCode
from benefits.refusals import (
    AmountOutOfRange,
    EntitlementExhausted,
    EntitlementNotFound,
    MemberCodeOfAnother,
    MemberCodeUsed,
    NotHonouredHere,
    NotHonouredNow,
)
from benefits.selectors.entitlements import UsableRight, entitlements_of
from benefits.selectors.offers import closed_at, is_honoured_at
from benefits.selectors.places import Spot
from benefits.selectors.taken import overdue_holds
from benefits.services.entries import amount_fits, earlier_entry, entry_after, lock_people, overdue_released
from common.sql import retrying
from members.models import MemberStatus
from members.services.member_codes import ShownCode
from points.refusals import (
    CaptureExceedsHold,
    HoldNotFound,
    HoldNotOpen,
    MemberNotActive,
    NotReversible,
    ReversalExceedsOriginal,
    UnitNotActive,
)
from points.rules.bounds import refuse_odd_instants, refuse_odd_reference


@dataclass(frozen=True, slots=True)
class Taken:
    """The entry, and whether an earlier call with the same reference had written it."""

    entry: EntitlementEntry
    is_replay: bool


def use_right(
    *,
    right_id: UUID,
    member_id: UUID,
    amount: Decimal,
    spot: Spot,
    source_ref: str,
    by: str,
    at: datetime,
    code: ShownCode | None = None,
) -> Taken:
    """Use `amount` of a right at `spot`. `member_id` is who uses it; they go on under that id.

    Safe to retry: the same `source_ref` of the unit returns the first usage. A `code` is spent by it.

    :raises EntitlementNotFound: the member has no such right at `at`
    :raises EntitlementExhausted: less is left in the period
    :raises NotHonouredHere, NotHonouredNow: by the benefit's places and calendar
    :raises MemberCodeUsed, MemberCodeOfAnother: by the code
    :raises AmountOutOfRange, MemberNotActive, UnitNotActive: by what is asked
    :raises ReferenceReused: the reference stands for another usage
    """
    return _take(EntryKind.USE, right_id, member_id, amount, spot, source_ref, by, at, code=code)


def hold_right(
    *,
    right_id: UUID,
    member_id: UUID,
    amount: Decimal,
    spot: Spot,
    source_ref: str,
    until: datetime,
    by: str,
    at: datetime,
) -> Taken:
    """Keep `amount` of a right for a sale in progress: until used, released or `until`. As `use_right`."""
    refuse_odd_instants(until=until)
    if until <= at:
        raise HoldNotOpen
    return _take(EntryKind.HOLD, right_id, member_id, amount, spot, source_ref, by, at, until=until)


def use_held(
    *, hold_id: UUID, amount: Decimal | None = None, source_ref: str, by: str, at: datetime
) -> Taken:
    """Use what was held, or `amount` of it; the rest is let go.

    :raises HoldNotFound: there is no such hold
    :raises HoldNotOpen: it was used, released, or its time is over
    :raises CaptureExceedsHold: more than was held. Facts: `held`
    :raises ReferenceReused: the reference stands for another usage
    """
    refuse_odd_instants(at=at)
    refuse_odd_reference(source_ref)

    def use() -> Taken:
        with transaction.atomic():
            hold = _locked(hold_id, EntryKind.HOLD)
            asked = hold.amount if amount is None else amount
            earlier = earlier_entry(EntryKind.USE, hold.unit_id, source_ref, of_id=hold_id, amount=asked)
            if earlier is not None:
                return Taken(earlier, is_replay=True)
            if not amount_fits(asked, hold.version.benefit.kind.measure):
                raise AmountOutOfRange(field="amount")
            if asked > hold.amount:
                raise CaptureExceedsHold(held=f"{hold.amount:f}")
            if _has_ended(hold) or hold.hold_until is None or hold.hold_until <= at:
                raise HoldNotOpen
            entry = entry_after(hold, EntryKind.USE, asked, source_ref=source_ref, by=by, at=at)
            return Taken(entry, is_replay=False)

    return retrying(use)


def release_right(*, hold_id: UUID, by: str, at: datetime) -> EntitlementEntry:
    """Let go of what was held. Twice is as once.

    :raises HoldNotFound: there is no such hold
    :raises HoldNotOpen: it was used
    """
    refuse_odd_instants(at=at)

    def release() -> EntitlementEntry:
        with transaction.atomic():
            hold = _locked(hold_id, EntryKind.HOLD)
            ending = hold.followers.exclude(kind=EntryKind.RESTORE).first()
            if ending is not None:
                if ending.kind == EntryKind.USE:
                    raise HoldNotOpen
                return ending
            return entry_after(hold, EntryKind.RELEASE, hold.amount, source_ref=hold.source_ref, by=by, at=at)

    return retrying(release)


def release_overdue(*, by: str, at: datetime) -> int:
    """Release everything that is held past its time; nobody waited for it. Returns how many."""
    late = list(overdue_holds(at=at).order_by("hold_until", "pk").values_list("pk", flat=True))
    for hold_id in late:
        release_right(hold_id=hold_id, by=by, at=at)
    return len(late)


def restore_usage(
    *,
    usage_id: UUID,
    amount: Decimal | None = None,
    source_ref: str,
    by: str,
    at: datetime,
    reason: str = "",
    words: str = "",
) -> Taken:
    """Give back what was used, or `amount` of it (None: all that still stands), to the period it came from.

    What it is worth goes back with it: settlement subtracts the counter-entry, in the month of `at`.
    `reason` is a word of ours; a person's own `words` are closed with the member's key.

    :raises NotReversible: there is no such usage
    :raises ReversalExceedsOriginal: all restorings together would exceed the usage. Facts: `asked`
    :raises ReferenceReused: the reference stands for another restoring
    """
    refuse_odd_instants(at=at)
    refuse_odd_reference(source_ref)

    def restore() -> Taken:
        with transaction.atomic():
            usage = _locked(usage_id, EntryKind.USE)
            earlier = earlier_entry(
                EntryKind.RESTORE, usage.unit_id, source_ref, of_id=usage_id, amount=amount
            )
            if earlier is not None:
                return Taken(earlier, is_replay=True)
            restored = sum((back.amount for back in usage.followers.all()), Decimal(0))
            asked = usage.amount - restored if amount is None else amount
            if amount is not None and not amount_fits(amount, usage.version.benefit.kind.measure):
                raise AmountOutOfRange(field="amount")
            if not 0 < asked <= usage.amount - restored:
                raise ReversalExceedsOriginal(asked=f"{asked:f}")
            entry = entry_after(
                usage,
                EntryKind.RESTORE,
                asked,
                source_ref=source_ref,
                by=by,
                at=at,
                reason=reason,
                words=words,
            )
            return Taken(entry, is_replay=False)

    return retrying(restore)


def _take(  # noqa: PLR0917 -- the keywords of use_right and hold_right, handed on
    kind: EntryKind,
    right_id: UUID,
    member_id: UUID,
    amount: Decimal,
    spot: Spot,
    source_ref: str,
    by: str,
    at: datetime,
    *,
    code: ShownCode | None = None,
    until: datetime | None = None,
) -> Taken:
    refuse_odd_instants(at=at)
    refuse_odd_reference(source_ref)

    def take() -> Taken:
        with transaction.atomic():
            same: dict[str, Any] = {"entitlement": right_id, "member_id": member_id, "amount": amount}
            earlier = earlier_entry(kind, spot.unit.pk, source_ref, **same)
            if earlier is not None:
                return Taken(earlier, is_replay=True)
            seen = _right(right_id, member_id, spot, at)
            # Look, lock, look again: what counts is what holds when nobody else can use it meanwhile.
            user = lock_people({member_id, seen.right.holder_id})[member_id]
            earlier = earlier_entry(kind, spot.unit.pk, source_ref, **same)
            if earlier is not None:
                return Taken(earlier, is_replay=True)
            if user.status != MemberStatus.ACTIVE:
                raise MemberNotActive(member=user.number, member_status=user.status)
            if not spot.unit.is_active:
                raise UnitNotActive(unit=spot.unit.code)
            usable = _right(right_id, member_id, spot, at, seen=seen)
            _refuse_unless_usable(usable, amount, spot, at)
            _refuse_code(code, right_id, member_id)
            entry = _written(kind, usable, member_id, amount, spot, source_ref, by, at, until)
            if code is not None:
                SpentCode.objects.create(digest=code.digest, entry=entry, spent_at=at)
            return Taken(entry, is_replay=False)

    return retrying(take)


def _right(
    right_id: UUID, member_id: UUID, spot: Spot, at: datetime, *, seen: UsableRight | None = None
) -> UsableRight:
    """The right as it stands; under the lock it must still be the holder's who was `seen`.

    :raises EntitlementNotFound: there is none
    """
    offers = None if seen is None else {seen.benefit.benefit_id: seen.benefit}
    for usable in entitlements_of(member_id=member_id, at=at, spot=spot, offers=offers):
        if usable.id == right_id and (seen is None or seen.right.holder_id == usable.right.holder_id):
            return usable
    raise EntitlementNotFound


def _refuse_unless_usable(usable: UsableRight, amount: Decimal, spot: Spot, at: datetime) -> None:
    if not amount_fits(amount, usable.measure):
        raise AmountOutOfRange(field="amount")
    if not is_honoured_at(usable.benefit, spot):
        raise NotHonouredHere
    closed = closed_at(usable.benefit, spot, at)
    if closed is not None:
        raise NotHonouredNow(why=closed)
    if amount > usable.left:
        ends_on = usable.period.ends_on
        raise EntitlementExhausted(
            asked=f"{amount:f}",
            left=f"{usable.left:f}",
            measure=usable.measure,
            period_ends_on=None if ends_on is None else ends_on.isoformat(),
        )


def _refuse_code(code: ShownCode | None, right_id: UUID, member_id: UUID) -> None:
    if code is None:
        return
    if code.member_id != member_id or code.right_id not in (None, right_id):
        raise MemberCodeOfAnother
    # Exact under the member's lock; the unique row refuses whatever came past it.
    if SpentCode.objects.filter(digest=code.digest).exists():
        raise MemberCodeUsed


def _written(  # noqa: PLR0917 -- what was asked, in the order in which it was asked
    kind: EntryKind,
    usable: UsableRight,
    member_id: UUID,
    amount: Decimal,
    spot: Spot,
    source_ref: str,
    by: str,
    at: datetime,
    until: datetime | None,
) -> EntitlementEntry:
    right, version = usable.right, usable.benefit
    overdue_released(right.id, usable.period.starts_on, by=by, at=at)
    entry = EntitlementEntry.objects.create(
        entitlement=right.id,
        period_starts_on=usable.period.starts_on,
        period_ends_on=usable.period.ends_on,
        kind=kind,
        amount=amount,
        given=usable.given,
        elsewhere=usable.elsewhere,
        hold_until=until,
        holder_id=right.holder_id,
        member_id=member_id,
        rule=right.rule,
        grant=right.grant,
        residency=right.residency,
        version=version,
        provider=version.benefit.provider,
        unit=spot.unit,
        venue_id=spot.venue_id,
        outlet=spot.outlet,
        payer=version.payer,
        unit_value=version.unit_value,
        value=amount * version.unit_value,
        currency=version.currency,
        source_ref=source_ref,
        actor=by,
        at=at,
    )
    entry.refresh_from_db()
    return entry


def _locked(entry_id: UUID, kind: EntryKind) -> EntitlementEntry:
    """The entry, under the locks of its people."""
    entries = EntitlementEntry.objects.select_related("version__benefit__kind")
    entry = entries.filter(pk=entry_id, kind=kind).first()
    if entry is None:
        raise HoldNotFound if kind == EntryKind.HOLD else NotReversible
    lock_people({entry.holder_id, entry.member_id})
    return entry


def _has_ended(hold: EntitlementEntry) -> bool:
    return hold.followers.filter(kind__in=[EntryKind.USE, EntryKind.RELEASE]).exists()
