"""Reverse a posting: nothing is edited, a new posting points at the old one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from points import ledger
from points.models import Hold, Posting, PostingKind
from points.refusals import HoldNotCaptured, NotReversible, ReversalExceedsOriginal
from points.rules.bounds import refuse_odd_instants, refuse_odd_points, refuse_odd_reference
from points.rules.expiry import start_of_day
from points.rules.shares import Share
from units.models import BusinessUnit


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The reversal of an accrual, and where the points came from."""

    posting: Posting
    taken: int
    owed: int
    forgiven: int
    is_replay: bool


@dataclass(frozen=True, slots=True)
class Refund:
    """`points` of an accrual (with its program at hand) to take back, under a reference of their own."""

    accrual: Posting
    points: int
    source_ref: str


@dataclass(frozen=True, slots=True)
class PutBack:
    """The reversal of a redemption, the redemption itself, and what each wallet got back."""

    posting: Posting
    original: Posting
    shares: tuple[Share, ...]
    is_replay: bool


def reverse_accrual(
    *, unit: BusinessUnit, accrual_ref: str, points: int, source_ref: str, by: str, at: datetime
) -> TakenBack:
    """Take back `points` of what the unit gave under `accrual_ref`: a refund.

    From the original lot, then from the wallet's other living lots, then by the program's policy: a debt
    that later accruals repay first (default), forgiven, or refused. Safe to retry: the same `source_ref`
    reverses once.

    :raises NotReversible: the unit has no such accrual
    :raises ReversalExceedsOriginal: all reversals together would exceed the accrual
    :raises InsufficientPoints: the points are spent and the program refuses such refunds
    :raises ReferenceReused: the reference stands for another reversal
    """
    refuse_odd_points(points)
    refuse_odd_instants(at=at)
    refuse_odd_reference(source_ref)
    original = _original(unit, PostingKind.ACCRUAL, accrual_ref)
    outcome = ledger.reverse_accrual(
        original_id=original.pk,
        points=points,
        source_ref=source_ref,
        at=at,
        actor=by,
        policy=original.program.reversal_policy,
    )
    facts = {"short": outcome.short} if outcome.name == "insufficient_points" else {"asked": points}
    outcome.or_refuse(**facts)
    posting = Posting.objects.get(pk=outcome.posted_id)
    return TakenBack(posting, outcome.taken, outcome.owed, outcome.forgiven, outcome.is_replay)


def reverse_accruals(*, refunds: Sequence[Refund], by: str, at: datetime) -> list[ledger.Reversed]:
    """Take back a batch in one round trip, as `reverse_accrual` takes back one. One answer each, in order.

    A refused one leaves the others alone.
    """
    asked = [
        ledger.TakingBack(
            original_id=refund.accrual.pk,
            points=refund.points,
            source_ref=refund.source_ref,
            at=at,
            policy=refund.accrual.program.reversal_policy,
        )
        for refund in refunds
    ]
    return ledger.reverse_accrual_many(asked, actor=by)


def reverse_redemption(
    *, unit: BusinessUnit, redemption_ref: str, points: int, source_ref: str, by: str, at: datetime
) -> PutBack:
    """Put `points` of the price paid under `redemption_ref` back into the very lots they came from.

    A lot that has died meanwhile lives on for the program's grace days, to the end of the last one, once;
    with none, the next sweep ends it again, so that cancelling is no way round expiry. Safe to retry.

    :raises NotReversible: the unit has no such redemption
    :raises ReversalExceedsOriginal: all reversals together would exceed the redemption
    :raises ReferenceReused: the reference stands for another reversal
    """
    original = _original(unit, PostingKind.REDEMPTION, redemption_ref)
    return _put_back(original, points=points, source_ref=source_ref, by=by, at=at)


def reverse_payment(
    *,
    payment_id: UUID,
    units: Sequence[BusinessUnit],
    points: int | None,
    source_ref: str,
    by: str,
    at: datetime,
) -> PutBack:
    """Put `points` (None: all that still stands) of a price paid at one of `units` back where they came from.

    `payment_id` is the redemption's, or that of the hold it was captured from. See `reverse_redemption`.

    :raises NotReversible: no such redemption at these units
    :raises HoldNotCaptured: the points are or were only held
    :raises ReversalExceedsOriginal: all reversals together would exceed the redemption
    :raises ReferenceReused: the reference stands for another reversal
    """
    original = _paid_at(units, payment_id)
    if points is not None:
        return _put_back(original, points=points, source_ref=source_ref, by=by, at=at)
    while True:
        standing = _standing(original, source_ref)
        try:
            return _put_back(original, points=standing, source_ref=source_ref, by=by, at=at)
        except ReversalExceedsOriginal:
            # Another till gave back a part since we looked: less stands now, down to nothing.
            if standing == 0:
                raise


def _put_back(original: Posting, *, points: int, source_ref: str, by: str, at: datetime) -> PutBack:
    refuse_odd_points(points)
    refuse_odd_instants(at=at)
    refuse_odd_reference(source_ref)
    outcome = ledger.reverse_redemption(
        original_id=original.pk,
        points=points,
        source_ref=source_ref,
        at=at,
        grace_until=_grace_until(original, at),
        actor=by,
    ).or_refuse(asked=points)
    posting = Posting.objects.get(pk=outcome.posted_id)
    return PutBack(posting, original, outcome.shares, outcome.is_replay)


def _paid_at(units: Sequence[BusinessUnit], payment_id: UUID) -> Posting:
    posting_id = payment_id
    hold = Hold.objects.filter(pk=payment_id, unit__in=units).first()
    if hold is not None:
        if hold.posting_id is None:
            raise HoldNotCaptured
        posting_id = hold.posting_id
    paid = Posting.objects.filter(kind=PostingKind.REDEMPTION, unit__in=units)
    found = paid.select_related("program", "unit", "member").filter(pk=posting_id).first()
    if found is None:
        raise NotReversible
    return found


def _standing(original: Posting, source_ref: str) -> int:
    """What of a redemption is not reversed yet; of a reversal that is there already, its own points."""
    reversals = Posting.objects.filter(reverses=original.pk).values_list("source_ref", "points")
    before = dict(reversals)
    return before.get(source_ref, original.points - sum(before.values()))


def _original(unit: BusinessUnit, kind: str, source_ref: str) -> Posting:
    refuse_odd_reference(source_ref)
    found = (
        Posting.objects.select_related("program").filter(unit=unit, kind=kind, source_ref=source_ref).first()
    )
    if found is None:
        raise NotReversible(source_ref=source_ref)
    return found


def _grace_until(original: Posting, at: datetime) -> datetime | None:
    program = original.program
    if not program.grace_days:
        return None
    zone = ZoneInfo(program.time_zone)
    last_day = at.astimezone(zone).date() + timedelta(days=program.grace_days)
    return start_of_day(last_day + timedelta(days=1), zone)
