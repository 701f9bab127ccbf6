"""What a person may use here and now, for whoever waits at a barrier: the rights, and nothing in words.

The rules are those of benefits/selectors/rights.py; only the reading differs: plain statements, which nothing
composes, and no row that only a text would name.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from benefits.models import (
    Benefit,
    BenefitKind,
    BenefitVersion,
    EntitlementGrant,
    EntitlementRule,
)
from benefits.rules.calendar import Calendar, closed_because
from benefits.rules.quota import Days
from benefits.selectors.entitlements import UsableRight, by_end, in_period
from benefits.selectors.facts import Facts
from benefits.selectors.places import Spot
from benefits.selectors.rights import derived, facts_around
from members.models import Tier

_OFFERS: Final = """
SELECT v.*, k.measure, k.id AS kind_id,
       ARRAY(SELECT d.starts_on FROM benefits_blackout d
             WHERE d.version_id = v.id ORDER BY d.id) AS shut_from,
       ARRAY(SELECT d.ends_on FROM benefits_blackout d
             WHERE d.version_id = v.id ORDER BY d.id) AS shut_until
FROM benefits_benefitversion v
JOIN benefits_benefit b ON b.id = v.benefit_id
JOIN benefits_benefitkind k ON k.id = b.kind_id
WHERE v.during @> %(at)s AND k.code = %(kind)s AND EXISTS (
    SELECT FROM benefits_honouringplace p
    WHERE p.version_id = v.id AND p.unit_id = %(unit)s
      AND (p.venue_id IS NULL OR p.venue_id = %(venue)s)
      AND (p.outlet_id IS NULL OR p.outlet_id = %(outlet)s))
"""
_RULES: Final = """
SELECT r.*, t.level AS tier_level
FROM benefits_entitlementrule r LEFT JOIN members_tier t ON t.id = r.tier_id
WHERE r.during @> %(at)s AND r.benefit_id = ANY (%(benefits)s)
ORDER BY r.code
"""
_GRANTS: Final = """
SELECT g.* FROM benefits_entitlementgrant g
WHERE g.member_id = ANY (%(members)s) AND g.benefit_id = ANY (%(benefits)s)
  AND g.starts_at <= %(at)s AND (g.ends_at IS NULL OR g.ends_at > %(at)s)
  AND NOT EXISTS (SELECT FROM benefits_grantend x WHERE x.grant_id = g.id)
ORDER BY g.ends_at, g.id
"""


def usable_in_haste(*, member_id: UUID, kind: str, spot: Spot, at: datetime) -> list[UsableRight]:
    """As `usable_rights` of the person who goes on as `member_id`, who is not asked why they have them.

    Five plain statements; one more where a rule asks for a role.
    """
    offers = _offers(kind, spot, at)
    if not offers:
        return []
    rules = _rules(offers, at)
    facts = facts_around(member_id, rules, at=at)
    rights = derived(facts, rules=rules, granted=_grants(facts, offers, at), offers=offers, at=at)
    return sorted((one for one in in_period(rights, spot, at) if one.left > 0), key=by_end)


def _offers(kind: str, spot: Spot, at: datetime) -> dict[int, BenefitVersion]:
    asked = {"at": at, "kind": kind, "unit": spot.unit.pk, "venue": spot.venue_id}
    asked["outlet"] = None if spot.outlet is None else spot.outlet.pk
    local = at.astimezone(spot.zone)
    found = {}
    read: Iterable[Any] = BenefitVersion.objects.raw(_OFFERS, asked)
    for version in read:
        if closed_because(_calendar(version, version.shut_from, version.shut_until), local) is None:
            kept = BenefitKind(pk=version.kind_id, code=kind, measure=version.measure)
            version.benefit = Benefit(pk=version.benefit_id, kind=kept)
            found[version.benefit_id] = version
    return found


def _calendar(version: BenefitVersion, shut_from: Sequence[date], shut_until: Sequence[date]) -> Calendar:
    shut = zip(shut_from, shut_until, strict=True)
    hours = (version.opens_at, version.closes_at)
    return Calendar(frozenset(version.weekdays), *hours, tuple(Days(*days) for days in shut))


def _rules(offers: Collection[int], at: datetime) -> list[EntitlementRule]:
    rules: list[Any] = list(EntitlementRule.objects.raw(_RULES, {"at": at, "benefits": list(offers)}))
    for rule in rules:
        if rule.tier_id is not None:
            rule.tier = Tier(pk=rule.tier_id, level=rule.tier_level)
    return rules


def _grants(facts: Sequence[Facts], offers: Collection[int], at: datetime) -> list[EntitlementGrant]:
    every = [one for person in facts for one in person.ids]
    asked = {"members": every, "benefits": list(offers), "at": at}
    return list(EntitlementGrant.objects.raw(_GRANTS, asked))
