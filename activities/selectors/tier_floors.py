"""The levels that members hold at the least, whatever their credits: by a role, a unit's tier, or by hand."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from activities.models import RoleTerms, TierGrant, TierScheme, UnitTierMatch
from activities.rules.standing import add_months
from activities.selectors.tier_schemes import group_day
from members.models import Enrolment, Residency, Tier, TierCause
from members.selectors.residencies import effective_end


@dataclass(frozen=True, slots=True)
class Floor:
    """At least `tier` from `starts_on` until before `until` (None: open), grace included."""

    tier: Tier
    cause: TierCause
    starts_on: date
    until: date | None
    evidence: Mapping[str, Any]

    def is_on(self, day: date) -> bool:
        """Whether it holds on `day`."""
        return self.starts_on <= day and (self.until is None or day < self.until)


def floors_of(
    persons: Mapping[UUID, UUID], *, scheme: TierScheme | None, today: date
) -> dict[UUID, list[Floor]]:
    """By person: every floor that holds today or will. `persons`: member id → who they go on as.

    The terms of roles and of units' tiers are those of `scheme`; what is given by hand needs none.
    """
    found: dict[UUID, list[Floor]] = defaultdict(list)
    _add_grants(found, persons)
    if scheme is not None:
        _add_roles(found, persons, scheme)
        _add_matches(found, persons, scheme)
    return {
        person: [floor for floor in floors if floor.until is None or floor.until > today]
        for person, floors in found.items()
    }


def highest_on(floors: list[Floor], day: date) -> Floor | None:
    """The one that counts on `day`: the highest, of equals the one that lasts longest."""
    holding = [floor for floor in floors if floor.is_on(day)]
    return max(holding, key=lambda floor: (floor.tier.level, floor.until or date.max), default=None)


def _add_grants(found: dict[UUID, list[Floor]], persons: Mapping[UUID, UUID]) -> None:
    for grant in TierGrant.objects.filter(member_id__any_of=persons).select_related("tier"):
        if grant.ends_on is None or grant.ends_on > grant.starts_on:
            floor = Floor(
                grant.tier, TierCause.BY_HAND, grant.starts_on, grant.ends_on, {"grant": str(grant.pk)}
            )
            found[persons[grant.member_id]].append(floor)


def _add_roles(found: dict[UUID, list[Floor]], persons: Mapping[UUID, UUID], scheme: TierScheme) -> None:
    rows = RoleTerms.objects.filter(scheme=scheme, at_least__isnull=False).select_related("at_least")
    terms = {(line.role, line.unit_id): line for line in rows}
    if not terms:
        return
    held = Residency.objects.filter(
        member_id__any_of=persons, role__in={role for role, _unit in terms}, withdrawn_at__isnull=True
    )
    for row in held.select_related("venue", "principal", "account"):
        line = terms.get((row.role, row.venue.unit_id)) or terms.get((row.role, None))
        if line is None:
            continue
        hangs_on = [row.starts_on, *(other.starts_on for other in (row.principal, row.account) if other)]
        starts_on, end = max(hangs_on), effective_end(row)
        if end is not None and end <= starts_on:
            continue
        assert line.at_least is not None, "asked for above"
        until = None if end is None else end + timedelta(days=line.grace_days)
        evidence = {"role": row.role, "venue": row.venue.code, "scheme": scheme.version}
        found[persons[row.member_id]].append(
            Floor(line.at_least, TierCause.SHORTCUT, starts_on, until, evidence)
        )


def _add_matches(found: dict[UUID, list[Floor]], persons: Mapping[UUID, UUID], scheme: TierScheme) -> None:
    rows = UnitTierMatch.objects.filter(scheme=scheme).select_related("tier", "unit")
    terms = {(line.unit_id, line.unit_tier.casefold()): line for line in rows}
    if not terms:
        return
    enrolments = Enrolment.objects.filter(member_id__any_of=persons, unit__in={unit for unit, _name in terms})
    for member_id, unit_id, hint, created_at in enrolments.exclude(tier_hint="").values_list(
        "member_id", "unit_id", "tier_hint", "created_at"
    ):
        line = terms.get((unit_id, hint.strip().casefold()))
        if line is None:
            continue
        starts_on = group_day(created_at)
        until = add_months(starts_on, line.valid_months) if line.valid_months else None
        evidence = {"unit": line.unit.code, "unit_tier": line.unit_tier, "scheme": scheme.version}
        found[persons[member_id]].append(Floor(line.tier, TierCause.MATCHED, starts_on, until, evidence))
