"""Take in what members did: one path for the bulk import and the partner API, set-based throughout."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from activities.models import Activity
from activities.rules.earning import BaseRate, TraceLine, points_for
from activities.rules.reading import ActivityReport, ReportRefused
from activities.selectors.rates import base_rates_of
from activities.services.refunding import record_refunds
from activities.services.rows import (
    Draft,
    Earned,
    Recorded,
    StoredActivity,
    insert_activities,
    other_content,
    posting_ref_of,
    stored_activities,
)
from activities.services.tier_credits import credit_recorded
from activities.services.waiting import keep_waiting, lock_arrivals, new_refs, settle_waiting
from common.clock import Stopwatch
from common.input import POINTS_MAX
from members.selectors.members import Found, members_by_ids, members_by_refs
from points.models import Program
from points.refusals import UnitNotActive
from points.services.accrual import Grant, accrue_many
from units.models import BusinessUnit


def record_activities(
    *,
    unit: BusinessUnit,
    reports: Sequence[ActivityReport],
    by: str,
    at: datetime,
    is_generated: bool = False,
    watch: Stopwatch | None = None,
) -> list[Recorded]:
    """Record activities at `unit` and post what they earn. One answer for each report, in order.

    Runs in the caller's transaction; a refused report leaves the others alone. A reference of the unit stands
    for one activity: the same content again is already there, other content is refused. An activity of a
    frozen or closed member, or of nobody, is recorded and earns nothing. A refund takes back points pro rata.

    :raises UnitNotActive: the unit takes no part at present
    """
    assert connection.in_atomic_block, "an activity and its points are one transaction"
    if not unit.is_active:
        raise UnitNotActive(_("%(unit)s is not active.") % {"unit": unit.code}, unit=unit.code)
    watch = watch or Stopwatch()
    with watch("match"):
        lock_arrivals(unit, reports)
        members = _members_of(unit, reports)
    with watch("rules"):
        rates = base_rates_of(unit)
        judged = [_judge(report, members, rates) for report in reports]
    first: dict[str, Draft] = {}
    for draft in judged:
        if isinstance(draft, Draft):
            first.setdefault(draft.report.source_ref, draft)
    sales = {ref: draft for ref, draft in first.items() if not draft.report.is_refund}
    with watch("insert"):
        fresh = insert_activities(unit, sorted(sales.items()), by=by, at=at, is_generated=is_generated)
    with watch("compare"):
        stored = stored_activities(unit, sales.keys() - fresh.keys())
    with watch("post"):
        earned = _post(unit, [sales[ref] for ref in sorted(fresh)], by=by)
        refunds = [draft for draft in first.values() if draft.report.is_refund]
        # After the sales: a file may hold a sale and its refund in any order, if in one chunk.
        told = record_refunds(unit=unit, drafts=refunds, by=by, at=at, is_generated=is_generated)
        early = [draft for draft in refunds if draft.report.source_ref not in told]
        told |= keep_waiting(unit=unit, drafts=early, by=by, at=at, is_generated=is_generated)
        # What came before its sale settles now that this is here.
        settled = settle_waiting(unit=unit, refs=fresh.keys() | new_refs(told), at=at)
    with watch("tiers"):
        refund_ids = [one.activity_id for one in (*told.values(), *settled.refunds.values()) if one.is_new]
        credit_recorded(
            unit=unit, sale_ids=fresh.values(), refund_ids=[pk for pk in refund_ids if pk], by=by, at=at
        )
    for ref, draft in sales.items():
        told[ref] = _told(
            draft, stored.get(ref), fresh.get(ref), earned.get(ref, []), settled.taken_back_of(ref)
        )
    return [
        Recorded(None, refusal=draft)
        if isinstance(draft, ReportRefused)
        else _answer(draft, first[draft.report.source_ref], told[draft.report.source_ref])
        for draft in judged
    ]


def earn_claimed(*, sale: Activity, by: str, at: datetime) -> None:  # noqa: ARG001 -- as every service
    """Post what a sale earns that has just become a member's, by the rules in force when it happened.

    Runs in the transaction of the claim.
    """
    assert sale.member is not None, "who claims is a member"
    report = ActivityReport(
        source_ref=sale.source_ref,
        kind=sale.kind,
        member_ref=None,
        outlet_id=sale.outlet_id,
        occurred_at=sale.occurred_at,
        amount=sale.amount,
        currency=sale.currency,
        category=sale.category,
        quantity=sale.quantity,
        paid_with_points=sale.paid_with_points,
        member_id=sale.member_id,
    )
    rates = base_rates_of(sale.unit)
    draft = _judge(report, {sale.member.pk: (sale.member.pk, sale.member.status)}, rates)
    if isinstance(draft, ReportRefused):
        raise draft
    _post(sale.unit, [draft], by=by)


def _members_of(unit: BusinessUnit, reports: Sequence[ActivityReport]) -> dict[str | UUID, Found]:
    """Reference or id → (member id, status) of everybody who is named and known."""
    known: dict[str | UUID, Found] = {}
    refs = {report.member_ref for report in reports if report.member_ref}
    if refs:
        known.update(members_by_refs(unit=unit, refs=refs).items())
    ids = {report.member_id for report in reports if report.member_id}
    if ids:
        known.update(members_by_ids(ids).items())
    return known


def _judge(
    report: ActivityReport, members: dict[str | UUID, Found], rates: Sequence[BaseRate]
) -> Draft | ReportRefused:
    """What a report means by itself: whose it is and what it would earn."""
    who = report.member_id or report.member_ref
    found = members.get(who) if who else None
    if who and found is None:
        words = _("The unit knows no member by this card, number or phone.")
        return ReportRefused("unknown_member", words, field="member_ref")
    member_id, status = found or (None, None)
    if not report.may_earn:
        return Draft(report, member_id, ())
    trace = points_for(
        amount=report.amount,
        paid_with_points=report.paid_with_points,
        occurred_at=report.occurred_at,
        member_status=status,
        rates=rates,
    )
    if any(line.points > POINTS_MAX for line in trace):
        words = _("It would earn more than %(max)s points.") % {"max": POINTS_MAX}
        return ReportRefused("points_out_of_range", words, field="amount")
    return Draft(report, member_id, trace)


def _post(unit: BusinessUnit, drafts: Sequence[Draft], *, by: str) -> dict[str, list[Earned]]:
    """Post what new activities earn, one call a program. By reference."""
    grants: dict[int, list[tuple[str, TraceLine, Grant]]] = defaultdict(list)
    for draft in drafts:
        for line in draft.trace:
            if line.is_taken and draft.member_id is not None:
                report = draft.report
                posting_ref = posting_ref_of(line.program, report.source_ref)
                grant = Grant(draft.member_id, line.points, posting_ref, report.occurred_at, line.rule)
                grants[line.program_id].append((report.source_ref, line, grant))
    earned: dict[str, list[Earned]] = defaultdict(list)
    programs = Program.objects.in_bulk(grants)
    for program_id, lines in sorted(grants.items()):
        asked = [grant for _ref, _line, grant in lines]
        outcomes = accrue_many(program=programs[program_id], unit=unit, grants=asked, by=by)
        for (ref, line, grant), outcome in zip(lines, outcomes, strict=True):
            posting_id = outcome.or_refuse(source_ref=grant.source_ref).posting_id
            assert posting_id is not None, "what was posted has an id"
            earned[ref].append(Earned(line.program, line.points, posting_id))
    return earned


def _told(
    draft: Draft,
    stored: StoredActivity | None,
    fresh_id: UUID | None,
    earned: Sequence[Earned],
    taken_back: int,
) -> Recorded:
    """What became of a sale."""
    if stored is None:
        return Recorded(fresh_id, is_new=True, trace=draft.trace, earned=tuple(earned), taken_back=taken_back)
    if not stored.is_told_by(draft):
        return Recorded(None, refusal=other_content())
    return Recorded(stored.activity_id, trace=draft.trace)


def _answer(draft: Draft, first: Draft, told: Recorded) -> Recorded:
    """What became of one report: of several with one reference, the first is the one recorded."""
    if draft is first or told.refusal is not None:
        return told
    if draft.content != first.content:
        return Recorded(None, refusal=other_content())
    return Recorded(told.activity_id, trace=draft.trace)
