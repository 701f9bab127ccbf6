"""Spend points: quote what every wallet would pay, then post exactly that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing

from common.errors import DomainError
from members.models import Member, MemberStatus
from members.selectors.merges import ever_one_with
from points import ledger
from points.models import Posting, PostingKind, Program
from points.refusals import (
    InsufficientPoints,
    MemberNotActive,
    PointsOutOfRange,
    QuoteChanged,
    QuoteExpired,
    SpendingPaused,
)
from points.rules.bounds import refuse_odd_instants, refuse_odd_points, refuse_odd_reference
from points.rules.shares import Share, shares_kept
from points.selectors.persons import posted_as, went_on_as
from points.selectors.renewals import renewals, renewals_of
from points.services.accrual import refuse_inactive
from units.models import BusinessUnit

QUOTE_LIFE = timedelta(minutes=5)
POINTS_MAX = 10**9
# What a wallet that was emptied by a merge a moment ago answers.
SHORT = frozenset({"insufficient_points", "quote_changed"})
_SALT = "points.redemption-quote"


@dataclass(frozen=True, slots=True)
class Quote:
    """What each wallet would pay for `price` points of `program` at `unit`.

    `token` carries all of it, signed, so that nothing is stored for a customer who walks away.
    """

    member_id: UUID
    program: Program
    unit: BusinessUnit
    price: int
    shares: tuple[Share, ...]
    expires_at: datetime
    token: str


@dataclass(frozen=True, slots=True)
class Redemption:
    """The posting, what each wallet paid, and whether an earlier call had already posted it."""

    posting: Posting
    shares: tuple[Share, ...]
    is_replay: bool


def quote_redemption(
    *, member: Member, program: Program, unit: BusinessUnit, price: int, at: datetime
) -> Quote:
    """Show every wallet's share before anything is posted. Writes nothing; lives five minutes.

    :raises MemberNotActive: the member is frozen or closed
    :raises UnitNotActive: the unit takes no part at present
    :raises ProgramNotActive: the program prices nothing at present
    :raises PointsOutOfRange: not 1 to 10⁹ points
    :raises InstantOutOfRange: odd input (points/rules/bounds.py)
    :raises InsufficientPoints: fewer points are spendable than the price asks
    """
    refuse_odd_points(price)
    refuse_odd_instants(at=at)
    refuse_spending(member=member, program=program, unit=unit, at=at)
    if not 1 <= price <= POINTS_MAX:
        raise PointsOutOfRange(asked=price)
    shares, short = ledger.allocate(member_id=member.pk, program_id=program.pk, price=price, at=at)
    if short:
        raise InsufficientPoints(asked=price, short=short, program=program.code)
    return _quote(member=member, program=program, unit=unit, price=price, shares=shares, at=at)


def redeem_points(
    *,
    member: Member,
    program: Program,
    unit: BusinessUnit,
    price: int,
    source_ref: str,
    by: str,
    at: datetime,
    quote_token: str | None = None,
) -> Redemption:
    """Spend `price` points of `program` at `unit`: own wallet first, then others at the rate in force.

    With a quote, exactly what it showed, from every wallet it named. Safe to retry: the same `source_ref` of
    the unit returns the first redemption.

    :raises QuoteChanged: the wallets or rates moved; carries the new quote: its token, end and shares
    :raises QuoteExpired: the quote is older than five minutes, forged, or for something else
    :raises InsufficientPoints: fewer points are spendable than the price asks
    :raises ReferenceReused: the reference stands for another redemption
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
        # A till may ask again after the quote died or the member was frozen: what was paid stays paid.
        earlier = _paid_before(spending)
        if earlier is None:
            raise
        return earlier
    outcome = _redeemed(spending, quoted, program=program, by=by)
    if outcome.name == "reference_reused":
        # Paid before a merge, under the other id of the same person: a retry hears it.
        paid = {source_ref: member.pk}
        others = posted_as(kind=PostingKind.REDEMPTION, unit_id=unit.pk, members=paid)
        if others:
            spending = replace(spending, member_id=others[source_ref])
            outcome = _redeemed(spending, None, program=program, by=by)
    elif outcome.name in SHORT and (survivor := went_on_as(member)):
        return redeem_points(
            member=survivor, program=program, unit=unit, price=price, source_ref=source_ref, by=by, at=at
        )
    refuse_unless_agreed(outcome, spending, member=member, program=program, unit=unit)
    posting = Posting.objects.select_related("unit", "member").get(pk=outcome.posted_id)
    return Redemption(posting, outcome.shares, outcome.is_replay)


def _redeemed(
    spending: ledger.Spending, quoted: list[Share] | None, *, program: Program, by: str
) -> ledger.Outcome:
    at = spending.at
    outcome = ledger.redeem(spending, actor=by, quoted=quoted, renewals=renewals_of(program, at=at))
    # Another rolling program has to pay: seldom, so only then are all of them looked up.
    while outcome.name == "renewals_wanted":
        outcome = ledger.redeem(spending, actor=by, quoted=quoted, renewals=renewals(at=at))
    return outcome


def refuse_spending(*, member: Member, program: Program, unit: BusinessUnit, at: datetime) -> None:
    """Let only active members, at active units, spend in active programs, and none just after a new phone.

    :raises MemberNotActive: the member is frozen or closed
    :raises UnitNotActive: the unit takes no part at present
    :raises ProgramNotActive: the program prices nothing at present
    :raises SpendingPaused: the member's phone changed within the last day
    """
    refuse_absent(member=member, program=program, unit=unit)
    refuse_paused(member, at=at)


def refuse_absent(*, member: Member, program: Program, unit: BusinessUnit) -> None:
    """Let only active members, units and programs take part.

    :raises MemberNotActive, UnitNotActive, ProgramNotActive: somebody takes no part at present
    """
    if member.status != MemberStatus.ACTIVE:
        raise MemberNotActive(member=member.number, member_status=member.status)
    refuse_inactive(program=program, unit=unit)


def refuse_paused(member: Member, *, at: datetime) -> None:
    """Let nobody spend or give for a day after a change of phone.

    :raises SpendingPaused: it is that day
    """
    until = member.spending_paused_until
    if until is not None and is_paused(member, at=at):
        raise SpendingPaused(until=until.isoformat())


def is_paused(member: Member, *, at: datetime) -> bool:
    """Whether the member's phone changed within the last day, so that their points stay."""
    return member.spending_paused_until is not None and at < member.spending_paused_until


def _paid_before(spending: ledger.Spending) -> Redemption | None:
    mine = ever_one_with(spending.member_id)
    same = {"member_id__in": mine, "program_id": spending.program_id, "points": spending.price}
    paid = Posting.objects.filter(kind=PostingKind.REDEMPTION, **same)
    posting = paid.filter(unit_id=spending.unit_id, source_ref=spending.source_ref).first()
    if posting is None:
        return None
    assert posting.detail is not None, "a redemption keeps its shares"
    return Redemption(posting, shares_kept(posting.detail["shares"]), is_replay=True)


def _quote(
    *,
    member: Member,
    program: Program,
    unit: BusinessUnit,
    price: int,
    shares: Sequence[Share],
    at: datetime,
) -> Quote:
    expires_at = at + QUOTE_LIFE
    said = {
        "m": str(member.pk),
        "p": program.pk,
        "u": unit.pk,
        "n": price,
        "s": [[share.program_id, share.spent, share.covered] for share in shares],
        "x": expires_at.timestamp(),
    }
    token = signing.dumps(said, salt=_SALT, compress=True)
    return Quote(member.pk, program, unit, price, tuple(shares), expires_at, token)


def quoted_shares(token: str, spending: ledger.Spending) -> list[Share]:
    """The shares that the quote showed.

    :raises QuoteExpired: forged, too old at the redemption's instant, or a quote for something else
    """
    try:
        said = signing.loads(token, salt=_SALT)
    except signing.BadSignature as bad:
        raise QuoteExpired from bad
    asked = (str(spending.member_id), spending.program_id, spending.unit_id, spending.price)
    if (said["m"], said["p"], said["u"], said["n"]) != asked or spending.at.timestamp() >= said["x"]:
        raise QuoteExpired
    return [Share(*share) for share in said["s"]]


def refuse_unless_agreed(
    outcome: ledger.Outcome,
    spending: ledger.Spending,
    *,
    member: Member,
    program: Program,
    unit: BusinessUnit,
) -> None:
    """Raise what the kernel answered, in the words of the till.

    :raises QuoteChanged: with the quote as it would be now
    :raises DomainError: any other refusal that the kernel named
    """
    if outcome.name == "quote_changed":
        now = _quote(
            member=member,
            program=program,
            unit=unit,
            price=spending.price,
            shares=outcome.shares,
            at=spending.at,
        )
        raise QuoteChanged(**_told(now))
    facts: dict[str, Any] = {}
    if outcome.name == "insufficient_points":
        facts = {"asked": spending.price, "short": outcome.short, "program": program.code}
    elif outcome.name == "reference_reused":
        facts = {"source_ref": spending.source_ref}
    outcome.or_refuse(**facts)


def _told(quote: Quote) -> dict[str, Any]:
    """A quote as the problem that carries it tells it."""
    codes = dict(Program.objects.values_list("pk", "code"))
    return {
        "quote": quote.token,
        "expires_at": quote.expires_at.isoformat(),
        "shares": [
            {"program": codes[share.program_id], "points": share.spent, "covers": share.covered}
            for share in quote.shares
        ],
    }
