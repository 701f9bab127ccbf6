"""Who has which right: derived from rules and grants at the moment it is asked for, so it is never stale.

docs/adr/0014 says why. A right's id says of what it is (the rule's line, the kind of period, whose): it is
the same before and after a new version of the rule, and before anything of it was used.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db.models import Q

from benefits.models import BenefitVersion, EntitlementGrant, EntitlementRule, Measure, PeriodZone, Sharing
from benefits.rules.quota import Days, period_of, share_of
from benefits.selectors.facts import Facts, facts_of
from benefits.selectors.offers import offers_in_force
from benefits.selectors.places import group_zone
from members.models import MemberStatus, Residency, ResidencyRole
from members.selectors.households import mates_of
from members.selectors.residencies import effective_end
from points.rules.expiry import start_of_day

_NAMESPACE: Final = UUID("6f1c9a52-6f0e-4a3c-9a55-0c8b8f7f3a10")
_STEPS: Final = {
    Measure.COUNT.value: Decimal(1),
    Measure.MINUTES.value: Decimal(1),
    Measure.MONEY.value: Decimal("0.01"),
}


@dataclass(frozen=True, slots=True)
class Right:
    """That somebody may use a benefit, by a rule or a grant, while the facts hold that it rests on.

    `holder_id` is whose it is; `others` are the same right under the person's other ids; `days` are those of
    the residency it hangs on; `ends_at` the instant from which it is over (None: open).
    """

    id: UUID
    others: tuple[UUID, ...]
    version: BenefitVersion
    holder_id: UUID
    rule: EntitlementRule | None = None
    grant: EntitlementGrant | None = None
    residency: Residency | None = None
    days: Days | None = None
    ends_at: datetime | None = None

    @property
    def terms(self) -> EntitlementRule | EntitlementGrant:
        """Where the quota stands."""
        terms = self.rule or self.grant
        assert terms is not None, "a right is of a rule or a grant"
        return terms

    @property
    def measure(self) -> str:
        """`count`, `minutes` or `money`."""
        return self.version.benefit.kind.measure

    @property
    def step(self) -> Decimal:
        """The smallest amount."""
        return _STEPS[self.measure]

    def period_at(self, at: datetime, zone: ZoneInfo) -> Days:
        """The period of the quota in which `at` lies, by the group's midnight or by that of `zone`."""
        clock = zone if self.terms.zone == PeriodZone.VENUE else group_zone()
        return period_of(self.terms.period, at.astimezone(clock).date(), stay=self.days)

    def given_in(self, period: Days) -> Decimal:
        """The quota of that period: the share of the role's days where the rule says so."""
        if self.rule is None or not self.rule.is_pro_rata or self.days is None:
            return self.terms.amount
        return share_of(self.terms.amount, period=period, role=self.days, step=self.step)


def rights_of(
    *,
    member_id: UUID,
    at: datetime,
    kind: str | None = None,
    offers: dict[int, BenefitVersion] | None = None,
) -> list[Right]:
    """Every right that the person who goes on as `member_id` may use at `at`, their own first.

    Those of the household that it shares come after; of `kind` only, where one is named; of `offers` only,
    where they are at hand: what is in force at an instant does not change, so they need not be read again.
    """
    offers = offers_in_force(at=at, kind=kind) if offers is None else offers
    rules = EntitlementRule.objects.in_force(at).filter(benefit__in=list(offers))
    in_force = list(rules.select_related("tier", "venue", "unit", "fact_set").order_by("code"))
    facts = facts_around(member_id, in_force, at=at)
    return derived(facts, rules=in_force, granted=_grants_of(facts, offers, at), offers=offers, at=at)


def facts_around(member_id: UUID, rules: Sequence[EntitlementRule], *, at: datetime) -> list[Facts]:
    """What the rules ask of the person, who comes first, and of the household that shares with them."""
    mates = sorted(mates_of(member_id=member_id))
    return facts_of([member_id, *mates], asked=_asked_by(rules), at=at)


def derived(
    facts: Sequence[Facts],
    *,
    rules: Sequence[EntitlementRule],
    granted: Sequence[EntitlementGrant],
    offers: dict[int, BenefitVersion],
    at: datetime,
) -> list[Right]:
    """The rights of the first of `facts`, and what the others share with them, by what is in force."""
    member_id = facts[0].member_id
    found: dict[UUID, Right] = {}
    for person in facts:
        is_own = person.member_id == member_id
        for right in _of_rules(person, rules, offers, at):
            if is_own or right.terms.sharing == Sharing.HOUSEHOLD:
                found.setdefault(right.id, right)
        for grant in granted:
            if grant.member_id in person.ids and (is_own or grant.sharing == Sharing.HOUSEHOLD):
                found.setdefault(grant.pk, _of_grant(grant, person, offers))
    return list(found.values())


def _asked_by(rules: Sequence[EntitlementRule]) -> frozenset[str]:
    """Which facts any of the rules asks for: the others are not read."""
    return frozenset(
        name
        for name in ("tier_id", "role", "enrolled_at_id", "fact_set_id")
        for rule in rules
        if getattr(rule, name)
    )


def _of_rules(
    person: Facts, rules: Sequence[EntitlementRule], offers: dict[int, BenefitVersion], at: datetime
) -> Iterable[Right]:
    """The rights that `person` has by rules: of the rungs of one benefit, the highest that is reached."""
    rungs: dict[int, EntitlementRule] = {}
    for rule in rules:
        if not _is_met(rule, person, at):
            continue
        if rule.role:
            yield from _of_roles(rule, person, offers)
        elif is_rung(rule):
            best = rungs.get(rule.benefit_id)
            if best is None or (_level(rule), rule.amount) > (_level(best), best.amount):
                rungs[rule.benefit_id] = rule
        else:
            yield _of_person(rule, person, offers)
    for rule in rungs.values():
        yield _of_person(rule, person, offers)


def is_rung(rule: EntitlementRule) -> bool:
    """Whether the rule asks for nothing but a level of the ladder, or for nothing at all: the lowest rung."""
    return not (rule.role or rule.enrolled_at_id or rule.in_birth_month or rule.fact_set_id)


def _level(rule: EntitlementRule) -> int:
    return -1 if rule.tier is None else rule.tier.level


def _is_met(rule: EntitlementRule, person: Facts, at: datetime) -> bool:
    """Whether every condition that is set holds, but the role, which each residency answers for itself."""
    return (
        (rule.tier is None or (person.level is not None and person.level >= rule.tier.level))
        and (rule.enrolled_at_id is None or rule.enrolled_at_id in person.enrolled_at)
        and (rule.fact_set_id is None or rule.fact_set_id in person.fact_sets)
        and (not rule.in_birth_month or person.birth_month == at.astimezone(group_zone()).month)
    )


def _of_person(rule: EntitlementRule, person: Facts, offers: dict[int, BenefitVersion]) -> Right:
    line = f"rungs of {rule.benefit_id}" if is_rung(rule) else f"rule {rule.code}"
    first, *others = (uuid5(_NAMESPACE, f"{line}|{rule.period}|member {one}") for one in person.ids)
    return Right(
        id=first,
        others=tuple(others),
        version=offers[rule.benefit_id],
        holder_id=person.member_id,
        rule=rule,
        ends_at=rule.during.upper,
    )


def _of_roles(rule: EntitlementRule, person: Facts, offers: dict[int, BenefitVersion]) -> Iterable[Right]:
    """One right a residency: the person's own, or the owner's or tenant's whose family they are."""
    for residency in person.residencies:
        of, holder = residency, person.member_id
        if rule.sharing == Sharing.HOME and residency.role == ResidencyRole.FAMILY != rule.role:
            principal = residency.principal
            assert principal is not None, "family is of somebody"
            if principal.member.status != MemberStatus.ACTIVE:
                continue
            of, holder = principal, principal.member.merged_into_id or principal.member_id
        if of.role != rule.role:
            continue
        if (rule.venue_id or of.venue_id) != of.venue_id or (
            rule.unit_id or of.venue.unit_id
        ) != of.venue.unit_id:
            continue
        days = Days(of.starts_on, effective_end(of))
        yield Right(
            id=uuid5(_NAMESPACE, f"rule {rule.code}|{rule.period}|residency {of.pk}"),
            others=(),
            version=offers[rule.benefit_id],
            holder_id=holder,
            rule=rule,
            residency=of,
            days=days,
            ends_at=_sooner(rule.during.upper, _end_of(days, of.venue.time_zone)),
        )


def _grants_of(
    people: Sequence[Facts], offers: dict[int, BenefitVersion], at: datetime
) -> list[EntitlementGrant]:
    every = [one for person in people for one in person.ids]
    living = EntitlementGrant.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at),
        member__in=every,
        benefit__in=list(offers),
        starts_at__lte=at,
        end__isnull=True,
    )
    return list(living.select_related("unit").order_by("ends_at", "pk"))


def _of_grant(grant: EntitlementGrant, person: Facts, offers: dict[int, BenefitVersion]) -> Right:
    return Right(
        id=grant.pk,
        others=(),
        version=offers[grant.benefit_id],
        holder_id=person.member_id,
        grant=grant,
        ends_at=grant.ends_at,
    )


def _end_of(days: Days, time_zone: str) -> datetime | None:
    return None if days.ends_on is None else start_of_day(days.ends_on, ZoneInfo(time_zone))


def _sooner(*ends: datetime | None) -> datetime | None:
    return min((end for end in ends if end is not None), default=None)
