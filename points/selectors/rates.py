"""What points of one program are worth in another, and whether that could be exploited."""

from collections.abc import Collection
from datetime import datetime
from fractions import Fraction

from django.db.models import QuerySet
from psycopg2.extras import DateTimeTZRange

from points.models import ExchangeRate, RateAct, RateProposal
from points.rules.loops import Rate, gaining_loop

BY_PROGRAMS = ("source__code", "target__code", "id")


def rates_in_force(*, at: datetime) -> QuerySet[ExchangeRate]:
    """The exchange rates that hold at `at`, by the codes of their programs."""
    return ExchangeRate.objects.in_force(at).select_related("source", "target").order_by(*BY_PROGRAMS)


def gaining_loop_during(
    during: DateTimeTZRange, *, besides: Collection[Rate] = (), without: Collection[int] = ()
) -> tuple[str, ...] | None:
    """The programs of a loop that gives more than it took, among rates in force together in `during`.

    `besides` are rates yet to be published, for all of `during`; `without` are the ids of those that they
    would replace.
    """
    meanwhile = ExchangeRate.objects.filter(during__overlap=during).exclude(pk__in=without)
    terms = meanwhile.order_by(*BY_PROGRAMS).values_list(
        "source__code", "target__code", "numerator", "denominator", "during"
    )
    book = [(Rate(source, target, Fraction(n, d)), held) for source, target, n, d, held in terms]
    # What is in force together changes only where a rate begins; where one ends, a loop can only open.
    assert during.lower is not None, "a rate begins some time"
    starts = {held.lower for _rate, held in book if held.lower and held.lower > during.lower}
    for instant in (during.lower, *sorted(starts)):
        together = [rate for rate, held in book if instant in held]
        loop = gaining_loop([*together, *besides])
        if loop is not None:
            return loop
    return None


def gaining_loop_with(
    rate: Rate, *, during: DateTimeTZRange, replaces: int | None = None, is_successor: bool = False
) -> tuple[str, ...] | None:
    """The loop that `rate` would close, were it published for `during` now; None: no loop gains.

    It takes the place of the rate with the id `replaces`; a successor also ends the one in force at its
    start.
    """
    without = [] if replaces is None else [replaces]
    if is_successor:
        ended = ExchangeRate.objects.filter(
            source__code=rate.source,
            target__code=rate.target,
            during__contains=during.lower,
            during__startswith__lt=during.lower,
        )
        without += ended.values_list("pk", flat=True)
    return gaining_loop_during(during, besides=[rate], without=without)


def loop_of_proposal(proposal: RateProposal, *, at: datetime) -> tuple[str, ...] | None:
    """The loop that gains, were `proposal` approved at `at`; None: no loop does."""
    starts_at = proposal.starts_at or at
    if proposal.ends_at is not None and proposal.ends_at <= starts_at:
        return None
    return gaining_loop_with(
        Rate(proposal.source.code, proposal.target.code, Fraction(proposal.numerator, proposal.denominator)),
        during=DateTimeTZRange(starts_at, proposal.ends_at),
        replaces=None if proposal.act == RateAct.PUBLISH else proposal.rate_id,
        is_successor=proposal.is_successor,
    )


def rates_of_pair(proposal: RateProposal) -> QuerySet[ExchangeRate]:
    """The rate book of the proposal's pair of programs, the latest first."""
    same = {"source_id": proposal.source_id, "target_id": proposal.target_id}
    return (
        ExchangeRate.objects.filter(**same)
        .select_related("source", "target", "proposed_by", "approved_by")
        .order_by("-during")
    )
