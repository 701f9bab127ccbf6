"""The rate book: a rate is proposed by one person and enters it when a second one approves.

What can only stop exchanges (ending a rate sooner, withdrawing one to come) needs nobody else.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, InvalidRequest
from points.models import ExchangeRate, Program, ProposalState, RateAct, RateProposal
from points.selectors.rates import gaining_loop_during, loop_of_proposal
from points.services.approvals import (
    APPROVE_RATE,
    PROPOSE_RATE,
    decide,
    refuse_foreign,
    refuse_own,
    refuse_without,
    waiting,
)
from points.services.periods import (
    PeriodBegun,
    PeriodUpsideDown,
    end_period,
    end_predecessor,
    overlaps_refused,
    period,
)

logger = logging.getLogger(__name__)

_CONSTRAINT = "rate_ranges_never_overlap"
TERM_MAX = 1_000_000


class RatesGain(DomainError):
    """Some way through the rates in force and back gives more than it took. Facts: `loop`, its programs."""

    code = "rates_gain"
    title = _("With this rate, points could be multiplied by exchanging them in a circle.")

    def __init__(self, loop: Sequence[str]) -> None:
        words = gettext(
            "With this rate, points could be multiplied by exchanging them in a circle: %(loop)s."
        )
        super().__init__(words % {"loop": " → ".join(loop)}, loop=list(loop))


class BadRateTerms(InvalidRequest):
    """A rate joins two programs with whole numbers from 1 to 1,000,000; a cap lets at least one point by."""

    code = "bad_rate_terms"
    title = _("A rate joins two programs, with numbers from 1 to 1,000,000 and a cap of 1 or more.")


class RateWithdrawn(DomainError):
    """The rate that was to be changed is no longer there."""

    code = "rate_withdrawn"
    title = _("The rate that this proposal would change was withdrawn.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTerms:
    """`denominator` points of the source buy `numerator` of the target in `[starts_at, ends_at)`.

    No start: from the approval on. No end: until further notice. A member may exchange `cap_per_member_day`
    source points at it in a local day of the source; None: any number.
    """

    numerator: int
    denominator: int
    starts_at: datetime | None
    ends_at: datetime | None
    cap_per_member_day: int | None = None

    def __post_init__(self) -> None:
        """:raises BadRateTerms: no such rate can be in the book"""
        fits = 1 <= self.numerator <= TERM_MAX and 1 <= self.denominator <= TERM_MAX
        if not fits or (self.cap_per_member_day is not None and self.cap_per_member_day < 1):
            raise BadRateTerms


def propose_rate(
    *, source: Program, target: Program, terms: RateTerms, is_successor: bool, by: User, at: datetime
) -> RateProposal:
    """Ask for a new rate. Once approved, a successor ends the rate in force at its start, at that instant.

    :raises Forbidden: `by` may not propose rates
    :raises BadRateTerms: both programs are the same
    :raises PeriodUpsideDown: it would start in the past, or end before it starts
    :raises RatesGain: exchanging in a circle would multiply points
    """
    refuse_without(PROPOSE_RATE, by)
    if source.pk == target.pk:
        raise BadRateTerms(field="target")
    return _propose(RateProposal(source=source, target=target, is_successor=is_successor), terms, by, at)


def propose_replan(*, rate: ExchangeRate, terms: RateTerms, by: User, at: datetime) -> RateProposal:
    """Ask to change a rate that nobody can have relied on yet.

    :raises Forbidden: `by` may not propose rates
    :raises PeriodBegun: it is, or was, in force
    :raises PeriodUpsideDown: it would start in the past, or end before it starts
    :raises RatesGain: exchanging in a circle would multiply points
    """
    refuse_without(PROPOSE_RATE, by)
    _refuse_begun(rate, at)
    asked = RateProposal(act=RateAct.REPLAN, rate=rate, source=rate.source, target=rate.target)
    return _propose(asked, terms, by, at)


def end_rate(*, rate: ExchangeRate, ends_at: datetime | None, by: User, at: datetime) -> RateProposal | None:
    """Let a rate end at `ends_at` (None: never). Sooner than it would: at once; later: returns the proposal.

    :raises Forbidden: `by` may not propose rates
    :raises PeriodBegun: that instant is past, or the rate has ended
    :raises PeriodUpsideDown: it would end before it starts
    :raises RatesGain: lengthened, it would close a circle that multiplies points
    """
    refuse_without(PROPOSE_RATE, by)
    with transaction.atomic():
        lock_rate_book()
        fresh = ExchangeRate.objects.select_related("source", "target").get(pk=rate.pk)
        if _is_later(ends_at, fresh.during.upper):
            if fresh.during.upper is not None and fresh.during.upper <= at:
                raise PeriodBegun
            terms = RateTerms(
                numerator=fresh.numerator,
                denominator=fresh.denominator,
                starts_at=fresh.during.lower,
                ends_at=ends_at,
                cap_per_member_day=fresh.cap_per_member_day,
            )
            asked = RateProposal(act=RateAct.LENGTHEN, rate=fresh, source=fresh.source, target=fresh.target)
            return _propose(asked, terms, by, at)
        end_period(fresh, ends_at=ends_at, at=at)
    rate.refresh_from_db()
    logger.info("rate %s ends %s by user:%s", rate.pk, ends_at, by.pk)
    return None


def withdraw_rate(*, rate: ExchangeRate, by: User, at: datetime) -> None:
    """Remove a rate that has not begun. What proposed it stays on record.

    :raises Forbidden: `by` may not propose rates
    :raises PeriodBegun: it is, or was, in force
    """
    refuse_without(PROPOSE_RATE, by)
    with transaction.atomic():
        lock_rate_book()
        fresh = ExchangeRate.objects.select_for_update().get(pk=rate.pk)
        _refuse_begun(fresh, at)
        fresh.delete()
    logger.info("rate %s withdrawn by user:%s", rate.pk, by.pk)


def approve_rate(*, proposal: RateProposal, by: User, at: datetime, note: str = "") -> ExchangeRate:
    """Enter what another person proposed into the rate book, if no circle gains with it.

    :raises Forbidden: `by` may not approve rates
    :raises OwnRequest: `by` proposed it
    :raises AlreadyDecided: somebody was here before
    :raises PeriodUpsideDown: its start is past by now
    :raises PeriodOverlaps: another rate of the pair is in force in that time
    :raises PeriodBegun: the rate to replan has begun, or the one to lengthen has ended
    :raises RateWithdrawn: the rate to change is gone
    :raises RatesGain: exchanging in a circle would multiply points
    """
    refuse_without(APPROVE_RATE, by)
    with overlaps_refused(_CONSTRAINT):
        lock_rate_book()
        rate = _approve(waiting(proposal), by, at, note)
    logger.info("rate %s: proposal %s approved by user:%s", rate.pk, proposal.pk, by.pk)
    return rate


def reject_rate(*, proposal: RateProposal, by: User, at: datetime, note: str = "") -> RateProposal:
    """Refuse what another person proposed.

    :raises Forbidden: `by` may not approve rates
    :raises OwnRequest: `by` proposed it
    :raises AlreadyDecided: somebody was here before
    """
    refuse_without(APPROVE_RATE, by)
    with transaction.atomic():
        fresh = waiting(proposal)
        refuse_own(fresh.proposed_by_id, by)
        decide(fresh, state=ProposalState.REJECTED, by=by, at=at, note=note)
    return fresh


def withdraw_proposal(*, proposal: RateProposal, by: User, at: datetime, note: str = "") -> RateProposal:
    """Take back one's own proposal.

    :raises NotOwnRequest: another person proposed it
    :raises AlreadyDecided: somebody was here before
    """
    with transaction.atomic():
        fresh = waiting(proposal)
        refuse_foreign(fresh.proposed_by_id, by)
        decide(fresh, state=ProposalState.WITHDRAWN, by=by, at=at, note=note)
    return fresh


def publish_rate(
    *,
    source: Program,
    target: Program,
    terms: RateTerms,
    is_successor: bool,
    proposed_by: User,
    approved_by: User,
    at: datetime,
) -> ExchangeRate:
    """Both steps at once, for what sets a group up: the same checks, two people, both on record.

    :raises Forbidden, OwnRequest, BadRateTerms, PeriodUpsideDown, PeriodOverlaps, RatesGain: as when proposed
        and approved
    """
    with transaction.atomic():
        proposal = propose_rate(
            source=source, target=target, terms=terms, is_successor=is_successor, by=proposed_by, at=at
        )
        return approve_rate(proposal=proposal, by=approved_by, at=at)


def lock_rate_book() -> None:
    """Let one transaction at a time change the rate book.

    Two people who approve at once would each see a book without the other's rate.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('points.rate-book'))")


def _propose(asked: RateProposal, terms: RateTerms, by: User, at: datetime) -> RateProposal:
    if asked.act != RateAct.LENGTHEN and terms.starts_at is not None and terms.starts_at < at:
        raise PeriodUpsideDown(field="starts_at")
    period(starts_at=terms.starts_at or at, ends_at=terms.ends_at)
    asked.numerator, asked.denominator = terms.numerator, terms.denominator
    asked.starts_at, asked.ends_at = terms.starts_at, terms.ends_at
    asked.cap_per_member_day = terms.cap_per_member_day
    loop = loop_of_proposal(asked, at=at)
    if loop is not None:
        raise RatesGain(loop)
    asked.proposed_by, asked.proposed_at = by, at
    asked.save()
    logger.info("rate proposal %s by user:%s", asked.pk, by.pk)
    return asked


def _approve(fresh: RateProposal, by: User, at: datetime, note: str) -> ExchangeRate:
    """Enter the locked proposal; the book is locked too."""
    refuse_own(fresh.proposed_by_id, by)
    rate = _ENTER[RateAct(fresh.act)](fresh, by, at)
    loop = gaining_loop_during(rate.during)
    if loop is not None:
        raise RatesGain(loop)
    fresh.rate, fresh.version = rate, rate.version
    decide(fresh, state=ProposalState.APPROVED, by=by, at=at, note=note)
    return rate


def _enter_new(asked: RateProposal, by: User, at: datetime) -> ExchangeRate:
    starts_at = asked.starts_at or at
    if starts_at < at:
        raise PeriodUpsideDown(field="starts_at")
    pair = ExchangeRate.objects.filter(source_id=asked.source_id, target_id=asked.target_id)
    if asked.is_successor:
        end_predecessor(pair, starts_at=starts_at)
    rate = ExchangeRate(source_id=asked.source_id, target_id=asked.target_id)
    return _save_terms(rate, asked, by, starts_at)


def _enter_replan(asked: RateProposal, by: User, at: datetime) -> ExchangeRate:
    rate = _rate_to_change(asked)
    _refuse_begun(rate, at)
    starts_at = asked.starts_at or at
    if starts_at < at:
        raise PeriodUpsideDown(field="starts_at")
    return _save_terms(rate, asked, by, starts_at)


def _enter_longer(asked: RateProposal, by: User, at: datetime) -> ExchangeRate:  # noqa: ARG001 -- as the others
    rate = _rate_to_change(asked)
    end_period(rate, ends_at=asked.ends_at, at=at)
    rate.refresh_from_db()
    return rate


_ENTER = {RateAct.PUBLISH: _enter_new, RateAct.REPLAN: _enter_replan, RateAct.LENGTHEN: _enter_longer}


def _save_terms(rate: ExchangeRate, asked: RateProposal, by: User, starts_at: datetime) -> ExchangeRate:
    last = ExchangeRate.objects.filter(source_id=asked.source_id, target_id=asked.target_id)
    proposed = RateProposal.objects.filter(source_id=asked.source_id, target_id=asked.target_id)
    # Withdrawn rates are gone from the book; the proposals remember their numbers.
    numbers = (rows.aggregate(last=Max("version"))["last"] or 0 for rows in (last, proposed))
    rate.version = 1 + max(numbers)
    rate.numerator, rate.denominator = asked.numerator, asked.denominator
    rate.cap_per_member_day = asked.cap_per_member_day
    rate.during = period(starts_at=starts_at, ends_at=asked.ends_at)
    rate.proposed_by_id, rate.approved_by_id = asked.proposed_by_id, by.pk
    rate.save()
    return rate


def _rate_to_change(asked: RateProposal) -> ExchangeRate:
    if asked.rate_id is None:
        raise RateWithdrawn
    return ExchangeRate.objects.select_for_update().get(pk=asked.rate_id)


def _refuse_begun(rate: ExchangeRate, at: datetime) -> None:
    if rate.during.lower is None or rate.during.lower <= at:
        raise PeriodBegun


def _is_later(ends_at: datetime | None, present: datetime | None) -> bool:
    """Whether `ends_at` is after `present`; None is never."""
    return present is not None and (ends_at is None or ends_at > present)
