"""Give an entitlement by hand: at once within the limits of one's role, else when a second person approves.

Limits are about what it is worth. Splitting is no way round: what a person gave alone in a day is summed,
under a lock of that person.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from benefits.models import Benefit, GrantCause, GrantRequest, GrantRequestState
from benefits.models.grant_request import VALUE_MAX
from benefits.refusals import AmountOutOfRange
from benefits.selectors.grant_limits import grant_limits_of, granted_alone_today
from benefits.selectors.offers import offers_in_force
from benefits.services.entries import amount_fits, lock_people
from benefits.services.grants import GrantTerms, grant_right
from common.admin import actor_of
from common.clock import uuid7
from common.errors import DomainError
from common.sql import retrying
from members.models import Member, MemberStatus
from members.selectors.aliases import survivor_of
from points.refusals import InstantOutOfRange, MemberNotActive, ReferenceReused
from points.services.adjusting import ReasonMissing
from points.services.approvals import (
    TEXT_MAX,
    TextTooLong,
    decide,
    refuse_foreign,
    refuse_own,
    refuse_without,
    waiting,
)
from units.models import BusinessUnit

ASK_GRANT = "benefits.can_ask_grant"
APPROVE_GRANT = "benefits.can_approve_grant"


class BenefitNotOffered(DomainError):
    """No version of the benefit is in force: nobody could use it, nobody knows what it is worth."""

    code = "benefit_not_offered"
    title = _("This benefit is not offered at present.")


class BeyondGrantLimit(DomainError):
    """Worth more than the role of the person who decides may approve. Facts: `worth`, `limit`."""

    code = "beyond_grant_limit"
    status = 403
    title = _("This is worth more than you may approve.")


@dataclass(frozen=True, slots=True)
class Wish:
    """To whom, how much of which benefit, at whose expense, until when, and why."""

    member: Member
    benefit: Benefit
    unit: BusinessUnit
    amount: Decimal
    ends_at: datetime
    reason: str


def request_grant(*, wish: Wish, by: User, at: datetime, request_id: UUID | None = None) -> GrantRequest:
    """Ask to give; granted at once where it fits the limits of `by`, else it waits for a second person.

    Safe to retry: the same `request_id` returns the first request.

    :raises Forbidden: `by` may not give by hand
    :raises ReasonMissing, TextTooLong, AmountOutOfRange, InstantOutOfRange: by what is asked
    :raises BenefitNotOffered: there is no version in force
    :raises MemberNotActive, UnitNotActive: one takes no part at present
    :raises ReferenceReused: the id stands for another request
    """
    refuse_without(ASK_GRANT, by)
    _refuse_odd(wish, at)
    offer = offers_in_force(at=at, benefit_ids=[wish.benefit.pk]).get(wish.benefit.pk)
    if offer is None:
        raise BenefitNotOffered
    worth = (wish.amount * offer.unit_value).quantize(Decimal("0.01"))
    if worth > VALUE_MAX:
        raise AmountOutOfRange(field="amount")
    asked = GrantRequest(
        id=request_id or uuid7(),
        member=wish.member,
        benefit=wish.benefit,
        unit=wish.unit,
        amount=wish.amount,
        ends_at=wish.ends_at,
        value=worth,
        currency=offer.currency,
        reason=wish.reason.strip(),
        asked_by=by,
        asked_at=at,
    )
    return retrying(lambda: _ask(asked, by, at))


def approve_grant(*, request: GrantRequest, by: User, at: datetime, note: str = "") -> GrantRequest:
    """Give what another person asked for, in the same transaction.

    :raises Forbidden: `by` may not approve
    :raises OwnRequest: `by` asked for it
    :raises BeyondGrantLimit: it is worth more than the role of `by` may approve
    :raises AlreadyDecided: somebody was here before
    :raises MemberNotActive, UnitNotActive, InstantOutOfRange: it can no longer be given
    """
    refuse_without(APPROVE_GRANT, by)

    def approve() -> GrantRequest:
        with transaction.atomic():
            asked = waiting(request)
            refuse_own(asked.asked_by_id, by)
            limit = grant_limits_of(by).approve
            if asked.value > limit:
                raise BeyondGrantLimit(worth=f"{asked.value}", limit=f"{limit}")
            _give(asked, by, at)
            decide(asked, state=GrantRequestState.GRANTED, by=by, at=at, note=note)
        return asked

    return retrying(approve)


def reject_grant(*, request: GrantRequest, by: User, at: datetime, note: str = "") -> GrantRequest:
    """Refuse what another person asked for; whatever it is worth.

    :raises Forbidden, OwnRequest, AlreadyDecided: as when approved
    """
    refuse_without(APPROVE_GRANT, by)
    with transaction.atomic():
        asked = waiting(request)
        refuse_own(asked.asked_by_id, by)
        decide(asked, state=GrantRequestState.REJECTED, by=by, at=at, note=note)
    return asked


def take_back_grant_request(*, request: GrantRequest, by: User, at: datetime, note: str = "") -> GrantRequest:
    """Take back one's own request.

    :raises NotOwnRequest: another person asked
    :raises AlreadyDecided: somebody was here before
    """
    with transaction.atomic():
        asked = waiting(request)
        refuse_foreign(asked.asked_by_id, by)
        decide(asked, state=GrantRequestState.WITHDRAWN, by=by, at=at, note=note)
    return asked


def _ask(asked: GrantRequest, by: User, at: datetime) -> GrantRequest:
    """One transaction: the lock, the request, and the grant where it may be given alone."""
    with transaction.atomic():
        _lock_person(by)
        earlier = GrantRequest.objects.filter(pk=asked.pk).first()
        if earlier is not None:
            return _same(earlier, asked)
        limits = grant_limits_of(by)
        # People come before the key that closes the words about them.
        lock_people({survivor_of(asked.member_id)})
        fits = (
            asked.value <= limits.alone and granted_alone_today(by, at=at) + asked.value <= limits.alone_day
        )
        asked.save(force_insert=True)
        # Without a role that may give alone, not even what is worth nothing is given alone.
        if fits and limits.alone > 0:
            _give(asked, by, at)
            asked.state, asked.decided_at = GrantRequestState.GRANTED, at
            asked.save(update_fields=["state", "decided_at", "grant"])
    return asked


def _give(asked: GrantRequest, by: User, at: datetime) -> None:
    asked.grant = grant_right(
        member_id=asked.member_id,
        benefit=asked.benefit,
        terms=GrantTerms(amount=asked.amount, starts_at=at, ends_at=asked.ends_at),
        cause=GrantCause.BY_HAND,
        unit=asked.unit,
        source_ref=f"by-hand:{asked.pk}",
        by=actor_of(by),
        at=at,
    ).grant


def _same(earlier: GrantRequest, asked: GrantRequest) -> GrantRequest:
    told = ("member_id", "benefit_id", "unit_id", "amount", "ends_at", "reason", "asked_by_id")
    if any(getattr(earlier, name) != getattr(asked, name) for name in told):
        raise ReferenceReused(source_ref=str(asked.pk))
    return earlier


def _lock_person(by: User) -> None:
    """One request of a person at a time: each must see what the others gave today."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('benefits.granting'), %s)", [by.pk])


def _refuse_odd(wish: Wish, at: datetime) -> None:
    if not amount_fits(wish.amount, wish.benefit.kind.measure):
        raise AmountOutOfRange(field="amount")
    if wish.ends_at <= at:
        raise InstantOutOfRange(instant="ends_at")
    if not wish.reason.strip():
        raise ReasonMissing(field="reason")
    if len(wish.reason.strip()) > TEXT_MAX:
        raise TextTooLong(field="reason")
    if wish.member.status != MemberStatus.ACTIVE:
        raise MemberNotActive(member=wish.member.number, member_status=wish.member.status)
