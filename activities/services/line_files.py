"""Files in which a row is a line: rows of one reference that follow one another are one receipt."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from django.utils.translation import gettext as _

from activities.rules.lines import LineReport
from activities.rules.mapping import LINE_COLUMNS
from activities.rules.reading import (
    REQUIRED_COLUMNS,
    ActivityReport,
    Place,
    ReportRefused,
    check_report,
    read_report,
)
from activities.selectors.places import place_of
from activities.services.recording import record_activities
from activities.services.returns import matched_returns
from activities.services.rows import Recorded
from common.bulk import BulkTask, Outcome, Reject, Row
from common.clock import Stopwatch
from units.models import BusinessUnit

_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class _Line:
    """A row read as a report of its own, or why it could not be."""

    ref: str
    report: ActivityReport | None
    refusal: ReportRefused | None = None


def lines_task(*, unit: BusinessUnit, by: str, at: datetime, is_generated: bool = False) -> BulkTask[object]:
    """Take in receipts of `unit` line by line. A receipt with a line that is refused is refused whole."""
    place = place_of(unit, at=at)

    def read(row: Row) -> _Line:
        ref = row.values.get("source_ref") or ""
        try:
            cells = {name: cell for name, cell in row.values.items() if name not in LINE_COLUMNS}
            report = read_report(cells, place=place)
        except ReportRefused as refusal:
            return _Line(ref, None, refusal)
        item = row.values.get("item") or ""
        line = LineReport(1, report.amount, report.category, item, report.quantity)
        return _Line(ref, replace(report, lines=(line,)))

    def record(items: Sequence[tuple[Row, object]], watch: Stopwatch) -> Outcome:
        receipts = _receipts(items, place)
        told: dict[int, Recorded] = {}
        for is_return in (False, True):
            # Sales first: what is returned in the same chunk may be of them.
            mine = [n for n, (_rows, one) in enumerate(receipts) if _is(one, is_return=is_return)]
            reports = [one for n in mine if isinstance(one := receipts[n][1], ActivityReport)]
            if is_return:
                reports = matched_returns(unit=unit, reports=reports)
            answers = record_activities(
                unit=unit, reports=reports, by=by, at=at, is_generated=is_generated, watch=watch
            )
            told |= dict(zip(mine, answers, strict=True))
        return _outcome(receipts, told)

    return BulkTask(
        "activity_lines",
        unit.code,
        REQUIRED_COLUMNS | {"line"},
        read,
        record,
        together=lambda row: row.values.get("source_ref"),
    )


Receipt = tuple[list[Row], ActivityReport | list[Reject]]


def _receipts(items: Sequence[tuple[Row, object]], place: Place) -> list[Receipt]:
    receipts: list[Receipt] = []
    for _ref, group in groupby(items, key=lambda item: _line(item[1]).ref):
        pairs = [(row, _line(line)) for row, line in group]
        rows = [row for row, _one in pairs]
        flawed = [(row, line.refusal) for row, line in pairs if line.refusal is not None]
        if flawed:
            receipts.append((rows, _refused_with(rows, {row.number: why for row, why in flawed})))
            continue
        try:
            report = _together([line.report for _row, line in pairs if line.report is not None])
            check_report(report, place=place)
            receipts.append((rows, report))
        except ReportRefused as refusal:
            receipts.append((rows, [row.refused(refusal.code, str(refusal)) for row in rows]))
    return receipts


def _line(item: object) -> _Line:
    assert isinstance(item, _Line), "read by this task"
    return item


def _is(receipt: ActivityReport | list[Reject], *, is_return: bool) -> bool:
    return isinstance(receipt, ActivityReport) and receipt.may_earn != is_return


def _refused_with(rows: Sequence[Row], flaws: dict[int, ReportRefused]) -> list[Reject]:
    """The row at fault by its own reason, the others because of it: half a receipt is none."""
    words = _("Another line of this receipt is refused.")
    return [
        row.refused(flaws[row.number].code, str(flaws[row.number]))
        if row.number in flaws
        else row.refused("other_line_refused", words)
        for row in rows
    ]


def _together(parts: Sequence[ActivityReport]) -> ActivityReport:
    """One report of the lines, numbered as they stand. It happened when its first line did.

    :raises ReportRefused: lines_differ, where they are not one receipt's
    """
    first = parts[0]
    for part in parts:
        same = (part.kind, part.member_ref, part.outlet_id, part.refund_of)
        if same != (first.kind, first.member_ref, first.outlet_id, first.refund_of):
            words = _("Lines of one receipt differ in kind, member, outlet or refunded sale.")
            raise ReportRefused("lines_differ", words, field="source_ref")
    lines = tuple(replace(part.lines[0], number=number) for number, part in enumerate(parts, 1))
    return replace(
        first,
        amount=sum((line.amount or _NOTHING for line in lines), _NOTHING),
        lines=lines,
        category="",
        quantity=None,
    )


def _outcome(receipts: Sequence[Receipt], told: dict[int, Recorded]) -> Outcome:
    counts: Counter[str] = Counter()
    rejects: list[Reject] = []
    for number, (rows, receipt) in enumerate(receipts):
        if isinstance(receipt, list):
            rejects += receipt
            continue
        answer = told[number]
        if answer.refusal is not None:
            rejects += [row.refused(answer.refusal.code, str(answer.refusal)) for row in rows]
            continue
        counts["recorded" if answer.is_new else "already_there"] += 1
        counts["lines"] += len(rows)
        counts["points"] += sum(earned.points for earned in answer.earned)
        counts["points_taken_back"] += answer.taken_back
    return Outcome(counts, rejects)
