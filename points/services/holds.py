"""Hold points for a sale in progress, then capture them (wholly or partly), let them go, or time them out."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from common.errors import DomainError
from members.models import Member
from members.selectors.merges import ever_one_with
from points import ledger
from points.models import Hold, Posting, Program
from points.refusals import HoldNotFound
from points.rules.bounds import refuse_odd_instants, refuse_odd_points, refuse_odd_reference
from points.rules.shares import Share, shares_kept
from points.selectors.persons import held_as, went_on_as
from points.selectors.renewals import renewals, renewals_of
from points.services.redemption import (
    SHORT,
    Redemption,
    quoted_shares,
    refuse_spending,
    refuse_unless_agreed,
)
from units.models import BusinessUnit

HOLD_LIFE = timedelta(minutes=15)
HOLDS_A_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Reservation:
    """The hold, and whether an earlier call had already made it."""

    hold: Hold
    shares: tuple[Share, ...]
    is_replay: bool


def hold_points(
    *,
    member: Member,
    program: Program,
    unit: BusinessUnit,
    price: int,
    source_ref: str,
    by: str,
    at: datetime,
    quote_token: str | None = None,
    life: timedelta = HOLD_LIFE,
) -> Reservation:
    """Reserve `price` points of `program` for a sale at `unit`; times out after `life` if nobody answers.

    With a quote, exactly what it showed. Safe to retry: the same `source_ref` of the unit returns the first
    hold. Held lots survive their expiry until the hold ends.

    :raises QuoteChanged: the wallets or rates moved; carries the new quote: its token, end and shares
    :raises QuoteExpired: the quote is older than five minutes, forged, or for something else
    :raises InsufficientPoints: fewer points are spendable than the price asks
    :raises ReferenceReused: the reference stands for another hold or redemption
    :raises MemberNotActive: the member is frozen or closed
    :raises UnitNotActive: the unit takes no part at present
    :raises ProgramNotActive: the program prices nothing at present
    :raises PointsOutOfRange: not 1 to 10⁹ points
    :raises InstantOutOfRange, ReferenceMalformed: odd input (points/rules/bounds.py)
    """
    refuse_odd_points(price)
    refuse_odd_instants(at=at)
    refuse_odd_reference(source_ref)
    spending = ledger.Spending(member.pk, program.pk, unit.pk, price, source_ref, at)
    try:
        refuse_spending(member=member, program=program, unit=unit, at=at)
        quoted = None if quote_token is None else quoted_shares(quote_token, spending)
    except DomainError:
        # As for a redemption: a till may ask again after the quote died or the member was frozen.
        mine = ever_one_with(member.pk)
        same = Hold.objects.filter(member__in=mine, program=program, points=price)
        earlier = same.filter(unit=unit, source_ref=source_ref).select_related("unit", "member").first()
        if earlier is None:
            raise
        return Reservation(earlier, shares_kept(earlier.shares), is_replay=True)
    held = ledger.hold(spending, expires_at=at + life, actor=by, quoted=quoted)
    if held.name == "reference_reused":
        # Held before a merge, under the other id of the same person: a retry hears it.
        was = held_as(unit_id=unit.pk, source_ref=source_ref, member_id=member.pk)
        if was is not None:
            held = ledger.hold(replace(spending, member_id=was), expires_at=at + life, actor=by)
    elif held.name in SHORT and (survivor := went_on_as(member)):
        return hold_points(
            member=survivor,
            program=program,
            unit=unit,
            price=price,
            source_ref=source_ref,
            by=by,
            at=at,
            life=life,
        )
    refuse_unless_agreed(held, spending, member=member, program=program, unit=unit)
    hold = Hold.objects.select_related("unit", "member").get(unit=unit, source_ref=source_ref)
    return Reservation(hold, held.shares, held.is_replay)


def capture_hold(
    *, hold_id: UUID, units: list[BusinessUnit], points: int | None, by: str, at: datetime
) -> Redemption:
    """Spend `points` (None: all) of what a hold at one of `units` reserved; the rest is released.

    Like every redemption it renews what rolls in the programs that pay. Safe to retry: capturing the same
    points again returns the first redemption.

    :raises HoldNotFound: no such hold at these units
    :raises HoldNotOpen: it was voided or timed out
    :raises CaptureExceedsHold: more was asked than is held
    :raises ReferenceReused: it was captured before, for another price
    :raises PointsOutOfRange: not 1 to 10⁹ points
    :raises InstantOutOfRange, ReferenceMalformed: odd input (points/rules/bounds.py)
    """
    hold = _hold_at(units, hold_id)
    price = hold.points if points is None else points
    refuse_odd_points(price)
    refuse_odd_instants(at=at)
    own = renewals_of(hold.program, at=at)
    outcome = ledger.capture_hold(hold_id=hold.pk, price=price, at=at, actor=by, renewals=own)
    # As for a redemption: seldom, so only then are all of them looked up.
    while outcome.name == "renewals_wanted":
        every = renewals(at=at)
        outcome = ledger.capture_hold(hold_id=hold.pk, price=price, at=at, actor=by, renewals=every)
    facts = {"held": hold.points, "asked": price} if outcome.name == "capture_exceeds_hold" else {}
    outcome.or_refuse(**facts)
    return Redemption(Posting.objects.get(pk=outcome.posted_id), outcome.shares, outcome.is_replay)


def void_hold(*, hold_id: UUID, units: list[BusinessUnit], at: datetime) -> Hold:
    """Let go of what a hold at one of `units` reserved. Doing so twice is doing so once.

    :raises HoldNotFound: no such hold at these units
    :raises HoldNotOpen: it was captured: reverse the redemption instead
    """
    refuse_odd_instants(at=at)
    hold = _hold_at(units, hold_id)
    ledger.void_hold(hold_id=hold.pk, at=at).or_refuse()
    hold.refresh_from_db()
    return hold


def time_out_holds(*, at: datetime) -> int:
    """End every hold that nobody answered by `at`; how many. Safe to repeat or to be killed half-way."""
    refuse_odd_instants(at=at)
    ended = 0
    while count := ledger.time_out_holds(at=at, holds=HOLDS_A_CHUNK):
        ended += count
    return ended


def _hold_at(units: list[BusinessUnit], hold_id: UUID) -> Hold:
    hold = Hold.objects.select_related("program").filter(pk=hold_id, unit__in=units).first()
    if hold is None:
        raise HoldNotFound
    return hold
