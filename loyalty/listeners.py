"""Who hears of what: every listener of the outbox, as data. Drained each minute by `tell_listeners`."""

from datetime import datetime
from uuid import UUID

from activities.services.tier_assessing import assess_members
from benefits.services.reward_orders import end_waiting_orders
from common.models import OutboxEvent
from common.outbox import Listener
from loyalty.workflows.merge_members import MERGED, UNMERGED
from members.models import Member, MemberStatus, TierCause
from members.selectors.aliases import ids_of
from members.services.lifecycle import CLOSED
from members.services.residencies import RESIDENCY_CHANGED

_CAUSES = {MERGED: TierCause.MERGE, UNMERGED: TierCause.UNMERGE}


def assess_tier(event: OutboxEvent, at: datetime) -> None:
    """A role that began or ended may hold its member up; two who became one, or two again, count anew."""
    members = {UUID(event.subject), UUID(event.payload.get("alias", event.subject))}
    cause = _CAUSES.get(event.kind, TierCause.REVIEW)
    assess_members(member_ids=members, by="tiers", at=at, cause=cause)


def end_orders(event: OutboxEvent, at: datetime) -> None:
    """Who left picks nothing up: points and pieces are free again, unless they came back meanwhile."""
    left = Member.objects.filter(pk=event.subject, status=MemberStatus.CLOSED)
    if left.exists():
        end_waiting_orders(member_ids=ids_of(UUID(event.subject)), by="closing", at=at)


LISTENERS: tuple[Listener, ...] = (
    Listener(name="tiers", kinds=frozenset({RESIDENCY_CHANGED, MERGED, UNMERGED}), hear=assess_tier),
    Listener(name="orders", kinds=frozenset({CLOSED}), hear=end_orders),
)
