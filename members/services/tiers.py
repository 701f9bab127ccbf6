"""Let a member hold a level of the ladder: what is held, its history, and the event are one transaction."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from common import outbox
from members.models import Member, Tier, TierCause, TierChange, TierHeld
from members.selectors.tiers import tier_of

TIER_CHANGED = "members.tier_changed"


@transaction.atomic
def hold_tier(
    *,
    member_id: UUID,
    tier: Tier,
    cause: TierCause,
    evidence: Mapping[str, Any],
    by: str,
    at: datetime,
    review_on: date | None = None,
    is_lifetime: bool = False,
) -> TierHeld:
    """Let the member hold `tier` from `at`, whatever they held. The same level again only moves its review.

    A change of level is kept in the history with its cause and `evidence` (no personal data), and published
    as `members.tier_changed`. Who may hold which level is decided above (activities).
    """
    # One decision about a member at a time: two at once would both tell of a change from the same level.
    Member.objects.select_for_update(no_key=True).get(pk=member_id)
    before = tier_of(member_id)
    is_change = before is None or before.pk != tier.pk
    held, is_new = TierHeld.objects.get_or_create(
        member_id=member_id,
        defaults={"tier": tier, "since": at, "review_on": review_on, "is_lifetime": is_lifetime},
    )
    if not is_new:
        held.tier, held.review_on, held.is_lifetime = tier, review_on, is_lifetime
        held.since = at if is_change else held.since
        held.save(update_fields=["tier", "since", "review_on", "is_lifetime"])
    if is_change:
        TierChange.objects.create(
            member_id=member_id,
            from_tier=before,
            to_tier=tier,
            cause=cause,
            evidence=dict(evidence),
            by=by,
            at=at,
        )
        facts = {"from": before.code if before else None, "to": tier.code, "cause": str(cause)}
        outbox.publish(kind=TIER_CHANGED, subject=member_id, payload=facts, at=at)
    return held
