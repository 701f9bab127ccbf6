"""The ladder, and the level that members hold on it."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from members.models import Tier, TierHeld


def ladder() -> list[Tier]:
    """All levels, lowest first."""
    return list(Tier.objects.order_by("level"))


def tier_of(member_id: UUID) -> Tier | None:
    """The level that the member holds: the lowest where none is on record; None where there is no ladder."""
    return tiers_of([member_id]).get(member_id)


def tiers_of(member_ids: Iterable[UUID]) -> Mapping[UUID, Tier]:
    """The level of each, in two statements. Empty where there is no ladder."""
    ids = list(member_ids)
    lowest = Tier.objects.order_by("level").first()
    if lowest is None:
        return {}
    held = TierHeld.objects.filter(member_id__any_of=ids).select_related("tier")
    return dict.fromkeys(ids, lowest) | {row.member_id: row.tier for row in held}
