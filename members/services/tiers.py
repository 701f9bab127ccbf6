"""Let members hold levels of the ladder: what is held, its history, and the event are one transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from common import outbox
from common.clock import uuid7s
from common.sql import instant_array, plain_array, text_array
from members.models import Tier, TierCause, TierHeld
from members.selectors.tiers import ladder

TIER_CHANGED = "members.tier_changed"

_MISSING = """
INSERT INTO members_tierheld (member_id, tier_id, since, is_lifetime)
SELECT asked.id, %s, %s, false FROM unnest(%s::uuid[]) AS asked (id)
ON CONFLICT (member_id) DO NOTHING
"""
_UPDATE = """
UPDATE members_tierheld AS held
SET tier_id = told.tier_id, since = coalesce(told.since, held.since), review_on = told.review_on,
    is_lifetime = told.is_lifetime
FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::date[], %s::bool[])
    AS told (member_id, tier_id, since, review_on, is_lifetime)
WHERE held.member_id = told.member_id
"""
_INSERT_CHANGES = """
INSERT INTO members_tierchange (id, member_id, from_tier_id, to_tier_id, cause, evidence, by, at)
SELECT told.id, told.member_id, told.from_tier_id, told.to_tier_id, told.cause, told.evidence, %s, %s
FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::text[], %s::jsonb[])
    AS told (id, member_id, from_tier_id, to_tier_id, cause, evidence)
"""


@dataclass(frozen=True, slots=True)
class Holding:
    """What one member is to hold, and why. `evidence` has no personal data."""

    member_id: UUID
    tier: Tier
    cause: TierCause
    evidence: Mapping[str, Any] = field(default_factory=dict)
    review_on: date | None = None
    is_lifetime: bool = False


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
    holding = Holding(member_id, tier, cause, evidence, review_on, is_lifetime)
    hold_tiers(holdings=[holding], by=by, at=at)
    return TierHeld.objects.get(member_id=member_id)


@transaction.atomic
def hold_tiers(*, holdings: Sequence[Holding], by: str, at: datetime) -> int:
    """The same for many members, each once, in a few statements. Returns how many changed their level."""
    if not holdings:
        return 0
    ids = sorted(holding.member_id for holding in holdings)
    assert len(set(ids)) == len(ids), "a member holds one level"
    before = _locked(ids, at)
    changed = [holding for holding in holdings if before[holding.member_id].pk != holding.tier.pk]
    is_changed = {holding.member_id for holding in changed}
    with connection.cursor() as cursor:
        cursor.execute(
            _UPDATE,
            [
                plain_array(holding.member_id for holding in holdings),
                plain_array(holding.tier.pk for holding in holdings),
                instant_array(at if holding.member_id in is_changed else None for holding in holdings),
                plain_array(holding.review_on for holding in holdings),
                plain_array(str(holding.is_lifetime).lower() for holding in holdings),
            ],
        )
    _keep(changed, before, by=by, at=at)
    events = [
        (
            holding.member_id,
            {
                "from": before[holding.member_id].code,
                "to": holding.tier.code,
                "cause": str(holding.cause),
            },
        )
        for holding in changed
    ]
    outbox.publish_many(kind=TIER_CHANGED, events=events, at=at)
    return len(changed)


def _keep(changed: Sequence[Holding], before: Mapping[UUID, Tier], *, by: str, at: datetime) -> None:
    """Add the changes to the history, all in one statement."""
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_CHANGES,
            [
                *(by, at),
                plain_array(uuid7s(len(changed))),
                plain_array(holding.member_id for holding in changed),
                plain_array(before[holding.member_id].pk for holding in changed),
                plain_array(holding.tier.pk for holding in changed),
                plain_array(str(holding.cause) for holding in changed),
                text_array([json.dumps(dict(holding.evidence)) for holding in changed]),
            ],
        )


def _locked(ids: Sequence[UUID], at: datetime) -> dict[UUID, Tier]:
    """The level of each as it is now; nobody else decides about them until the transaction ends.

    Two at once would both tell of a change from the same level. Who held nothing has the lowest from now on.
    """
    tiers = {tier.pk: tier for tier in ladder()}
    lowest = next(iter(tiers.values()))
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, [lowest.pk, at, plain_array(ids)])
    rows = TierHeld.objects.filter(member_id__any_of=ids).order_by("member_id").select_for_update(no_key=True)
    return {member_id: tiers[tier_id] for member_id, tier_id in rows.values_list("member_id", "tier_id")}
