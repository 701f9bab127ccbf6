"""Refunds that arrive before their sale: they wait, and settle when the sale comes.

Whether a sale is there is asked under a lock of the unit's arrivals: whoever records sales holds it shared,
whoever lets a refund wait holds it alone, so that a sale and its refund never miss each other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from activities.models import Activity, WaitingRefund, WaitingState
from activities.rules.lines import LineReport
from activities.rules.reading import ActivityReport, ReportRefused
from activities.services.refunding import record_refunds
from activities.services.rows import Draft, Recorded, other_content
from common.errors import DomainError
from units.models import BusinessUnit


class NotWaiting(DomainError):
    """The refund has been decided."""

    code = "not_waiting"
    title = lazy("This refund does not wait any more.")


@dataclass(frozen=True, slots=True)
class Settled:
    """The refunds that settled, by their reference, and of which sale each was."""

    refunds: Mapping[str, Recorded] = field(default_factory=dict)
    sales: Mapping[str, str] = field(default_factory=dict)

    def taken_back_of(self, sale_ref: str) -> int:
        """Points that refunds of this sale took back as it came."""
        return sum(one.taken_back for ref, one in self.refunds.items() if self.sales[ref] == sale_ref)


def lock_arrivals(unit: BusinessUnit, reports: Sequence[ActivityReport]) -> None:
    """Hold the unit's arrivals until the transaction ends: alone where a refund's sale is not to be seen."""
    here = {report.source_ref for report in reports if not report.is_refund}
    named = {report.refund_of for report in reports if report.is_refund} - here
    is_alone = False
    if named:
        known = Activity.objects.filter(unit=unit, source_ref__in=named)
        is_alone = known.count() < len(named)
    _lock(unit, is_alone=is_alone)


def keep_waiting(
    *, unit: BusinessUnit, drafts: Sequence[Draft], by: str, at: datetime, is_generated: bool
) -> dict[str, Recorded]:
    """Let refunds whose sale the unit has not reported yet wait for it. By reference.

    The same refund again still waits; one that was dismissed stays so; other content under its reference is
    refused.
    """
    if not drafts:
        return {}
    _lock(unit, is_alone=True)
    refs = [draft.report.source_ref for draft in drafts]
    before = {one.source_ref: one for one in WaitingRefund.objects.filter(unit=unit, source_ref__in=refs)}
    told: dict[str, Recorded] = {}
    fresh: list[WaitingRefund] = []
    for draft in drafts:
        ref = draft.report.source_ref
        row = _row(unit, draft, by=by, at=at, is_generated=is_generated)
        if ref not in before:
            fresh.append(row)
            told[ref] = Recorded(None, is_new=True, is_waiting=True)
        elif _content(before[ref]) != _content(row):
            told[ref] = Recorded(None, refusal=other_content())
        elif before[ref].state == WaitingState.WAITING:
            told[ref] = Recorded(None, is_waiting=True)
        else:
            words = _("This refund was dismissed: its sale is not expected any more.")
            refusal = ReportRefused("refund_dismissed", words, field="source_ref")
            told[ref] = Recorded(None, refusal=refusal)
    WaitingRefund.objects.bulk_create(fresh)
    return told


def settle_waiting(*, unit: BusinessUnit, refs: Collection[str], at: datetime) -> Settled:
    """Settle what waits for the activities of these references, which have just been recorded.

    In the order in which the refunds happened. One that does not fit its sale is refused, with the reason.
    """
    if not refs:
        return Settled()
    waiting = WaitingRefund.objects.filter(
        unit=unit, state=WaitingState.WAITING, refund_of__any_of=refs
    ).order_by("occurred_at", "source_ref")
    rows = list(waiting)
    refunds: dict[str, Recorded] = {}
    for row in rows:
        # By whoever reported it: what is recorded is the same as if the sale had come first.
        told = record_refunds(
            unit=unit, drafts=[_draft(unit, row)], by=row.reported_by, at=at, is_generated=row.is_generated
        )[row.source_ref]
        refusal = told.refusal
        row.state = WaitingState.SETTLED if refusal is None else WaitingState.REFUSED
        row.refusal = "" if refusal is None else refusal.code
        row.decided_at, row.decided_by = at, row.reported_by
        row.save(update_fields=["state", "refusal", "decided_at", "decided_by"])
        if refusal is None:
            refunds[row.source_ref] = told
    return Settled(refunds, {row.source_ref: row.refund_of for row in rows})


def new_refs(told: Mapping[str, Recorded]) -> set[str]:
    """The references under which refunds have just been recorded."""
    return {ref for ref, one in told.items() if one.is_new and not one.is_waiting}


@transaction.atomic
def dismiss_waiting(*, refund_id: UUID, reason: str, by: str, at: datetime) -> WaitingRefund:
    """Let a refund wait no longer: its sale will not come.

    :raises NotWaiting: it settled, was refused or dismissed before
    """
    row = WaitingRefund.objects.select_for_update(no_key=True).get(pk=refund_id)
    if row.state != WaitingState.WAITING:
        raise NotWaiting
    row.state, row.refusal = WaitingState.DISMISSED, reason[:200]
    row.decided_at, row.decided_by = at, by
    row.save(update_fields=["state", "refusal", "decided_at", "decided_by"])
    return row


def _lock(unit: BusinessUnit, *, is_alone: bool) -> None:
    call = "pg_advisory_xact_lock" if is_alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {call}(hashtext('activities.arrivals'), %s)", [unit.pk])


def _row(unit: BusinessUnit, draft: Draft, *, by: str, at: datetime, is_generated: bool) -> WaitingRefund:
    report = draft.report
    return WaitingRefund(
        unit=unit,
        source_ref=report.source_ref,
        refund_of=report.refund_of,
        member_id=draft.member_id,
        outlet_id=report.outlet_id,
        occurred_at=report.occurred_at,
        amount=None if report.is_whole and not report.lines else report.amount,
        told={
            "category": report.category,
            "quantity": _text(report.quantity),
            "is_whole": report.is_whole,
            "reason": report.reason,
            "lines": [
                [line.number, _text(line.amount), line.category, line.item, _text(line.quantity)]
                for line in report.lines
            ],
            "attributes": dict(report.attributes),
        },
        reported_by=by,
        is_generated=is_generated,
        arrived_at=at,
    )


def _content(row: WaitingRefund) -> tuple[Any, ...]:
    told = {name: cell for name, cell in row.told.items() if name not in ("attributes", "reason")}
    return (row.refund_of, row.member_id, row.outlet_id, row.occurred_at, row.amount, told)


def _draft(unit: BusinessUnit, row: WaitingRefund) -> Draft:
    told = row.told
    report = ActivityReport(
        source_ref=row.source_ref,
        kind="refund",
        member_ref=None,
        outlet_id=row.outlet_id,
        occurred_at=row.occurred_at,
        amount=row.amount or Decimal("0.00"),
        currency=unit.currency,
        category=told["category"],
        quantity=_number(told["quantity"]),
        refund_of=row.refund_of,
        is_whole=told["is_whole"],
        reason=told["reason"],
        lines=tuple(
            LineReport(number, _number(amount), category, item, _number(quantity))
            for number, amount, category, item, quantity in told["lines"]
        ),
        attributes=told["attributes"],
    )
    return Draft(report, row.member_id)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:.3f}"


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
