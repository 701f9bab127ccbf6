"""Earn rules: publish a new version, replan one that has not begun, end one that has."""

import logging
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from activities.models import EarnRule
from points.models import Program
from points.services.periods import (
    PeriodBegun,
    PeriodUpsideDown,
    end_period,
    end_predecessor,
    overlaps_refused,
    period,
)
from units.models import BusinessUnit

logger = logging.getLogger(__name__)

_CONSTRAINT = "base_rates_never_overlap"


def publish_earn_rule(
    *,
    unit: BusinessUnit,
    program: Program,
    points_per_currency_unit: Decimal,
    starts_at: datetime,
    ends_at: datetime | None,
    is_successor: bool,
    by: str,
) -> EarnRule:
    """Let activities at `unit` that happen in `[starts_at, ends_at)` earn so many points per currency unit.

    The next version of this unit and program. It may start in the past, so that a unit's history can be
    imported; what was posted by then stays posted. A successor ends the rule in force at `starts_at`, there.

    :raises PeriodUpsideDown: it would end before it starts
    :raises PeriodOverlaps: another rule of the pair is in force in that time
    """
    during = period(starts_at=starts_at, ends_at=ends_at)
    with overlaps_refused(_CONSTRAINT):
        # Two operators at once must not both take the next version.
        Program.objects.select_for_update().get(pk=program.pk)
        rules = EarnRule.objects.filter(unit=unit, program=program)
        if is_successor:
            end_predecessor(rules, starts_at=starts_at)
        latest = rules.aggregate(latest=Max("version"))["latest"] or 0
        rule = EarnRule.objects.create(
            unit=unit,
            program=program,
            version=latest + 1,
            points_per_currency_unit=points_per_currency_unit,
            during=during,
        )
    logger.info("earn rule %s published by %s", rule.pk, by)
    return rule


def replan_earn_rule(
    *,
    rule: EarnRule,
    points_per_currency_unit: Decimal,
    starts_at: datetime,
    ends_at: datetime | None,
    by: str,
    at: datetime,
) -> EarnRule:
    """Change a rule by which nothing can have been earned yet.

    :raises PeriodBegun: it is, or was, in force
    :raises PeriodUpsideDown: it would start in the past, or end before it starts
    :raises PeriodOverlaps: another rule of the pair is in force in that time
    """
    with overlaps_refused(_CONSTRAINT):
        fresh = EarnRule.objects.select_for_update().get(pk=rule.pk)
        if fresh.during.lower is None or fresh.during.lower <= at:
            raise PeriodBegun
        if starts_at < at:
            raise PeriodUpsideDown(field="starts_at")
        fresh.points_per_currency_unit = points_per_currency_unit
        fresh.during = period(starts_at=starts_at, ends_at=ends_at)
        fresh.save(update_fields=["points_per_currency_unit", "during"])
    logger.info("earn rule %s replanned by %s", rule.pk, by)
    return fresh


def end_earn_rule(*, rule: EarnRule, ends_at: datetime | None, by: str, at: datetime) -> EarnRule:
    """Let a rule in force end at `ends_at` (None: never), now or later.

    :raises PeriodBegun: that instant is past, or the rule has ended
    :raises PeriodOverlaps: lengthened, it would run into its successor
    """
    with overlaps_refused(_CONSTRAINT):
        end_period(rule, ends_at=ends_at, at=at)
    rule.refresh_from_db()
    logger.info("earn rule %s ends %s by %s", rule.pk, ends_at, by)
    return rule


def withdraw_earn_rule(*, rule: EarnRule, by: str, at: datetime) -> None:
    """Remove a rule that has not begun.

    :raises PeriodBegun: it is, or was, in force
    """
    with transaction.atomic():
        fresh = EarnRule.objects.select_for_update().get(pk=rule.pk)
        if fresh.during.lower is None or fresh.during.lower <= at:
            raise PeriodBegun
        fresh.delete()
    logger.info("earn rule %s withdrawn by %s", rule.pk, by)
