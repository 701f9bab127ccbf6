"""Exchange points: quote what they give in another program, then turn them into exactly that."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core import signing

from common.errors import DomainError
from members.models import Member
from members.selectors.merges import ever_one_with
from points import ledger
from points.models import ExchangeRate, Posting, PostingKind, Program
from points.refusals import (
    ExchangeTooSmall,
    InsufficientPoints,
    NoExchangeRate,
    PointsOutOfRange,
    ProgramNotActive,
    QuoteChanged,
    QuoteExpired,
)
from points.rules.bounds import refuse_odd_instants, refuse_odd_points, refuse_odd_reference
from points.rules.expiry import expiry_instant, start_of_day
from points.services.accrual import policy_of
from points.services.redemption import POINTS_MAX, refuse_spending
from units.models import BusinessUnit

QUOTE_LIFE = timedelta(seconds=60)
_SALT = "points.exchange-quote"


@dataclass(frozen=True, slots=True)
class ExchangeQuote:
    """What `points` of `source` give in `target`, for a minute.

    `dust`/`denominator` is the fraction of a target point that rounding down leaves behind.
    """

    member_id: UUID
    source: Program
    target: Program
    points: int
    given: int
    numerator: int
    denominator: int
    dust: int
    expires_at: datetime
    token: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """The posting, what it gave, and whether an earlier call had already posted it."""

    posting: Posting
    given: int
    is_replay: bool


def quote_exchange(
    *, member: Member, source: Program, target: Program, points: int, at: datetime
) -> ExchangeQuote:
    """Show what an exchange would give. Writes nothing; lives 60 seconds.

    :raises NoExchangeRate: no rate between the two is in force
    :raises ExchangeTooSmall: it would give less than one point
    :raises InsufficientPoints: fewer points are spendable
    :raises MemberNotActive, UnitNotActive, ProgramNotActive: somebody takes no part at present
    :raises PointsOutOfRange: not 1 to 10⁹ points
    """
    refuse_odd_points(points)
    refuse_odd_instants(at=at)
    _refuse_exchanging(member=member, source=source, target=target, at=at)
    if not 1 <= points <= POINTS_MAX:
        raise PointsOutOfRange(asked=points)
    rate = ExchangeRate.objects.in_force(at).filter(source=source, target=target).first()
    if rate is None:
        raise NoExchangeRate(source=source.code, target=target.code)
    given, dust = divmod(points * rate.numerator, rate.denominator)
    if not given:
        raise ExchangeTooSmall
    if given > POINTS_MAX:
        raise PointsOutOfRange(asked=given)
    covered, short = ledger.allocate(member_id=member.pk, program_id=source.pk, price=points, at=at)
    own = sum(share.spent for share in covered if share.program_id == source.pk)
    if own < points:
        raise InsufficientPoints(asked=points, short=points - own, program=source.code)
    assert short == 0, "what the own wallet covers is not short"
    return _quote(member, source, target, rate, points=points, given=given, dust=dust, at=at)


def exchange_points(
    *,
    member: Member,
    source: Program,
    target: Program,
    points: int,
    source_ref: str,
    by: str,
    at: datetime,
    quote_token: str | None = None,
) -> Exchange:
    """Turn `points` of `source` into `target` at the rate in force, rounding down once.

    Each new lot keeps its issuing unit, its cost (scaled), and the sooner of its old expiry and the target
    program's. Safe to retry: the same `source_ref` returns the first exchange.

    :raises QuoteChanged: the rate moved since the quote; carries what is given now
    :raises QuoteExpired: the quote is older than 60 seconds, forged, or for something else
    :raises ExchangeCapReached: more than a member may exchange at this rate in a day; carries what is left
    :raises NoExchangeRate, ExchangeTooSmall, InsufficientPoints, PointsOutOfRange: as when quoted
    :raises ReferenceReused: the reference stands for another exchange
    :raises MemberNotActive, UnitNotActive, ProgramNotActive: somebody takes no part at present
    """
    refuse_odd_points(points)
    refuse_odd_instants(at=at)
    refuse_odd_reference(source_ref)
    unit = _booking_unit(source=source, target=target)
    zone = ZoneInfo(source.time_zone)
    today = at.astimezone(zone).date()
    swap = ledger.Swap(
        member_id=member.pk,
        source_id=source.pk,
        target_id=target.pk,
        unit_id=unit.pk,
        points=points,
        source_ref=source_ref,
        at=at,
        expires_at=expiry_instant(policy_of(target), at),
        day_starts_at=start_of_day(today, zone),
        day_ends_at=start_of_day(today + timedelta(days=1), zone),
    )
    try:
        _refuse_exchanging(member=member, source=source, target=target, at=at)
        quoted = None if quote_token is None else _quoted_given(quote_token, swap)
    except DomainError:
        # As for a redemption: an app may ask again after the quote died or the member was frozen.
        earlier = _exchanged_before(swap)
        if earlier is None:
            raise
        return earlier
    done = ledger.exchange(swap, actor=by, quoted=quoted)
    if done.name == "reference_reused":
        # Exchanged before a merge, under the other id of the same person: a retry hears it.
        earlier = _exchanged_before(swap)
        if earlier is not None:
            return earlier
    if done.name == "quote_changed":
        raise QuoteChanged(given=done.given)
    done.or_refuse(**_facts(done, swap, source, target))
    return Exchange(Posting.objects.get(pk=done.posted_id), done.given, done.is_replay)


def _booking_unit(*, source: Program, target: Program) -> BusinessUnit:
    """The unit whose books show the exchange: the owner of what is received, else of what is given."""
    unit = target.owner or source.owner
    if unit is None:
        raise ProgramNotActive(program=target.code)
    return unit


def _refuse_exchanging(*, member: Member, source: Program, target: Program, at: datetime) -> None:
    unit = _booking_unit(source=source, target=target)
    refuse_spending(member=member, program=source, unit=unit, at=at)
    refuse_spending(member=member, program=target, unit=unit, at=at)


def _exchanged_before(swap: ledger.Swap) -> Exchange | None:
    mine = ever_one_with(swap.member_id)
    same = {"member_id__in": mine, "program_id": swap.source_id, "points": swap.points}
    done = Posting.objects.filter(kind=PostingKind.EXCHANGE, detail__target=swap.target_id, **same)
    posting = done.filter(unit_id=swap.unit_id, source_ref=swap.source_ref).first()
    if posting is None:
        return None
    assert posting.detail is not None, "an exchange keeps what it gave"
    return Exchange(posting, posting.detail["given"], is_replay=True)


def _quote(
    member: Member,
    source: Program,
    target: Program,
    rate: ExchangeRate,
    *,
    points: int,
    given: int,
    dust: int,
    at: datetime,
) -> ExchangeQuote:
    expires_at = at + QUOTE_LIFE
    said = [str(member.pk), source.pk, target.pk, points, given, expires_at.timestamp()]
    return ExchangeQuote(
        member_id=member.pk,
        source=source,
        target=target,
        points=points,
        given=given,
        numerator=rate.numerator,
        denominator=rate.denominator,
        dust=dust,
        expires_at=expires_at,
        token=signing.dumps(said, salt=_SALT),
    )


def _quoted_given(token: str, swap: ledger.Swap) -> int:
    try:
        *asked, given, expires_at = signing.loads(token, salt=_SALT)
    except signing.BadSignature as bad:
        raise QuoteExpired from bad
    same = asked == [str(swap.member_id), swap.source_id, swap.target_id, swap.points]
    if not same or swap.at.timestamp() >= expires_at:
        raise QuoteExpired
    return int(given)


def _facts(done: ledger.Exchanged, swap: ledger.Swap, source: Program, target: Program) -> dict[str, Any]:
    match done.name:
        case "insufficient_points":
            return {"asked": swap.points, "short": done.short, "program": source.code}
        case "exchange_cap_reached":
            return {"left": max(0, done.left)}
        case "no_exchange_rate":
            return {"source": source.code, "target": target.code}
        case "reference_reused":
            return {"source_ref": swap.source_ref}
        case _:
            return {}
