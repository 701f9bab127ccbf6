"""Who may order a reward, how many, and until when an order waits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from points.rules.expiry import start_of_day


class WhyNot(StrEnum):
    """Why a member may not order a reward now."""

    NOT_OFFERED = "not_offered"
    NOT_YET = "not_yet"
    OVER = "over"
    OTHER_TIER = "other_tier"
    OTHER_ROLE = "other_role"


@dataclass(frozen=True, slots=True)
class Offer:
    """When a reward is offered and to whom; empty tiers or roles mean everybody."""

    is_active: bool
    starts_at: datetime
    ends_at: datetime | None
    tier_codes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


def why_not(offer: Offer, *, tier_code: str | None, roles: Collection[str], at: datetime) -> WhyNot | None:
    """The first reason against an order at `at` by somebody of this tier and these roles; None: none."""
    if not offer.is_active:
        return WhyNot.NOT_OFFERED
    if at < offer.starts_at:
        return WhyNot.NOT_YET
    if offer.ends_at is not None and at >= offer.ends_at:
        return WhyNot.OVER
    if offer.tier_codes and tier_code not in offer.tier_codes:
        return WhyNot.OTHER_TIER
    if offer.roles and not offer.roles & set(roles):
        return WhyNot.OTHER_ROLE
    return None


def period_start(period: str, *, at: datetime, time_zone: str) -> datetime | None:
    """Since when a member's pieces count at `at`: this local day's or month's beginning; None: for ever."""
    zone = ZoneInfo(time_zone)
    today = at.astimezone(zone).date()
    if period == "day":
        return start_of_day(today, zone)
    if period == "month":
        return start_of_day(today.replace(day=1), zone)
    return None


def pickup_ends(*, at: datetime, days: int, time_zone: str) -> datetime:
    """The local midnight after `days` more days: an order of Monday with 7 days waits until Monday is over.

    Never less than an hour: what is ordered just before midnight can still be picked up.
    """
    zone = ZoneInfo(time_zone)
    local = at.astimezone(zone)
    last_day = local.date() + timedelta(days=days)
    end = start_of_day(last_day + timedelta(days=1), zone)
    return max(end, at + _SHORTEST)


_SHORTEST = timedelta(hours=1)
