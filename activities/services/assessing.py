"""What an activity earns by the rules, worked out and kept: the assessment that its postings agree with."""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from activities.models import Activity, ActivityLine, Assessment
from activities.rules.earn_facts import Deed, Line, Outcome, Parcel, Person, cents_of
from activities.rules.lines import LineReport
from activities.rules.reading import CHANNEL, ActivityReport
from common.sql import plain_array, text_array

_INSERT = """
INSERT INTO activities_assessment
    (activity_id, revision, needs_history, parcels, trace, weights, facts, earlier)
SELECT n.id, 0, n.needs_history, n.parcels, n.trace, n.weights, n.facts, '[]'
FROM unnest(%s::uuid[], %s::boolean[], %s::jsonb[], %s::jsonb[], %s::jsonb[], %s::jsonb[])
    AS n (id, needs_history, parcels, trace, weights, facts)
"""


def deed_reported(report: ActivityReport, person: Person | None) -> Deed:
    """A report as the rules see it."""
    return Deed(
        kind=report.kind,
        occurred_at=report.occurred_at,
        cents=cents_of(report.amount),
        paid_cents=cents_of(report.paid_with_points) if report.paid_with_points else 0,
        outlet_id=report.outlet_id,
        category=report.category,
        channel=report.channel,
        lines=_in_order(report.lines) if report.lines else (),
        person=person,
    )


def _in_order(lines: Iterable[LineReport]) -> tuple[Line, ...]:
    """By number, as they are read back: what each line weighed is kept in this order."""
    return tuple(
        Line(cents_of(line.amount or Decimal(0)), line.category, line.item)
        for line in sorted(lines, key=lambda line: line.number)
    )


def deed_recorded(activity: Activity, person: Person | None, lines: Iterable[ActivityLine] = ()) -> Deed:
    """A recorded activity as the rules see it."""
    return Deed(
        kind=activity.kind,
        occurred_at=activity.occurred_at,
        cents=cents_of(activity.amount),
        paid_cents=cents_of(activity.paid_with_points),
        outlet_id=activity.outlet_id,
        category=activity.category,
        channel=activity.attributes.get(CHANNEL, ""),
        lines=tuple(Line(cents_of(line.amount), line.category, line.item) for line in lines),
        person=person,
    )


def insert_assessments(fresh: Sequence[tuple[UUID, Deed, Outcome]]) -> None:
    """Keep what new activities earn. Where others have a say nothing is given yet: `settle` says what."""
    if not fresh:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                plain_array(pk for pk, _deed, _outcome in fresh),
                plain_array(outcome.needs_history for _pk, _deed, outcome in fresh),
                text_array(
                    ["[]" if outcome.needs_history else parcels_told(outcome) for _pk, _d, outcome in fresh]
                ),
                text_array(["[]" if outcome.needs_history else outcome.trace for _pk, _d, outcome in fresh]),
                text_array(
                    ["[]" if outcome.needs_history else outcome.weights for _pk, _d, outcome in fresh]
                ),
                text_array([facts_told(deed.person) for _pk, deed, _outcome in fresh]),
            ],
        )


def parcels_told(outcome: Outcome) -> str:
    """The parcels as the assessment keeps them."""
    told = [f'[{parcel.program_id},"{parcel.label}",{parcel.points}]' for parcel in outcome.parcels]
    return f"[{','.join(told)}]"


def facts_told(person: Person | None) -> str:
    """What the rules asked of the member, without what is usual. Birthdays stay with the member."""
    if person is None or (person.status == "active" and not person.tier and not person.segments):
        return "{}"
    told: dict[str, Any] = {"status": person.status}
    if person.tier:
        told["tier"] = person.tier
    if person.segments:
        told["segments"] = sorted(person.segments)
    return json.dumps(told)


def person_kept(facts: Mapping[str, Any], birthday: tuple[int, int] | None) -> Person:
    """The member as they were when the activity was first assessed."""
    return Person(
        status=facts.get("status", "active"),
        tier=facts.get("tier", ""),
        segments=frozenset(facts.get("segments", ())),
        birthday=birthday,
    )


def kept_points(assessment: Assessment) -> dict[str, int]:
    """Points by the label of the lot, as they stand."""
    return {label: points for _program_id, label, points in assessment.parcels}


def parcels_by_label(outcome: Outcome) -> dict[str, Parcel]:
    """The parcels of an outcome by their label."""
    return {parcel.label: parcel for parcel in outcome.parcels}
