"""One activity reported by a partner system: the path of the import, answered with points and reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from activities.models import Activity
from activities.rules.earn_facts import TraceLine
from activities.rules.postings import Earned
from activities.rules.reading import ActivityReport, check_report
from activities.selectors.places import limits_of
from activities.selectors.reference import reference_now
from activities.selectors.traces import earned_by, trace_of
from activities.services.recording import record_activities
from common.errors import NotFound
from members.selectors.members import member_named, members_named
from units.models import BusinessUnit


@dataclass(frozen=True, slots=True)
class Reported:
    """An activity, what it earned in each program, and every rule that was looked at."""

    activity: Activity
    is_new: bool
    earned: tuple[Earned, ...]
    trace: tuple[TraceLine, ...]


@transaction.atomic
def report_activity(
    *, unit: BusinessUnit, report: ActivityReport, member: Mapping[str, str] | None, by: str, at: datetime
) -> Reported:
    """Record one activity of `member` (by id, number, phone, card or plate; None: anonymous) and its points.

    Safe to retry: the same `source_ref` of the unit with the same content answers the first activity.

    :raises ReportRefused: the report cannot be taken in; its code says why
    :raises DuplicateReference: the reference stands for an activity with other content
    :raises NotFound: there is no such member
    :raises UnitNotActive: the unit takes no part at present
    """
    check_report(report, place=limits_of(unit, at=at))
    if member is not None:
        report = replace(report, member_id=_member_id(member, unit))
    reference = reference_now()
    (recorded,) = record_activities(unit=unit, reports=[report], by=by, at=at, reference=reference)
    if recorded.refusal is not None:
        raise recorded.refusal
    assert recorded.activity_id is not None, "what is not refused is there"
    activity = Activity.objects.select_related("unit", "member", "outlet").get(pk=recorded.activity_id)
    earned = recorded.earned if recorded.is_new else earned_by(activity)
    trace = trace_of(activity, known=reference.rules_of(unit))
    return Reported(activity, is_new=recorded.is_new, earned=earned, trace=trace)


def _member_id(named: Mapping[str, str], unit: BusinessUnit) -> UUID:
    ids = list(members_named([named], unit=unit).values())
    if ids:
        return ids[0]
    # What names nobody, and why: the name may not even be one.
    try:
        return member_named(named, unit=unit).pk
    except NotFound as nobody:
        raise NotFound(_("There is no such member."), field="member") from nobody
