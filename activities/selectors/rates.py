"""Earn rules as the rules read them."""

from activities.models import EarnRule
from activities.rules.earning import BaseRate
from units.models import BusinessUnit


def base_rates_of(unit: BusinessUnit) -> list[BaseRate]:
    """Every version of every base rate of `unit`, past and future ones too, by program and version."""
    rules = EarnRule.objects.filter(unit=unit).select_related("program").order_by("program_id", "version")
    return [
        BaseRate(
            rule_id=rule.pk,
            version=rule.version,
            program_id=rule.program_id,
            program=rule.program.code,
            program_is_active=rule.program.is_active,
            points_per_currency_unit=rule.points_per_currency_unit,
            starts_at=rule.during.lower,
            ends_at=rule.during.upper,
        )
        for rule in rules
    ]
