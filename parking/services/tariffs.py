"""Tariffs and relief terms: a new version is published, and ends its predecessor; one in force is only
ended.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Max

from parking.models import CarPark, ReliefTerms, Tariff
from parking.rules.rate_lines import kept, rates_of
from points.services.periods import PeriodUpsideDown, end_period, end_predecessor, overlaps_refused, period

logger = logging.getLogger(__name__)
Version = TypeVar("Version", Tariff, ReliefTerms)


def publish_tariff(
    *,
    car_park: CarPark,
    rates: str,
    starts_at: datetime,
    ends_at: datetime | None,
    by: str,
    at: datetime,
    is_history: bool = False,
    **figures: Any,
) -> Tariff:
    """Let cars that come in within `[starts_at, ends_at)` park at these `rates` (lines, as people write
    them).

    The next version; it ends the one in force at its start, there. `figures` are the other fields of a
    Tariff. `is_history`: it may start in the past, for a car park whose history is imported.

    :raises BadTariff: the rates cannot be read, or leave a minute of the week without its one rate
    :raises PeriodUpsideDown: it would start in the past, or end before it starts
    :raises PeriodOverlaps: a later version begins within it
    """
    said = {**figures, "rates": kept(rates_of(rates))}
    _refuse_past(starts_at, at, is_history=is_history)
    return _publish(Tariff, "tariffs_never_overlap", car_park, starts_at, ends_at, by, said)


def publish_relief_terms(
    *,
    car_park: CarPark,
    starts_at: datetime,
    ends_at: datetime | None,
    by: str,
    at: datetime,
    is_history: bool = False,
    **figures: Any,
) -> ReliefTerms:
    """Let receipts, free time and points pay by these `figures` (fields of ReliefTerms) in `[starts_at,
    ends_at)`.

    :raises PeriodUpsideDown: it would start in the past, or end before it starts
    :raises PeriodOverlaps: a later version begins within it
    """
    _refuse_past(starts_at, at, is_history=is_history)
    return _publish(ReliefTerms, "relief_terms_never_overlap", car_park, starts_at, ends_at, by, figures)


def end_version(*, row: Tariff | ReliefTerms, ends_at: datetime | None, by: str, at: datetime) -> None:
    """Let a version in force end at `ends_at` (None: never), now or later.

    :raises PeriodBegun: that instant is past, or it has ended
    :raises PeriodOverlaps: lengthened, it would run into its successor
    """
    name = "tariffs_never_overlap" if isinstance(row, Tariff) else "relief_terms_never_overlap"
    with overlaps_refused(name):
        end_period(row, ends_at=ends_at, at=at)
    logger.info("%s %s ends %s by %s", type(row).__name__, row.pk, ends_at, by)


def _refuse_past(starts_at: datetime, at: datetime, *, is_history: bool) -> None:
    if starts_at < at and not is_history:
        raise PeriodUpsideDown(field="starts_at")


def _publish(  # noqa: PLR0917 -- what both verbs hand on
    model: type[Version],
    constraint: str,
    car_park: CarPark,
    starts_at: datetime,
    ends_at: datetime | None,
    by: str,
    said: Mapping[str, Any],
) -> Version:
    during = period(starts_at=starts_at, ends_at=ends_at)
    rows: Any = model.objects
    with overlaps_refused(constraint):
        # Two operators at once must not both take the next version.
        CarPark.objects.select_for_update(no_key=True).get(pk=car_park.pk)
        versions = rows.filter(car_park=car_park)
        end_predecessor(versions, starts_at=starts_at)
        latest = versions.aggregate(latest=Max("version"))["latest"] or 0
        made: Version = rows.create(
            car_park=car_park, version=latest + 1, during=during, published_by=by, **said
        )
    logger.info("%s %s published by %s", model.__name__, made.pk, by)
    return made
