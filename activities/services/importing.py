"""How the rows of import files become activities and daily totals."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from activities.rules.reading import (
    REQUIRED_COLUMNS,
    ActivityReport,
    ReportRefused,
    read_report,
)
from activities.selectors.places import place_of
from activities.services.recording import record_activities
from common.bulk import BulkTask, Outcome, Reject, Row, RowRejected
from common.clock import Stopwatch
from units.models import BusinessUnit


def activities_task(
    *, unit: BusinessUnit, by: str, at: datetime, is_generated: bool = False
) -> BulkTask[ActivityReport]:
    """Take in the activities of `unit`; `is_generated` marks rows made for a demo."""
    place = place_of(unit, at=at)

    def read(row: Row) -> ActivityReport:
        try:
            return read_report(row.values, place=place)
        except ReportRefused as refusal:
            raise RowRejected(refusal.code, str(refusal)) from refusal

    def record(items: Sequence[tuple[Row, ActivityReport]], watch: Stopwatch) -> Outcome:
        reports = [report for _row, report in items]
        told = record_activities(
            unit=unit, reports=reports, by=by, at=at, is_generated=is_generated, watch=watch
        )
        counts: Counter[str] = Counter()
        rejects: list[Reject] = []
        for (row, _report), recorded in zip(items, told, strict=True):
            if recorded.refusal is not None:
                rejects.append(row.refused(recorded.refusal.code, str(recorded.refusal)))
                continue
            counts["recorded" if recorded.is_new else "already_there"] += 1
            counts["points"] += sum(earned.points for earned in recorded.earned)
        return Outcome(counts, rejects)

    return BulkTask("activities", unit.code, REQUIRED_COLUMNS, read, record)
