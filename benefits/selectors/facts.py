"""What members are, as far as entitlement rules ask: level, roles, enrolments, birth month, segments."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from benefits.models import FactSetMember
from members.models import Enrolment, Member, Residency
from members.selectors.residencies import residencies_in_force
from members.selectors.tiers import tiers_of


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
    `fact_set_id`): one query or two for each, and one for the people.
    """
    people = list(dict.fromkeys(members))
    rows = Member.objects.filter(Q(pk__in=people) | Q(merged_into__in=people))
    born: dict[UUID, int | None] = {}
    ids: dict[UUID, list[UUID]] = defaultdict(list)
    for pk, into, birth_date in rows.order_by("pk").values_list("pk", "merged_into_id", "birth_date"):
        if pk in people:
            born[pk] = None if birth_date is None else birth_date.month
        else:
            ids[into].append(pk)
    whose = {alias: person for person, aliases in ids.items() for alias in aliases}
    whose |= {person: person for person in people}
    every = list(whose)
    tiers = tiers_of(people) if "tier_id" in asked else {}
    levels = {member: tier.level for member, tier in tiers.items()}
    enrolled, sets, roles = defaultdict(set), defaultdict(set), defaultdict(list)
    units = (
        Enrolment.objects.filter(member__in=every) if "enrolled_at_id" in asked else Enrolment.objects.none()
    )
    for member, unit in units.values_list("member_id", "unit_id"):
        enrolled[whose[member]].add(unit)
    told = FactSetMember.objects.filter(member__in=every, during__contains=at)
    told = told if "fact_set_id" in asked else told.none()
    for member, fact_set in told.values_list("member_id", "fact_set_id"):
        sets[whose[member]].add(fact_set)
    for residency in _roles(every, at) if "role" in asked else ():
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
