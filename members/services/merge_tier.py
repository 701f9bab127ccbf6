"""The better tier of two who become one, and its undoing, if nothing but the merge has decided it since."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from members.models import MemberMerge, Tier, TierCause, TierChange, TierHeld
from members.selectors.tiers import tiers_of
from members.services.tiers import hold_tier


def better_tier(
    *, survivor_id: UUID, alias_id: UUID, merge_id: UUID, by: str, at: datetime
) -> dict[str, Any] | None:
    """Let the survivor hold the alias's level where it is higher, with its review; None: theirs stays.

    Of one level the later review holds, and lifetime wins. What the alias held stays on its own row.
    """
    tiers = tiers_of([survivor_id, alias_id])
    held = {row.member_id: row for row in TierHeld.objects.filter(member_id__in=[survivor_id, alias_id])}
    alias = held.get(alias_id)
    if alias is None or not tiers:
        return None
    mine, better = held.get(survivor_id), tiers[alias_id]
    before = tiers[survivor_id]
    if better.level < before.level:
        return None
    review_on, is_lifetime = alias.review_on, alias.is_lifetime
    if better.level == before.level and mine is not None:
        reviews = [row.review_on for row in (mine, alias)]
        review_on = None if None in reviews else max(day for day in reviews if day is not None)
        is_lifetime = mine.is_lifetime or alias.is_lifetime
        if (review_on, is_lifetime) == (mine.review_on, mine.is_lifetime):
            return None
    hold_tier(
        member_id=survivor_id,
        tier=better,
        cause=TierCause.MERGE,
        evidence={"merge": str(merge_id), "alias": str(alias_id)},
        by=by,
        at=at,
        review_on=review_on,
        is_lifetime=is_lifetime,
    )
    return {
        "from": before.code,
        "to": better.code,
        "review_on": _day(review_on),
        "is_lifetime": is_lifetime,
        "was_held": mine is not None,
        "was_review_on": _day(mine.review_on if mine else None),
        "was_lifetime": bool(mine and mine.is_lifetime),
    }


def tier_back(*, merge: MemberMerge, by: str, at: datetime) -> dict[str, Any] | None:
    """Let the survivor hold again what they held before `merge`; None: the merge had not changed it.

    A level that something else has decided since stays, and so says the answer: the next review looks at it.
    """
    told = merge.effects.get("tier")
    if told is None:
        return None
    held = TierHeld.objects.select_related("tier").get(member_id=merge.survivor_id)
    now = {"from": held.tier.code, "review_on": _day(held.review_on)}
    if not _is_as_merged(held, told, merge):
        return {**now, "to": held.tier.code, "stays": True}
    was = Tier.objects.get(code=told["from"])
    hold_tier(
        member_id=merge.survivor_id,
        tier=was,
        cause=TierCause.UNMERGE,
        evidence={"merge": str(merge.pk), "alias": str(merge.alias_id)},
        by=by,
        at=at,
        review_on=_read(told["was_review_on"]),
        is_lifetime=told["was_lifetime"],
    )
    return {**now, "to": was.code, "stays": False}


def _is_as_merged(held: TierHeld, told: dict[str, Any], merge: MemberMerge) -> bool:
    last = TierChange.objects.filter(member_id=merge.survivor_id).order_by("-at", "-id").first()
    if told["from"] != told["to"] and (last is None or last.evidence.get("merge") != str(merge.pk)):
        return False
    as_told = (told["to"], told["review_on"], told["is_lifetime"])
    return (held.tier.code, _day(held.review_on), held.is_lifetime) == as_told


def _day(day: Any) -> str | None:
    return None if day is None else str(day.isoformat())


def _read(day: str | None) -> Any:
    return None if day is None else date.fromisoformat(day)
