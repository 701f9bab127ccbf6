"""The catalogue: publish a version of a benefit or of a rule, end one, and fill segments."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from psycopg2.extras import DateTimeTZRange

from benefits.models import (
    Benefit,
    BenefitVersion,
    Blackout,
    EntitlementRule,
    FactSet,
    FactSetMember,
    HonouringPlace,
    Payer,
    PeriodZone,
    QuotaPeriod,
    Sharing,
)
from benefits.models.version import every_day
from benefits.refusals import AmountOutOfRange, PlaceMalformed, TierPeriodsDiffer
from benefits.rules.quota import Days
from benefits.selectors.places import Spot
from benefits.selectors.rights import is_rung
from benefits.services.entries import amount_fits
from members.models import Tier
from points.services.periods import end_period, end_predecessor, overlaps_refused, period
from units.models import BusinessUnit, Venue

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VersionTerms:
    """What a version says; see the model."""

    name_zh: str
    name_en: str
    terms_zh: str
    terms_en: str
    unit_value: Decimal
    payer: Payer = Payer.PROVIDER
    currency: str = "CNY"
    weekdays: Sequence[int] = field(default_factory=every_day)
    opens_at: time | None = None
    closes_at: time | None = None


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """Who has how much, how often; see the model."""

    amount: Decimal
    period: QuotaPeriod
    tier: Tier | None = None
    role: str = ""
    unit: BusinessUnit | None = None
    venue: Venue | None = None
    enrolled_at: BusinessUnit | None = None
    in_birth_month: bool = False
    fact_set: FactSet | None = None
    zone: PeriodZone = PeriodZone.GROUP
    sharing: Sharing = Sharing.OWN
    is_pro_rata: bool = False


def publish_version(
    *,
    benefit: Benefit,
    terms: VersionTerms,
    places: Collection[Spot],
    blackouts: Collection[Days] = (),
    starts_at: datetime,
    ends_at: datetime | None = None,
    is_successor: bool = True,
    by: str,
) -> BenefitVersion:
    """The next version of a benefit: what holds in `[starts_at, ends_at)`. Published, it is only ended.

    :raises PlaceMalformed: no place, or a venue or outlet that is not the unit's
    :raises PeriodUpsideDown, PeriodOverlaps: by its time
    """
    if not places or any(_is_malformed(place) for place in places):
        raise PlaceMalformed(field="places")
    during = period(starts_at=starts_at, ends_at=ends_at)
    with overlaps_refused("benefit_versions_never_overlap"):
        # Two operators at once must not both take the next version.
        Benefit.objects.select_for_update().get(pk=benefit.pk)
        versions = BenefitVersion.objects.filter(benefit=benefit)
        if is_successor:
            end_predecessor(versions, starts_at=starts_at)
        latest = versions.aggregate(latest=Max("version"))["latest"] or 0
        said = {**_told(terms), "weekdays": sorted(set(terms.weekdays))}
        version = BenefitVersion.objects.create(
            benefit=benefit, version=latest + 1, during=during, published_by=by, **said
        )
        HonouringPlace.objects.bulk_create(
            HonouringPlace(version=version, unit=place.unit, venue=place.venue, outlet=place.outlet)
            for place in places
        )
        Blackout.objects.bulk_create(
            Blackout(version=version, starts_on=days.starts_on, ends_on=_end(days)) for days in blackouts
        )
    logger.info("benefit %s v%s published by %s", benefit.code, version.version, by)
    return version


def publish_rule(
    *,
    code: str,
    benefit: Benefit,
    terms: RuleTerms,
    starts_at: datetime,
    ends_at: datetime | None = None,
    is_successor: bool = True,
    by: str,
) -> EntitlementRule:
    """The next version of the rule `code`: rights follow at once, at its start.

    :raises AmountOutOfRange: no amount of this benefit
    :raises TierPeriodsDiffer: another rule by tier of this benefit has another kind of period
    :raises PeriodUpsideDown, PeriodOverlaps: by its time
    """
    if not amount_fits(terms.amount, benefit.kind.measure):
        raise AmountOutOfRange(field="amount")
    during = period(starts_at=starts_at, ends_at=ends_at)
    with overlaps_refused("entitlement_rules_never_overlap"):
        Benefit.objects.select_for_update().get(pk=benefit.pk)
        versions = EntitlementRule.objects.filter(code=code)
        if is_successor:
            end_predecessor(versions, starts_at=starts_at)
        latest = versions.aggregate(latest=Max("version"))["latest"] or 0
        rule = EntitlementRule(
            code=code, benefit=benefit, version=latest + 1, during=during, published_by=by, **_told(terms)
        )
        if is_rung(rule):
            rivals = EntitlementRule.objects.filter(benefit=benefit, during__overlap=during)
            if any(is_rung(rival) and rival.period != rule.period for rival in rivals):
                raise TierPeriodsDiffer
        rule.save(force_insert=True)
    logger.info("entitlement rule %s v%s published by %s", code, rule.version, by)
    return rule


def end_version(*, version: BenefitVersion, ends_at: datetime | None, by: str, at: datetime) -> None:
    """Let a version in force end at `ends_at` (None: never), now or later.

    :raises PeriodBegun: that instant is past, or it has ended
    :raises PeriodOverlaps: lengthened, it would run into its successor
    """
    with overlaps_refused("benefit_versions_never_overlap"):
        end_period(version, ends_at=ends_at, at=at)
    logger.info("version %s of benefit %s ends %s by %s", version.pk, version.benefit_id, ends_at, by)


def end_rule(*, rule: EntitlementRule, ends_at: datetime | None, by: str, at: datetime) -> None:
    """Let a rule in force end at `ends_at` (None: never), now or later. Rights end with it.

    :raises PeriodBegun, PeriodOverlaps: as for a version
    """
    with overlaps_refused("entitlement_rules_never_overlap"):
        end_period(rule, ends_at=ends_at, at=at)
    logger.info("entitlement rule %s ends %s by %s", rule, ends_at, by)


@transaction.atomic
def tell_fact_set(*, fact_set: FactSet, members: Collection[UUID], by: str, at: datetime) -> tuple[int, int]:
    """From `at` on, exactly `members` are in the set. Returns how many came in and how many went out."""
    FactSet.objects.select_for_update().get(pk=fact_set.pk)
    inside = FactSetMember.objects.filter(fact_set=fact_set, during__endswith__isnull=True)
    present = dict(inside.values_list("member_id", "pk"))
    gone = [pk for member, pk in present.items() if member not in set(members)]
    for place in FactSetMember.objects.filter(pk__in=gone):
        since = place.during.lower
        if since is not None and since < at:
            place.during = DateTimeTZRange(since, at)
            place.save(update_fields=["during"])
        else:
            place.delete()
    new = [member for member in dict.fromkeys(members) if member not in present]
    FactSetMember.objects.bulk_create(
        FactSetMember(fact_set=fact_set, member_id=member, during=DateTimeTZRange(at, None), told_by=by)
        for member in new
    )
    return len(new), len(gone)


def _told(terms: VersionTerms | RuleTerms) -> dict[str, object]:
    # asdict would copy the rows that the terms name.
    return {name: getattr(terms, name) for name in terms.__dataclass_fields__}


def _is_malformed(place: Spot) -> bool:
    strays = [found for found in (place.venue, place.outlet) if found is not None]
    return len(strays) > 1 or any(found.unit_id != place.unit.pk for found in strays)


def _end(days: Days) -> date:
    assert days.ends_on is not None, "a blackout ends"
    return days.ends_on
