"""Returns that name no sale: matched to the member's latest sale of the article that covers them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F

from activities.models import Activity, ActivityLine
from activities.rules.lines import LineReport
from activities.rules.reading import KINDS, ActivityReport
from members.selectors.members import members_by_refs
from units.models import BusinessUnit


@dataclass(slots=True)
class _Candidate:
    """A sold line of the article, and what still stands of it."""

    ref: str
    number: int
    occurred_at: datetime
    left: Decimal


def matched_returns(*, unit: BusinessUnit, reports: Sequence[ActivityReport]) -> list[ActivityReport]:
    """Each return as a refund of the line that it gives back, or, where none fits, as it is.

    The latest line before it of the same member and article that has so much left. A return that was recorded
    before is told as it was recorded: importing twice changes nothing. One without a member or article stays
    a return: it counts in the totals and takes nothing back.
    """
    returns = [report for report in reports if report.kind == "return" and len(report.lines) == 1]
    known = _recorded(unit, returns)
    refs = {report.member_ref for report in returns if report.member_ref}
    members = {ref: member_id for ref, (member_id, _status) in members_by_refs(unit=unit, refs=refs).items()}
    candidates = _candidates(unit, set(members.values()), {report.lines[0].item for report in returns} - {""})
    told = []
    for report in reports:
        if report.kind != "return" or len(report.lines) != 1:
            told.append(report)
        elif report.source_ref in known:
            told.append(_as_refund(report, known[report.source_ref]))
        else:
            member_id = members.get(report.member_ref or "")
            mine = candidates.get((member_id, report.lines[0].item), []) if member_id else []
            told.append(_as_refund(report, _covering(mine, report)))
    return told


def _covering(mine: Sequence[_Candidate], report: ActivityReport) -> tuple[str, int] | None:
    for one in mine:
        if report.amount and one.occurred_at <= report.occurred_at and one.left >= report.amount:
            one.left -= report.amount
            return one.ref, one.number
    return None


def _as_refund(report: ActivityReport, found: tuple[str, int] | None) -> ActivityReport:
    if found is None:
        return report
    ref, number = found
    line = report.lines[0]
    return replace(
        report,
        kind="refund",
        refund_of=ref,
        lines=(LineReport(number, line.amount, line.category, line.item, line.quantity),),
    )


def _recorded(unit: BusinessUnit, returns: Sequence[ActivityReport]) -> dict[str, tuple[str, int] | None]:
    """What earlier imports matched, by reference: (sale, line), or None for what stayed a return."""
    refs = [report.source_ref for report in returns]
    before = Activity.objects.filter(unit=unit, source_ref__in=refs)
    rows = before.values_list("source_ref", "kind", "refund_of", "lines__number")
    return {ref: (sale, number) if kind == "refund" else None for ref, kind, sale, number in rows}


def _candidates(
    unit: BusinessUnit, member_ids: set[UUID], items: set[str]
) -> dict[tuple[UUID | None, str], list[_Candidate]]:
    found: defaultdict[tuple[UUID | None, str], list[_Candidate]] = defaultdict(list)
    if not member_ids or not items:
        return found
    lines = ActivityLine.objects.filter(
        activity__unit=unit,
        activity__member_id__in=member_ids,
        activity__kind__in=KINDS,
        item__in=items,
        refunded__lt=F("amount"),
    ).select_related("activity")
    for line in lines.order_by("-activity__occurred_at", "-id"):
        sale = line.activity
        found[sale.member_id, line.item].append(
            _Candidate(sale.source_ref, line.number, sale.occurred_at, line.amount - line.refunded)
        )
    return found
