"""Credit rules as a unit's activities meet them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from activities.models import CREDITED_KINDS, CreditBasis, CreditRule, SchemeState, TierScheme
from activities.rules.reading import ActivityReport
from activities.selectors.tier_schemes import group_day
from units.models import BusinessUnit


@dataclass(frozen=True, slots=True)
class CreditLine:
    """What an activity of `kind` gives by one rule, if it happens on a day in `[starts_on, ends_on)`."""

    kind: str
    basis: str
    milli: int
    rule_id: int
    scheme: int
    starts_on: date
    ends_on: date | None


def credit_lines_of(unit: BusinessUnit) -> list[CreditLine]:
    """Every approved rule that counts for activities of `unit`, by kind and basis. One query or two."""
    schemes = list(TierScheme.objects.filter(state=SchemeState.APPROVED).order_by("starts_on"))
    if not schemes:
        return []
    rules: dict[int, list[CreditRule]] = {scheme.pk: [] for scheme in schemes}
    for rule in CreditRule.objects.filter(scheme__in=rules, unit__isnull=True, sector__in=["", unit.sector]):
        rules[rule.scheme_id].append(rule)
    for rule in CreditRule.objects.filter(scheme__in=rules, unit=unit):
        rules[rule.scheme_id].append(rule)
    ends = [*(scheme.starts_on for scheme in schemes[1:]), None]
    return [
        CreditLine(kind, rule.basis, int(rule.credits * 1000), rule.pk, scheme.version, scheme.starts_on, end)
        for scheme, end in zip(schemes, ends, strict=True)
        for kind, rule in _counting(rules[scheme.pk])
        if rule.credits
    ]


def credits_for(unit: BusinessUnit, report: ActivityReport) -> list[tuple[CreditLine, int]]:
    """What an active member's `report` would count, by rule, in thousandths; see services/tier_credits.py.

    What was paid with points alone counts for nothing.
    """
    if report.amount and report.amount <= report.paid_with_points:
        return []
    day = group_day(report.occurred_at)
    of_basis = {
        CreditBasis.AMOUNT: report.amount - report.paid_with_points,
        CreditBasis.QUANTITY: report.quantity or Decimal(0),
    }
    given = [
        (line, int(line.milli * of_basis.get(CreditBasis(line.basis), Decimal(1))))
        for line in credit_lines_of(unit)
        if line.kind == report.kind and line.starts_on <= day and (line.ends_on is None or day < line.ends_on)
    ]
    return [(line, milli) for line, milli in given if milli]


def _counting(rules: Iterable[CreditRule]) -> Iterable[tuple[str, CreditRule]]:
    """Of each kind and basis the most particular: a unit's before a sector's, a kind's before any kind's."""
    for kind in CREDITED_KINDS:
        for basis in CreditBasis.values:
            fitting = [rule for rule in rules if rule.basis == basis and rule.kind in {"", kind}]
            if fitting:
                yield kind, max(fitting, key=lambda r: (r.unit_id is not None, r.sector != "", r.kind != ""))
