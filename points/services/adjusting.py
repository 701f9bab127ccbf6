"""Adjust points by hand: at once within the limits of one's role, else when a second person approves.

Splitting is no way round: what a person posted alone in a day is summed, over all members and programs, under
a lock of that person.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from common.clock import uuid7
from common.errors import DomainError, InvalidRequest
from common.sql import retrying
from members.data_keys import key_of
from members.models import Member, MemberStatus
from members.selectors.aliases import survivor_of
from points import ledger
from points.models import AdjustmentCategory, AdjustmentRequest, AdjustmentState, Posting, Program
from points.models.adjustment import POINTS_MAX
from points.refusals import InsufficientPoints, MemberNotActive, PointsOutOfRange, ReferenceReused
from points.rules.expiry import expiry_instant
from points.selectors.adjustments import limits_of, posted_alone_today
from points.services.accrual import policy_of, refuse_inactive
from points.services.approvals import (
    APPROVE_ADJUSTMENT,
    ASK_ADJUSTMENT,
    TEXT_MAX,
    TextTooLong,
    decide,
    refuse_foreign,
    refuse_own,
    refuse_without,
    waiting,
)
from units.models import BusinessUnit

logger = logging.getLogger(__name__)


class ReasonMissing(InvalidRequest):
    """Points are given or taken by hand for a reason that the next person understands."""

    code = "reason_missing"
    title = _("Say why, in words.")


class BeyondApprovalLimit(DomainError):
    """More points than the role of the person who decides may approve. Facts: `asked`, `limit`."""

    code = "beyond_approval_limit"
    status = 403
    title = _("These are more points than you may approve.")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a category to count by, and words. The words stay out of the ledger: they may name a person."""

    category: AdjustmentCategory
    words: str


def request_adjustment(
    *,
    member: Member,
    program: Program,
    unit: BusinessUnit,
    points: int,
    reason: Reason,
    by: User,
    at: datetime,
    request_id: UUID | None = None,
) -> AdjustmentRequest:
    """Ask to give `points` (negative: to take them) at the expense of `unit`.

    Posted at once where it fits the limits of `by`, a request and a day; else it waits for a second person.
    Safe to retry: the same `request_id` of the same person returns the first request.

    :raises Forbidden: `by` may not adjust points
    :raises ReasonMissing, TextTooLong: no words, or more than 300 characters of them
    :raises PointsOutOfRange: 0, or more than 10⁹ points
    :raises MemberNotActive: the member is frozen or closed
    :raises UnitNotActive, ProgramNotActive: one takes no part at present
    :raises InsufficientPoints: fewer points than are to be taken at once are spendable
    :raises ReferenceReused: the id stands for another request
    """
    refuse_without(ASK_ADJUSTMENT, by)
    asked = AdjustmentRequest(
        id=request_id or uuid7(),
        member=member,
        program=program,
        unit=unit,
        points=points,
        category=AdjustmentCategory(reason.category),
        reason=reason.words.strip(),
        asked_by=by,
        asked_at=at,
    )
    try:
        _refuse_asking(asked)
    except DomainError:
        # What was asked before the member was frozen stays asked: a retry hears of it, or of the id's reuse.
        if not AdjustmentRequest.objects.filter(pk=asked.pk).exists():
            raise
    return retrying(lambda: _ask(asked, by, at))


def approve_adjustment(
    *, request: AdjustmentRequest, by: User, at: datetime, note: str = ""
) -> AdjustmentRequest:
    """Post what another person asked for, in the same transaction.

    :raises Forbidden: `by` may not approve adjustments
    :raises OwnRequest: `by` asked for it
    :raises BeyondApprovalLimit: it is more than the role of `by` may approve
    :raises AlreadyDecided: somebody was here before
    :raises MemberNotActive, UnitNotActive, ProgramNotActive: one takes no part at present
    :raises InsufficientPoints: fewer points than are to be taken are spendable; it still waits
    """
    refuse_without(APPROVE_ADJUSTMENT, by)

    def approve() -> AdjustmentRequest:
        with transaction.atomic():
            asked = waiting(request)
            refuse_own(asked.asked_by_id, by)
            limit = limits_of(by).approve
            if abs(asked.points) > limit:
                raise BeyondApprovalLimit(asked=abs(asked.points), limit=limit)
            _refuse_inactive(asked)
            if note:
                # The key that closes it comes before the wallets.
                key_of(asked.member_id)
            asked.posting = _post(asked, by, at)
            decide(asked, state=AdjustmentState.POSTED, by=by, at=at, note=note)
        return asked

    return retrying(approve)


def reject_adjustment(
    *, request: AdjustmentRequest, by: User, at: datetime, note: str = ""
) -> AdjustmentRequest:
    """Refuse what another person asked for; however much it is.

    :raises Forbidden, OwnRequest, AlreadyDecided: as when approved
    """
    refuse_without(APPROVE_ADJUSTMENT, by)
    with transaction.atomic():
        asked = waiting(request)
        refuse_own(asked.asked_by_id, by)
        decide(asked, state=AdjustmentState.REJECTED, by=by, at=at, note=note)
    return asked


def withdraw_adjustment(
    *, request: AdjustmentRequest, by: User, at: datetime, note: str = ""
) -> AdjustmentRequest:
    """Take back one's own request.

    :raises NotOwnRequest: another person asked
    :raises AlreadyDecided: somebody was here before
    """
    with transaction.atomic():
        asked = waiting(request)
        refuse_foreign(asked.asked_by_id, by)
        decide(asked, state=AdjustmentState.WITHDRAWN, by=by, at=at, note=note)
    return asked


def _ask(asked: AdjustmentRequest, by: User, at: datetime) -> AdjustmentRequest:
    """One transaction: the lock, the request, and the posting where it may be posted alone."""
    with transaction.atomic():
        _lock_person(by)
        earlier = AdjustmentRequest.objects.filter(pk=asked.pk).first()
        if earlier is not None:
            return _same(earlier, asked)
        limits = limits_of(by)
        size = abs(asked.points)
        fits = size <= limits.alone and posted_alone_today(by, at=at) + size <= limits.alone_day
        # A transaction that lost a race comes here again with what it had set.
        asked.state, asked.decided_at, asked.posting = AdjustmentState.ASKED, None, None
        asked.save(force_insert=True)
        if fits:
            asked.posting = _post(asked, None, at)
            asked.state, asked.decided_at = AdjustmentState.POSTED, at
            asked.save(update_fields=["posting", "state", "decided_at"])
    logger.info("adjustment %s %s, asked by user:%s", asked.pk, asked.state, by.pk)
    return asked


def _post(asked: AdjustmentRequest, approver: User | None, at: datetime) -> Posting:
    policy = policy_of(asked.program)
    answer = ledger.adjust(
        ledger.Adjustment(
            # Asked for somebody who was merged away since: the person's points are the survivor's.
            member_id=survivor_of(asked.member_id),
            program_id=asked.program_id,
            unit_id=asked.unit_id,
            points=asked.points,
            source_ref=f"adjustment:{asked.pk}",
            at=at,
            expires_at=expiry_instant(policy, at),
            unit_cost=asked.program.unit_cost,
            rolls=policy.rolls,
            reason=asked.category,
            detail={"request": str(asked.pk), "approved_by": approver and f"user:{approver.pk}"},
        ),
        actor=f"user:{asked.asked_by_id}",
    )
    if answer.name == "insufficient_points":
        raise InsufficientPoints(asked=-asked.points, short=answer.short, program=asked.program.code)
    answer.or_refuse(asked=asked.points)
    return Posting.objects.get(pk=answer.posted_id)


def _same(earlier: AdjustmentRequest, asked: AdjustmentRequest) -> AdjustmentRequest:
    told = ("member_id", "program_id", "unit_id", "points", "category", "reason", "asked_by_id")
    if any(getattr(earlier, name) != getattr(asked, name) for name in told):
        raise ReferenceReused(source_ref=str(asked.pk))
    return earlier


def _lock_person(by: User) -> None:
    """One request of a person at a time: each must see what the others posted today."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('points.adjusting'), %s)", [by.pk])


def _refuse_asking(asked: AdjustmentRequest) -> None:
    if not 1 <= abs(asked.points) <= POINTS_MAX:
        raise PointsOutOfRange(asked=asked.points)
    if not asked.reason:
        raise ReasonMissing(field="reason")
    if len(asked.reason) > TEXT_MAX:
        raise TextTooLong(field="reason")
    _refuse_inactive(asked)


def _refuse_inactive(asked: AdjustmentRequest) -> None:
    member = asked.member.merged_into or asked.member
    if member.status != MemberStatus.ACTIVE:
        raise MemberNotActive(member=member.number, member_status=member.status)
    refuse_inactive(program=asked.program, unit=asked.unit)
