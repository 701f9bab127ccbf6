"""One refund of a sale, by a till or an operator: the path of the import, told with what came of it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from activities.models import Activity, WaitingRefund
from activities.rules.reading import ActivityReport, check_report
from activities.selectors.activity_points import PointsMoved, points_moved_by
from activities.selectors.places import limits_of
from activities.services.recording import record_activities
from units.models import BusinessUnit


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The refund as recorded, with its sale and the points that it took (negative), or as it waits."""

    refund: Activity | None
    sale: Activity | None
    waiting: WaitingRefund | None
    is_new: bool
    points: tuple[PointsMoved, ...] = ()


@transaction.atomic
def refund_activity(*, unit: BusinessUnit, report: ActivityReport, by: str, at: datetime) -> GivenBack:
    """Refund a sale of `unit`, wholly, by line or by amount. Safe to retry under its `source_ref`.

    :raises ReportRefused: the refund cannot be taken in, or does not fit its sale; its code says why
    :raises DuplicateReference: the reference stands for something else
    :raises UnitNotActive: the unit takes no part at present
    """
    assert report.is_refund, "a sale is reported, a refund is given back"
    check_report(report, place=limits_of(unit, at=at))
    (told,) = record_activities(unit=unit, reports=[report], by=by, at=at)
    if told.refusal is not None:
        raise told.refusal
    if told.is_waiting:
        waiting = WaitingRefund.objects.select_related("unit", "outlet").get(
            unit=unit, source_ref=report.source_ref
        )
        return GivenBack(None, None, waiting, told.is_new)
    assert told.activity_id is not None, "what does not wait is recorded"
    refund = Activity.objects.select_related("unit", "outlet", "member").get(pk=told.activity_id)
    sale = Activity.objects.get(unit=unit, source_ref=refund.refund_of)
    points = points_moved_by([refund])[refund.pk]
    return GivenBack(refund, sale, None, told.is_new, tuple(points))
