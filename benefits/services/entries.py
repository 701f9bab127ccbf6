"""What the verbs of the entitlement ledger share: locks, replays, entries that follow others."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from benefits.models import EntitlementEntry, EntryKind, Measure
from benefits.models.rule import AMOUNT_MAX
from benefits.selectors.taken import overdue_holds
from common.errors import Unavailable
from members.models import Member
from points.refusals import ReferenceReused

_COPIED: Final = (
    "entitlement", "period_starts_on", "period_ends_on", "given", "elsewhere", "holder_id", "member_id",
    "rule_id", "grant_id", "residency_id", "version_id", "provider_id", "unit_id", "venue_id", "outlet_id",
    "payer", "unit_value", "currency",
)  # fmt: skip


def lock_people(ids: Iterable[UUID]) -> dict[UUID, Member]:
    """The rows of these members, locked by id until the transaction ends. See docs/locking.md.

    :raises Unavailable: one was merged away meanwhile: asked again, the survivor is found
    """
    rows = Member.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("pk")
    people = {member.pk: member for member in rows}
    if any(member.merged_into_id is not None for member in people.values()):
        raise Unavailable
    return people


def earlier_entry(
    kind: EntryKind, unit_id: int, source_ref: str, *, amount: Decimal | None, **same: Any
) -> EntitlementEntry | None:
    """The entry that this reference stands for; None: it is new.

    :raises ReferenceReused: it stands for something else
    """
    found = EntitlementEntry.objects.filter(kind=kind, unit_id=unit_id, source_ref=source_ref).first()
    if found is None:
        return None
    told = same if amount is None else {**same, "amount": amount}
    if any(getattr(found, name) != value for name, value in told.items()):
        raise ReferenceReused(source_ref=source_ref)
    return found


def entry_after(
    origin: EntitlementEntry,
    kind: EntryKind,
    amount: Decimal,
    *,
    source_ref: str,
    by: str,
    at: datetime,
    reason: str = "",
    words: str = "",
) -> EntitlementEntry:
    """What follows a hold or a usage: of the same right, period, place and worth of one."""
    entry = EntitlementEntry.objects.create(
        **{name: getattr(origin, name) for name in _COPIED},
        of=origin,
        kind=kind,
        amount=amount,
        value=amount * origin.unit_value,
        source_ref=source_ref,
        actor=by,
        reason=reason,
        words=words,
        at=at,
    )
    entry.refresh_from_db()
    return entry


def overdue_released(right_id: UUID, period_starts_on: date, *, by: str, at: datetime) -> int:
    """Release what of this right is held past its time: the chain then says what is free. How many."""
    late = list(
        overdue_holds(at=at).filter(entitlement=right_id, period_starts_on=period_starts_on).order_by("place")
    )
    for hold in late:
        entry_after(hold, EntryKind.RELEASE, hold.amount, source_ref=hold.source_ref, by=by, at=at)
    return len(late)


def amount_fits(amount: object, measure: str) -> bool:
    """Whether it is an amount of that measure: whole times and minutes, money to the cent, above zero."""
    if not isinstance(amount, Decimal) or not amount.is_finite() or not 0 < amount <= AMOUNT_MAX:
        return False
    step = Decimal("0.01") if measure == Measure.MONEY else Decimal(1)
    return amount % step == 0
