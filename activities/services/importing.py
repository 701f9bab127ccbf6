"""How the rows of import files become activities and daily totals."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from django.utils.translation import gettext as _

from activities.rules.reading import REQUIRED_COLUMNS, ActivityReport, ReportRefused, read_report
from activities.rules.totals import TOTAL_REQUIRED, DailyReport, UnitHere, read_daily_total
from activities.selectors.places import place_of
from activities.services.daily_totals import record_daily_totals
from activities.services.recording import record_activities
from activities.services.rows import Recorded
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
            counts[_outcome(recorded)] += 1
            counts["points"] += sum(earned.points for earned in recorded.earned)
            counts["points_taken_back"] += recorded.taken_back
        return Outcome(counts, rejects)

    return BulkTask("activities", unit.code, REQUIRED_COLUMNS, read, record)


def _outcome(recorded: Recorded) -> str:
    if recorded.is_waiting and recorded.is_new:
        return "waiting"
    return "recorded" if recorded.is_new else "already_there"


def daily_totals_task(*, at: datetime) -> BulkTask[DailyReport]:
    """Take in daily totals of any unit. A day that a file gives twice with other numbers is refused."""
    units = {
        unit.code: UnitHere(unit.pk, unit.currency) for unit in BusinessUnit.objects.filter(is_active=True)
    }
    seen: dict[tuple[int, date, str], DailyReport] = {}

    def read(row: Row) -> DailyReport:
        try:
            report = read_daily_total(row.values, units=units, at=at)
        except ReportRefused as refusal:
            raise RowRejected(refusal.code, str(refusal)) from refusal
        if seen.setdefault(report.day, report) != report:
            raise RowRejected("duplicate_day", _("The file gave other numbers for this unit and day before."))
        return report

    def record(items: Sequence[tuple[Row, DailyReport]], watch: Stopwatch) -> Outcome:
        reports = {report.day: report for _row, report in items}
        with watch("insert"):
            counts = Counter(record_daily_totals(reports=list(reports.values())))
        # The same numbers twice in one chunk are one total.
        counts["already_there"] += len(items) - len(reports)
        return Outcome(counts)

    return BulkTask("daily_totals", "", TOTAL_REQUIRED, read, record)
