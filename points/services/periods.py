"""What is in force from when to when (rates, earn rules): published, replanned, ended, never rewritten."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import DateTimeTZRange

from common.errors import DomainError, InvalidRequest


class PeriodOverlaps(DomainError):
    """Another one for the same things is in force in that time."""

    code = "period_overlaps"
    title = _("Another one is in force in that time.")


class PeriodBegun(DomainError):
    """What has begun was relied upon: it can be ended, now or later, and nothing else."""

    code = "period_begun"
    title = _("What has begun can only be ended, and not in the past.")


class PeriodUpsideDown(InvalidRequest):
    """A period ends after it starts, and what is published to be relied upon starts now or later."""

    code = "period_upside_down"
    title = _("The end must come after the start, and the start must not lie in the past.")


def period(*, starts_at: datetime, ends_at: datetime | None) -> DateTimeTZRange:
    """`[starts_at, ends_at)`; None is open.

    :raises PeriodUpsideDown: it would be empty
    """
    if ends_at is not None and ends_at <= starts_at:
        raise PeriodUpsideDown(field="ends_at")
    return DateTimeTZRange(starts_at, ends_at)


@contextmanager
def overlaps_refused(constraint: str) -> Iterator[None]:
    """Tell the database's refusal by the exclusion `constraint` in words; undo what the block wrote.

    :raises PeriodOverlaps: another row of the same things is in force in that time
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as broken:
        diagnostics = getattr(broken.__cause__, "diag", None)
        if getattr(diagnostics, "constraint_name", None) != constraint:
            raise
        raise PeriodOverlaps from broken


def end_predecessor(rivals: QuerySet[Any], *, starts_at: datetime) -> None:
    """End the one of `rivals` in force at `starts_at`, there, so that another may follow without a gap."""
    row = (
        rivals.select_for_update()
        .filter(during__contains=starts_at, during__startswith__lt=starts_at)
        .order_by("pk")
        .first()
    )
    if row is not None:
        row.during = DateTimeTZRange(row.during.lower, starts_at)
        row.save(update_fields=["during"])


def end_period(row: Model, *, ends_at: datetime | None, at: datetime) -> None:
    """Let `row`, which has begun, end at `ends_at` (None: never), not before `at`.

    :raises PeriodBegun: that instant, or the end it had, is past
    """
    model: Any = type(row)
    fresh = model.objects.select_for_update().get(pk=row.pk)
    has_ended = fresh.during.upper is not None and fresh.during.upper <= at
    if has_ended or (ends_at is not None and ends_at < at):
        raise PeriodBegun
    fresh.during = period(starts_at=fresh.during.lower, ends_at=ends_at)
    fresh.save(update_fields=["during"])
