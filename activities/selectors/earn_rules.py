"""Earn rules as the rules read them, and the books that units judge by."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q

from activities.models import EarnRule
from activities.models.earn_terms import EarnTerms
from activities.rules.earn_book import Book, compile_book
from activities.rules.earn_facts import Site
from activities.rules.earn_terms import Rule, terms_from
from units.models import BusinessUnit, Outlet, Venue


def rules_of(unit: BusinessUnit | None) -> tuple[Rule, ...]:
    """Every version of every rule that may look at `unit` (None: at any), past and future ones too."""
    rows = EarnRule.objects.select_related("program", "unit").order_by("pk")
    if unit is not None:
        rows = rows.filter(Q(unit=unit) | Q(unit__isnull=True))
    return tuple(as_rule(row) for row in rows)


def rules_by_id(ids: Iterable[int]) -> dict[int, Rule]:
    """The versions that a trace names."""
    rows = EarnRule.objects.select_related("program", "unit").filter(pk__in=set(ids))
    return {row.pk: as_rule(row) for row in rows}


def as_rule(row: EarnRule) -> Rule:
    """One version as the rules read it."""
    return rule_in(
        row, rule_id=row.pk, version=row.version, starts_at=row.during.lower, ends_at=row.during.upper
    )


def rule_in(row: EarnTerms, **told: Any) -> Rule:
    """The rule that the common columns of a version or a proposal say."""
    return Rule(
        code=row.code,
        program_id=row.program_id,
        program=row.program.code,
        program_is_active=row.program.is_active,
        effect=row.effect,
        unit=row.unit.code if row.unit else None,
        priority=row.priority,
        rate=row.points_per_currency_unit,
        fixed=row.fixed_points,
        factor=row.factor or Decimal(1),
        percent=row.tax_percent or Decimal(0),
        terms=terms_from(row.terms),
        **told,
    )


def site_of(unit: BusinessUnit) -> Site:
    """The unit as rules see it. Its own zone is that of its venues if they agree, else the group's."""
    (site,) = sites_of([unit])
    return site


def sites_of(units: Sequence[BusinessUnit]) -> list[Site]:
    """The same for several units, in two statements."""
    outlets = Outlet.objects.filter(unit__in=units).order_by("pk")
    rows = list(outlets.values_list("unit_id", "pk", "code", "venue__code", "venue__time_zone"))
    zones = set(Venue.objects.filter(unit__in=units).values_list("unit_id", "time_zone"))
    sites = []
    for unit in units:
        names = {zone for unit_id, zone in zones if unit_id == unit.pk}
        sites.append(
            Site(
                unit=unit.code,
                sector=unit.sector,
                zone=names.pop() if len(names) == 1 else settings.TIME_ZONE,
                outlets=tuple(row[1:] for row in rows if row[0] == unit.pk),
            )
        )
    return sites


def book_of(unit: BusinessUnit) -> Book:
    """The rules of `unit`, made ready."""
    return compile_book(site_of(unit), rules_of(unit))
