"""The catalogue: what is offered at an instant, who honours it, and whether a place does at that time."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Prefetch

from benefits.models import BenefitVersion, HonouringPlace
from benefits.rules.calendar import Calendar, closed_because
from benefits.rules.quota import Days
from benefits.selectors.places import Spot


def offers_in_force(
    *, at: datetime, kind: str | None = None, benefit_ids: Collection[int] | None = None
) -> dict[int, BenefitVersion]:
    """Benefit id → its version in force at `at`, with its places and blackouts. Three queries."""
    versions = BenefitVersion.objects.in_force(at).select_related("benefit__kind", "benefit__provider")
    if kind is not None:
        versions = versions.filter(benefit__kind__code=kind)
    if benefit_ids is not None:
        versions = versions.filter(benefit_id__in=benefit_ids)
    places = HonouringPlace.objects.select_related("unit", "venue", "outlet").order_by("pk")
    found = versions.prefetch_related(Prefetch("places", places), "blackouts")
    return {version.benefit_id: version for version in found}


def is_honoured_at(version: BenefitVersion, spot: Spot) -> bool:
    """Whether one of the version's places is this one, or this one lies in it."""
    return any(
        place.unit_id == spot.unit.pk
        and (place.venue_id is None or place.venue_id == spot.venue_id)
        and (place.outlet_id is None or (spot.outlet is not None and place.outlet_id == spot.outlet.pk))
        for place in version.places.all()
    )


def closed_at(version: BenefitVersion, spot: Spot, at: datetime) -> str | None:
    """Why the version is not honoured at `at`, by the clock of `spot`; None: it is."""
    calendar = Calendar(
        frozenset(version.weekdays),
        version.opens_at,
        version.closes_at,
        tuple(Days(blackout.starts_on, blackout.ends_on) for blackout in version.blackouts.all()),
    )
    return closed_because(calendar, at.astimezone(spot.zone))
