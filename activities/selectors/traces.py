"""Why an activity earned what it did: every rule that was looked at, and what was posted."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from activities.models import Activity, Assessment
from activities.rules.earn_facts import Deed, TraceLine, cents_of
from activities.rules.earn_plan import assess
from activities.rules.earn_terms import Rule
from activities.rules.earn_trace import read_trace
from activities.rules.postings import Earned, posting_ref_of
from activities.selectors.earn_rules import book_of, rules_by_id
from common.errors import NotFound
from members.selectors.aliases import ids_of
from points.models import Posting, PostingKind


def trace_of(activity: Activity, known: Mapping[int, Rule] | None = None) -> tuple[TraceLine, ...]:
    """Each rule that was looked at when the activity was assessed; of an anonymous one, today's rules.

    `known` are rules that need not be read again.
    """
    assessment = Assessment.objects.filter(pk=activity.pk).first()
    if assessment is not None:
        trace = assessment.trace
    else:
        nobody = Deed(
            activity.kind,
            activity.occurred_at,
            cents_of(activity.amount),
            outlet_id=activity.outlet_id,
            category=activity.category,
        )
        trace = json.loads(assess(book_of(activity.unit), nobody).trace)
    return trace_told(trace, known)


def whys_of(activities: Sequence[Activity]) -> dict[UUID, tuple[TraceLine, ...]]:
    """Of each what gave its points: the rules taken, or, where none was, every one. Two queries."""
    kept = dict(Assessment.objects.filter(pk__in=[one.pk for one in activities]).values_list("pk", "trace"))
    rules = rules_by_id(rule_id for trace in kept.values() for rule_id, *_rest in trace)
    whys: dict[UUID, tuple[TraceLine, ...]] = {one.pk: () for one in activities}
    for pk, trace in kept.items():
        lines = read_trace(trace, rules)
        whys[pk] = tuple(line for line in lines if line.is_taken) or lines
    return whys


def stood_before(activity: Activity) -> list[tuple[datetime, dict[str, int], tuple[TraceLine, ...]]]:
    """What stood before other activities changed it, oldest first: until when, points by program, why."""
    assessment = Assessment.objects.filter(pk=activity.pk).first()
    if assessment is None:
        return []
    return [
        (
            datetime.fromisoformat(one["until"]),
            points_by_program(one["parcels"]),
            trace_told(one["trace"]),
        )
        for one in assessment.earlier
    ]


def points_by_program(parcels: Sequence[Sequence[Any]]) -> dict[str, int]:
    """Points of kept parcels, by the program's code."""
    totals: Counter[str] = Counter()
    for _program_id, label, points in parcels:
        totals[label.partition(";")[0]] += points
    return dict(sorted(totals.items()))


def assessment_of(*, activity_id: UUID, member_id: UUID) -> Assessment:
    """Why a member's activity earned what it did.

    :raises NotFound: no such activity, or another person's
    """
    found = Assessment.objects.filter(pk=activity_id, activity__member_id__in=ids_of(member_id)).first()
    if found is None:
        raise NotFound
    return found


def trace_told(
    trace: Sequence[Sequence[Any]], known: Mapping[int, Rule] | None = None
) -> tuple[TraceLine, ...]:
    """The lines of a kept trace; `known` as above."""
    asked = {rule_id for rule_id, *_rest in trace}
    if known is not None and asked <= known.keys():
        return read_trace(trace, known)
    return read_trace(trace, rules_by_id(asked))


def earned_by(activity: Activity) -> tuple[Earned, ...]:
    """The accruals that the activity made, by lot and time; what refunds took back is not taken off."""
    assessment = Assessment.objects.filter(pk=activity.pk).first()
    if assessment is None:
        return ()
    told = [*assessment.parcels, *(p for one in assessment.earlier for p in one["parcels"])]
    labels = sorted({(program_id, label) for program_id, label, _points in told})
    turns = ("", *(str(number) for number in range(1, assessment.revision + 1)))
    refs = [posting_ref_of(label, activity.source_ref, turn) for _pk, label in labels for turn in turns]
    found = Posting.objects.filter(unit=activity.unit, kind=PostingKind.ACCRUAL, source_ref__in=refs)
    postings = sorted(found.select_related("program"), key=lambda posting: refs.index(posting.source_ref))
    return tuple(Earned(posting.program.code, posting.points, posting.pk) for posting in postings)
