"""What points of one program are worth in another."""

from collections.abc import Collection
from datetime import datetime
from fractions import Fraction

from django.db.models import QuerySet
from psycopg2.extras import DateTimeTZRange

from points.models import ExchangeRate
from points.rules.loops import Rate, gaining_loop

BY_PROGRAMS = ("source__code", "target__code", "id")


def rates_in_force(*, at: datetime) -> QuerySet[ExchangeRate]:
    """The exchange rates that hold at `at`, by the codes of their programs."""
    return ExchangeRate.objects.in_force(at).select_related("source", "target").order_by(*BY_PROGRAMS)


def gaining_loop_during(
    during: DateTimeTZRange, *, besides: Collection[Rate] = (), without: Collection[int] = ()
) -> tuple[str, ...] | None:
    """The programs of a loop that gives more than it took, among the rates in force at some time in `during`.

    `besides` are rates yet to be published; `without` are the ids of those that they would replace.
    """
    meanwhile = ExchangeRate.objects.filter(during__overlap=during).exclude(pk__in=without)
    terms = meanwhile.order_by(*BY_PROGRAMS).values_list(
        "source__code", "target__code", "numerator", "denominator"
    )
    book = [Rate(source, target, Fraction(n, d)) for source, target, n, d in terms]
    return gaining_loop([*book, *besides])
