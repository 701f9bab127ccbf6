"""Make the postings of a member's activities agree with what they earn, where one has a say in the other.

What they earn is a function of the set of activities and refunds (rules/earn_fold.py). Whoever adds to the
set settles its members: their rows are locked, all their activities that share a cap are judged again in the
canonical order, and the difference to what is posted is posted: more as another accrual, less as a reversal
of what was given. Budgets are the exception: first come, first served.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from activities.models import Activity, Assessment, BudgetUse
from activities.rules.earn_counters import Counters
from activities.rules.earn_facts import TRACE_SCALE, Outcome
from activities.rules.earn_fold import fold
from activities.rules.earn_terms import CAP, Rule
from activities.rules.postings import Earned, posting_ref_of
from activities.selectors.reference import reference_now
from activities.services.assessing import kept_points, parcels_by_label
from activities.services.granting import Asked, post
from activities.services.history import History, history_of
from points.models import Posting, PostingKind
from points.services.reversal import Refund, reverse_accruals


class Touched(NamedTuple):
    """An activity that is new, or of which more was refunded, and whose it is.

    `cause` is the reference of the refund: what is taken back of the activity is posted under it.
    """

    activity_id: UUID
    member_id: UUID
    cause: str = ""


@dataclass(slots=True)
class Settled:
    """What was posted, by activity: accruals, and points taken back."""

    earned: dict[UUID, list[Earned]] = field(default_factory=dict)
    taken_back: dict[UUID, int] = field(default_factory=dict)


class _Change(NamedTuple):
    """What an activity is to have more or less of one lot."""

    activity: Activity
    label: str
    points: int
    outcome: Outcome


def settle(*, touched: Sequence[Touched], by: str, at: datetime) -> Settled:
    """Bring the postings of all that these activities share caps with to what they should be.

    Runs in the caller's transaction, after the activities and refunds are written. Safe to repeat: what
    agrees already is left alone.

    :raises InsufficientPoints: points to be taken back are spent, and the program refuses
    """
    if not touched:
        return Settled()
    assert connection.in_atomic_block, "what is settled was read under the members' locks"
    history = history_of(touched)
    outcomes = judged(history)
    changes: list[_Change] = []
    revised: list[Assessment] = []
    for activity in history.activities:
        outcome = outcomes[activity.pk]
        kept, wanted = kept_points(activity.assessment), parcels_by_label(outcome)
        less_or_more = {
            label: (wanted[label].points if label in wanted else 0) - kept.get(label, 0)
            for label in [*wanted, *(label for label in kept if label not in wanted)]
        }
        changes += [
            _Change(activity, label, points, outcome) for label, points in less_or_more.items() if points
        ]
        if _revise(activity.assessment, outcome, at):
            revised.append(activity.assessment)
    settled = _post(history, changes, causes={one.activity_id: one.cause for one in touched}, by=by, at=at)
    Assessment.objects.bulk_update(revised, ["revision", "parcels", "trace", "earlier"], batch_size=500)
    return settled


def judged(history: History, *, is_imagined: bool = False) -> dict[UUID, Outcome]:
    """What each activity earns, member after member; budgets pass from one to the next.

    Where something is only imagined, budgets are read and neither locked nor drawn on.
    """
    counters = Counters()
    budgets = _budgets(history, is_locked=not is_imagined)
    for code, use in budgets.items():
        counters.budgets[code] = use.given
    for activity in history.activities:
        for code, points in _of_budgets(activity.assessment, history.rules, activity.assessment.trace):
            counters.budgets[code] -= points
    outcomes: dict[UUID, Outcome] = {}
    for member_id, entries in sorted(history.entries.items()):
        counters.used.clear()
        outcomes |= fold(entries, firsts=history.firsts.get(member_id, {}), counters=counters)
    for code, use in budgets.items():
        if not is_imagined and use.given != counters.budgets[code]:
            use.given = counters.budgets[code]
            use.save(update_fields=["given"])
    return outcomes


def _budgets(history: History, *, is_locked: bool) -> dict[str, BudgetUse]:
    """The budgets that these activities may draw on; locked in the order of their codes."""
    codes = sorted({rule.code for rule in history.rules.values() if rule.terms.caps.budget is not None})
    if not codes:
        return {}
    rows = BudgetUse.objects.filter(pk__in=codes).order_by("pk")
    if is_locked:
        BudgetUse.objects.bulk_create([BudgetUse(code=code) for code in codes], ignore_conflicts=True)
        rows = rows.select_for_update(no_key=True)
    return {row.code: row for row in rows}


def _of_budgets(
    assessment: Assessment, rules: Mapping[int, Rule], trace: Sequence[Sequence[Any]]
) -> list[tuple[str, int]]:
    """What a stored trace took of budgets."""
    taken = []
    for rule_id, _reason, *number in trace:
        rule = rules.get(rule_id)
        if rule is None or rule.terms.caps.budget is None:
            continue
        if rule.effect == CAP:
            mine = [
                points for program_id, _label, points in assessment.parcels if program_id == rule.program_id
            ]
            taken.append((rule.code, sum(mine)))
        elif number:
            taken.append((rule.code, number[0] // TRACE_SCALE))
    return taken


def _revise(assessment: Assessment, outcome: Outcome, at: datetime) -> bool:
    """Let the assessment say what the outcome says, and keep what stood before. False: nothing is new."""
    parcels = [[parcel.program_id, parcel.label, parcel.points] for parcel in outcome.parcels]
    trace = json.loads(outcome.trace)
    if parcels == assessment.parcels and trace == assessment.trace:
        return False
    # What was just inserted has not been told to anybody.
    if assessment.trace:
        before = {
            "revision": assessment.revision,
            "until": at.isoformat(),
            "parcels": assessment.parcels,
            "trace": assessment.trace,
        }
        assessment.earlier = [*assessment.earlier, before]
        assessment.revision += 1
    assessment.parcels, assessment.trace = parcels, trace
    return True


def _post(
    history: History, changes: Sequence[_Change], *, causes: Mapping[UUID, str], by: str, at: datetime
) -> Settled:
    """Accruals first, so that what one activity loses to another is there to be taken."""
    settled = Settled()
    more = [change for change in changes if change.points > 0]
    asked = []
    for change in more:
        activity = change.activity
        assert activity.member_id is not None, "what is assessed is somebody's"
        turn = str(activity.assessment.revision or "")
        asked.append(
            Asked(
                history.units[activity.unit_id],
                parcels_by_label(change.outcome)[change.label],
                change.points,
                history.person_of[activity.member_id],
                activity.occurred_at,
                posting_ref_of(change.label, activity.source_ref, turn),
            )
        )
    for change, given in zip(
        more, post(asked, by=by, programs=lambda: reference_now().programs()), strict=True
    ):
        settled.earned.setdefault(change.activity.pk, []).append(given)
    less = [change for change in changes if change.points < 0]
    for answer in reverse_accruals(refunds=_reversals(less, causes), by=by, at=at):
        answer.or_refuse()
    for change in less:
        before = settled.taken_back.get(change.activity.pk, 0)
        settled.taken_back[change.activity.pk] = before - change.points
    return settled


def _reversals(less: Sequence[_Change], causes: Mapping[UUID, str]) -> list[Refund]:
    """Which accruals are taken back: of an activity's lot the latest first."""
    if not less:
        return []
    refs: dict[tuple[int, str], int] = {}
    for place, change in enumerate(less):
        ref, revision = change.activity.source_ref, change.activity.assessment.revision
        for turn in ("", *(str(number) for number in range(1, revision + 1))):
            refs[change.activity.unit_id, posting_ref_of(change.label, ref, turn)] = place
    found = Posting.objects.filter(
        kind=PostingKind.ACCRUAL,
        unit_id__in={unit_id for unit_id, _ref in refs},
        source_ref__in={ref for _unit_id, ref in refs},
    ).select_related("program")
    given: defaultdict[int, list[Posting]] = defaultdict(list)
    for posting in found:
        at_place = refs.get((posting.unit_id, posting.source_ref))
        if at_place is not None:
            given[at_place].append(posting)
    reversed_before: defaultdict[UUID, int] = defaultdict(int)
    ids = [posting.pk for postings in given.values() for posting in postings]
    for original, points in Posting.objects.filter(reverses__in=ids).values_list("reverses", "points"):
        if original is not None:
            reversed_before[original] += points
    return [
        refund
        for place, change in enumerate(less)
        for refund in _taken(change, given[place], reversed_before, causes.get(change.activity.pk, ""))
    ]


def _taken(
    change: _Change, given: list[Posting], reversed_before: Mapping[UUID, int], cause: str
) -> list[Refund]:
    left = -change.points
    taken: list[Refund] = []
    for posting in sorted(given, key=lambda one: one.pk, reverse=True):
        points = min(left, posting.points - reversed_before[posting.pk])
        if points:
            turn = str(len(taken) or "")
            if not cause:
                turn = f"{change.activity.assessment.revision}.{len(taken)}"
            ref = posting_ref_of(change.label, cause or change.activity.source_ref, turn)
            taken.append(Refund(posting, points, ref))
            left -= points
    assert not left, "what is kept of an activity was posted"
    return taken
