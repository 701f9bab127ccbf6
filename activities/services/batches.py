"""Many activities reported at once by a partner system: an answer for each, and none spoils another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from activities.models import Activity
from activities.rules.reading import ActivityReport, ReportRefused, check_report
from activities.selectors.activity_points import PointsMoved, points_moved_by
from activities.selectors.places import limits_of
from activities.services.recording import record_activities
from common.errors import NotFound
from members.selectors.members import members_named
from units.models import BusinessUnit


@dataclass(frozen=True, slots=True)
class Item:
    """One activity as it came in: read, with whom it names, or refused before it could be."""

    source_ref: str | None
    report: ActivityReport | None
    member: Mapping[str, str] | None
    refusal: Exception | None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one: `recorded`, `already_there` or `refused`, and what it earned at first."""

    source_ref: str | None
    outcome: str
    activity_id: UUID | None = None
    earned: tuple[PointsMoved, ...] = ()
    refusal: Exception | None = None


@transaction.atomic
def report_batch(*, unit: BusinessUnit, items: Sequence[Item], by: str, at: datetime) -> list[Result]:
    """Record each as `report_activity` would. One result an item, in order; safe to repeat.

    :raises UnitNotActive: the unit takes no part at present
    """
    place = limits_of(unit, at=at)
    members = members_named([item.member for item in items if item.member], unit=unit)
    read: list[ActivityReport | Exception] = []
    for item in items:
        try:
            read.append(_checked(item, members))
            if not isinstance(read[-1], Exception):
                check_report(read[-1], place=place)
        except ReportRefused as refusal:
            read[-1] = refusal
    reports = [report for report in read if isinstance(report, ActivityReport)]
    told = iter(record_activities(unit=unit, reports=reports, by=by, at=at))
    results = []
    for item, report in zip(items, read, strict=True):
        if isinstance(report, Exception):
            results.append(Result(item.source_ref, "refused", refusal=report))
            continue
        one = next(told)
        outcome = "refused" if one.refusal else "recorded" if one.is_new else "already_there"
        results.append(Result(report.source_ref, outcome, one.activity_id, refusal=one.refusal))
    return _with_points(results)


def _checked(item: Item, members: Mapping[tuple[str, str], UUID]) -> ActivityReport | Exception:
    if item.report is None:
        assert item.refusal is not None, "what was not read was refused"
        return item.refusal
    if item.member is None:
        return item.report
    ((way, value),) = item.member.items()
    member_id = members.get((way, value))
    if member_id is None:
        return NotFound(_("There is no such member."), field="member")
    return replace(item.report, member_id=member_id)


def _with_points(results: Sequence[Result]) -> list[Result]:
    """What each earned when it was recorded, however long ago."""
    ids = [result.activity_id for result in results if result.activity_id]
    moved = points_moved_by(list(Activity.objects.filter(pk__in=ids)))
    return [
        replace(result, earned=tuple(moved.get(result.activity_id, ()))) if result.activity_id else result
        for result in results
    ]
