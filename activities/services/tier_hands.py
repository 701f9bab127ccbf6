"""A level given by hand, with a reason: it raises at once, and ends on its day or when it is taken back."""

import logging
from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.models import TierGrant
from activities.selectors.tier_schemes import group_day
from activities.services.tier_assessing import assess_members
from common.errors import DomainError, InvalidRequest
from members.models import Member, MemberStatus, Tier, TierCause
from members.selectors.aliases import survivor_of
from points.services.approvals import TEXT_MAX, TextTooLong, refuse_without

logger = logging.getLogger(__name__)

GIVE_TIER = "activities.can_give_tier"


class NoReason(InvalidRequest):
    """Whatever is done by hand says why."""

    code = "no_reason"
    title = gettext_lazy("Give a reason.")


class GrantEnded(DomainError):
    """It has ended already."""

    code = "grant_ended"
    title = gettext_lazy("This has ended already.")


class NotAnActiveMember(DomainError):
    """Only an active member is raised by hand."""

    code = "member_not_active"
    title = gettext_lazy("This member is frozen or closed.")


def give_tier(
    *, member: Member, tier: Tier, ends_on: date | None, reason: str, by: User, at: datetime
) -> TierGrant:
    """Let the member hold at least `tier` from today until before `ends_on` (None: until further notice).

    :raises Forbidden: `by` may not give tiers
    :raises NotAnActiveMember: frozen or closed
    :raises NoReason: nothing says why
    :raises InvalidRequest: it would end before tomorrow
    """
    refuse_without(GIVE_TIER, by)
    today = group_day(at)
    if ends_on is not None and ends_on <= today:
        raise InvalidRequest(_("It would end before it has begun."), field="ends_on")
    words = _said(reason)
    with transaction.atomic():
        person = Member.objects.get(pk=survivor_of(member.pk))
        if person.status != MemberStatus.ACTIVE:
            raise NotAnActiveMember
        grant = TierGrant.objects.create(
            member=person,
            tier=tier,
            starts_on=today,
            ends_on=ends_on,
            reason=words,
            given_by=f"user:{by.pk}",
            given_at=at,
        )
        assess_members(member_ids=[person.pk], by=grant.given_by, at=at, cause=TierCause.BY_HAND)
    logger.info("tier %s given by hand by %s", tier.code, by.pk)
    return grant


def end_given_tier(*, grant: TierGrant, reason: str, by: User, at: datetime) -> TierGrant:
    """End it today: the member holds what is theirs otherwise.

    :raises Forbidden: `by` may not give tiers
    :raises NoReason: nothing says why
    :raises GrantEnded: it has ended
    """
    refuse_without(GIVE_TIER, by)
    words, today = _said(reason), group_day(at)
    with transaction.atomic():
        fresh = TierGrant.objects.select_for_update(no_key=True).get(pk=grant.pk)
        if fresh.ended_at is not None or (fresh.ends_on is not None and fresh.ends_on <= today):
            raise GrantEnded
        fresh.ends_on, fresh.end_reason = max(fresh.starts_on, today), words
        fresh.ended_by, fresh.ended_at = f"user:{by.pk}", at
        fresh.save(update_fields=["ends_on", "end_reason", "ended_by", "ended_at"])
        assess_members(member_ids=[fresh.member_id], by=fresh.ended_by, at=at, cause=TierCause.BY_HAND)
    logger.info("tier given by hand %s ended by %s", fresh.pk, by.pk)
    return fresh


def _said(reason: str) -> str:
    words = reason.strip()
    if not words:
        raise NoReason(field="reason")
    if len(words) > TEXT_MAX:
        raise TextTooLong(field="reason")
    return words
