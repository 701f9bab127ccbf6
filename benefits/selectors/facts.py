"""What members are, as far as entitlement rules ask: level, roles, enrolments, birth month, segments."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from common.sql import rows
from members.models import Residency
from members.selectors.residencies import residencies_in_force

# Whoever holds no level on record holds the lowest.
_FACTS: Final = """
SELECT m.id, m.merged_into_id, extract(month FROM m.birth_date)::int,
       CASE WHEN %(with_tier)s THEN coalesce(
           (SELECT t.level FROM members_tierheld h JOIN members_tier t ON t.id = h.tier_id
            WHERE h.member_id = m.id),
           (SELECT min(t.level) FROM members_tier t)) END,
       CASE WHEN %(with_units)s
           THEN ARRAY(SELECT e.unit_id FROM members_enrolment e WHERE e.member_id = m.id) ELSE '{}' END,
       CASE WHEN %(with_sets)s
           THEN ARRAY(SELECT s.fact_set_id FROM benefits_factsetmember s
                      WHERE s.member_id = m.id AND s.during @> %(at)s) ELSE '{}' END
FROM members_member m
WHERE m.id = ANY (%(people)s) OR m.merged_into_id = ANY (%(people)s)
ORDER BY m.id
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """One person, with all their ids. `level` is None where the group has no ladder."""

    member_id: UUID
    ids: tuple[UUID, ...]
    level: int | None
    birth_month: int | None
    enrolled_at: frozenset[int]
    fact_sets: frozenset[int]
    residencies: tuple[Residency, ...]


def facts_of(members: Iterable[UUID], *, asked: Collection[str], at: datetime) -> list[Facts]:
    """The facts at `at` of people by the id under which each goes on, in that order.

    `asked` names the conditions of rules that somebody looks at (`tier_id`, `role`, `enrolled_at_id`,
    `fact_set_id`). One plain statement for all of them but the roles, which are another.
    """
    people = list(dict.fromkeys(members))
    read = {"people": people, "at": at, "with_tier": "tier_id" in asked}
    read |= {"with_units": "enrolled_at_id" in asked, "with_sets": "fact_set_id" in asked}
    born: dict[UUID, int | None] = {}
    levels: dict[UUID, int | None] = {}
    ids: dict[UUID, list[UUID]] = defaultdict(list)
    enrolled: dict[UUID, set[int]] = defaultdict(set)
    sets: dict[UUID, set[int]] = defaultdict(set)
    whose: dict[UUID, UUID] = {}
    for pk, into, month, level, units, in_sets in rows(_FACTS, read):
        if pk in people:
            whose[pk], born[pk], levels[pk] = pk, month, level
        else:
            whose[pk] = into
            ids[into].append(pk)
        enrolled[whose[pk]].update(units)
        sets[whose[pk]].update(in_sets)
    roles: dict[UUID, list[Residency]] = defaultdict(list)
    for residency in _roles(list(whose), at) if "role" in asked else ():
        roles[whose[residency.member_id]].append(residency)
    return [
        Facts(
            member_id=person,
            ids=(person, *ids[person]),
            level=levels.get(person),
            birth_month=born.get(person),
            enrolled_at=frozenset(enrolled[person]),
            fact_sets=frozenset(sets[person]),
            residencies=tuple(roles[person]),
        )
        for person in people
    ]


def _roles(ids: Sequence[UUID], at: datetime) -> list[Residency]:
    found = residencies_in_force(at=at).filter(member__in=ids)
    return list(
        found.select_related(
            "venue__unit", "account", "principal__venue__unit", "principal__member"
        ).order_by("venue__code", "role", "pk")
    )
