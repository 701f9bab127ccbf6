"""Reverse a posting: nothing is edited, a new posting points at the old one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from points import ledger
from points.models import Posting, PostingKind
from points.refusals import NotReversible
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
class PutBack:
    """The reversal of a redemption, and what each wallet got back."""

    posting: Posting
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


def reverse_redemption(
    *, unit: BusinessUnit, redemption_ref: str, points: int, source_ref: str, by: str, at: datetime
) -> PutBack:
    """Put `points` of the price paid under `redemption_ref` back into the very lots they came from.

    A lot that has died meanwhile lives on for the program's grace days, to the end of the last one; with
    none, the next sweep ends it again, so that cancelling is no way round expiry. Safe to retry.

    :raises NotReversible: the unit has no such redemption
    :raises ReversalExceedsOriginal: all reversals together would exceed the redemption
    :raises ReferenceReused: the reference stands for another reversal
    """
    original = _original(unit, PostingKind.REDEMPTION, redemption_ref)
    outcome = ledger.reverse_redemption(
        original_id=original.pk,
        points=points,
        source_ref=source_ref,
        at=at,
        grace_until=_grace_until(original, at),
        actor=by,
    ).or_refuse(asked=points)
    return PutBack(Posting.objects.get(pk=outcome.posted_id), outcome.shares, outcome.is_replay)


def _original(unit: BusinessUnit, kind: str, source_ref: str) -> Posting:
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
