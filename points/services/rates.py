"""Exchange rates: publish one, replan one that has not begun, end one that has."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from points.models import ExchangeRate, Program
from points.selectors.rates import gaining_loop_during
from points.services.periods import (
    PeriodBegun,
    PeriodUpsideDown,
    end_period,
    end_predecessor,
    overlaps_refused,
    period,
)

logger = logging.getLogger(__name__)

_CONSTRAINT = "rate_ranges_never_overlap"


class RatesGain(DomainError):
    """Some way through the rates in force and back gives more than it took. Facts: `loop`, its programs."""

    code = "rates_gain"
    title = _("With this rate, points could be multiplied by exchanging them in a circle.")

    def __init__(self, loop: Sequence[str]) -> None:
        words = gettext(
            "With this rate, points could be multiplied by exchanging them in a circle: %(loop)s."
        )
        super().__init__(words % {"loop": " → ".join(loop)}, loop=list(loop))


def publish_rate(
    *,
    source: Program,
    target: Program,
    numerator: int,
    denominator: int,
    starts_at: datetime,
    ends_at: datetime | None,
    is_successor: bool,
    by: str,
    at: datetime,
    cap_per_member_day: int | None = None,
) -> ExchangeRate:
    """Let `denominator` points of `source` buy `numerator` of `target` from `starts_at`, now or later.

    A member may exchange `cap_per_member_day` points of `source` at it in a local day of `source`; None: any
    number. A successor ends the rate that is in force at `starts_at`, at that instant.

    :raises PeriodUpsideDown: it would start in the past, or end before it starts
    :raises PeriodOverlaps: another rate of the pair is in force in that time
    :raises RatesGain: exchanging in a circle would multiply points
    """
    if starts_at < at:
        raise PeriodUpsideDown(field="starts_at")
    during = period(starts_at=starts_at, ends_at=ends_at)
    with overlaps_refused(_CONSTRAINT):
        if is_successor:
            end_predecessor(ExchangeRate.objects.filter(source=source, target=target), starts_at=starts_at)
        rate = ExchangeRate.objects.create(
            source=source,
            target=target,
            numerator=numerator,
            denominator=denominator,
            cap_per_member_day=cap_per_member_day,
            during=during,
        )
        _refuse_gain(rate)
    logger.info("rate %s published by %s", rate.pk, by)
    return rate


def replan_rate(
    *,
    rate: ExchangeRate,
    numerator: int,
    denominator: int,
    cap_per_member_day: int | None,
    starts_at: datetime,
    ends_at: datetime | None,
    by: str,
    at: datetime,
) -> ExchangeRate:
    """Change a rate that nobody can have relied on yet.

    :raises PeriodBegun: it is, or was, in force
    :raises PeriodUpsideDown: it would start in the past, or end before it starts
    :raises PeriodOverlaps: another rate of the pair is in force in that time
    :raises RatesGain: exchanging in a circle would multiply points
    """
    with overlaps_refused(_CONSTRAINT):
        fresh = ExchangeRate.objects.select_for_update().get(pk=rate.pk)
        if fresh.during.lower is None or fresh.during.lower <= at:
            raise PeriodBegun
        if starts_at < at:
            raise PeriodUpsideDown(field="starts_at")
        fresh.numerator, fresh.denominator = numerator, denominator
        fresh.cap_per_member_day = cap_per_member_day
        fresh.during = period(starts_at=starts_at, ends_at=ends_at)
        fresh.save(update_fields=["numerator", "denominator", "cap_per_member_day", "during"])
        _refuse_gain(fresh)
    logger.info("rate %s replanned by %s", rate.pk, by)
    return fresh


def end_rate(*, rate: ExchangeRate, ends_at: datetime | None, by: str, at: datetime) -> ExchangeRate:
    """Let a rate in force end at `ends_at` (None: never), now or later.

    :raises PeriodBegun: that instant is past, or the rate has ended
    :raises PeriodOverlaps: lengthened, it would run into its successor
    :raises RatesGain: lengthened, it would close a circle that multiplies points
    """
    with overlaps_refused(_CONSTRAINT):
        end_period(rate, ends_at=ends_at, at=at)
        rate.refresh_from_db()
        _refuse_gain(rate)
    logger.info("rate %s ends %s by %s", rate.pk, ends_at, by)
    return rate


def withdraw_rate(*, rate: ExchangeRate, by: str, at: datetime) -> None:
    """Remove a rate that has not begun.

    :raises PeriodBegun: it is, or was, in force
    """
    with transaction.atomic():
        fresh = ExchangeRate.objects.select_for_update().get(pk=rate.pk)
        if fresh.during.lower is None or fresh.during.lower <= at:
            raise PeriodBegun
        fresh.delete()
    logger.info("rate %s withdrawn by %s", rate.pk, by)


def _refuse_gain(rate: ExchangeRate) -> None:
    """Refuse a rate book in which some circle gains while `rate` is in force.

    :raises RatesGain: with the programs of the circle
    """
    # Two people who publish at once would each see a book without the other's rate.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('points.rate-book'))")
    loop = gaining_loop_during(rate.during)
    if loop is not None:
        raise RatesGain(loop)
