"""What members are, as far as entitlement rules ask: level, roles, enrolments, birth month, segments."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
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


def facts_of(members: Iterable[UUID], *, at: datetime) -> list[Facts]:
    """The facts at `at` of people by the id under which each goes on, in that order. Seven queries."""
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
    levels = {member: tier.level for member, tier in tiers_of(people).items()}
    enrolled, sets, roles = defaultdict(set), defaultdict(set), defaultdict(list)
    for member, unit in Enrolment.objects.filter(member__in=every).values_list("member_id", "unit_id"):
        enrolled[whose[member]].add(unit)
    told = FactSetMember.objects.filter(member__in=every, during__contains=at)
    for member, fact_set in told.values_list("member_id", "fact_set_id"):
        sets[whose[member]].add(fact_set)
    for residency in _roles(every, at):
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
