"""Who hears of what: every listener of the outbox, as data. Drained each minute by `tell_listeners`."""

from datetime import datetime
from uuid import UUID

from activities.services.tier_assessing import assess_members
from common.models import OutboxEvent
from common.outbox import Listener
from members.services.residencies import RESIDENCY_CHANGED


def assess_tier(event: OutboxEvent, at: datetime) -> None:
    """A role that began or ended may hold its member up on the ladder, or no longer."""
    assess_members(member_ids=[UUID(event.subject)], by="tiers", at=at)


LISTENERS: tuple[Listener, ...] = (
    Listener(name="tiers", kinds=frozenset({RESIDENCY_CHANGED}), hear=assess_tier),
)
