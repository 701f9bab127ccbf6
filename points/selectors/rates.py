"""What points of one program are worth in another."""

from datetime import datetime

from django.db.models import QuerySet

from points.models import ExchangeRate

BY_PROGRAMS = ("source__code", "target__code", "id")


def rates_in_force(*, at: datetime) -> QuerySet[ExchangeRate]:
    """The exchange rates that hold at `at`, by the codes of their programs."""
    return ExchangeRate.objects.in_force(at).select_related("source", "target").order_by(*BY_PROGRAMS)
