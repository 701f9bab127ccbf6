"""Take in what members did: one path for the bulk import and the partner API, set-based throughout."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from activities.models import Activity
from activities.rules.earning import BaseRate, TraceLine, points_for
from activities.rules.reading import ActivityReport, DuplicateReference, ReportRefused
from activities.selectors.rates import base_rates_of
from common.clock import Stopwatch, uuid7s
from common.input import POINTS_MAX
from common.sql import instant_array, plain_array, text_array
from members.models import Member
from members.selectors.members import Found, members_by_refs
from points.models import Program
from points.refusals import UnitNotActive
from points.services.accrual import Grant, accrue_many
from units.models import BusinessUnit

# What must be the same for a reference to be the same activity. Other columns may differ between two exports.
CONTENT = (
    *("kind", "member_id", "outlet_id", "occurred_at", "amount", "currency", "category", "quantity"),
    "paid_with_points",
)


_INSERT = """
INSERT INTO activities_activity (
    id, unit_id, source_ref, kind, member_id, outlet_id, occurred_at, amount, currency, category, quantity,
    paid_with_points, refund_of, attributes, is_generated, recorded_at)
SELECT n.id, %s, n.source_ref, n.kind, n.member_id, n.outlet_id, n.occurred_at, n.amount, %s, n.category,
       n.quantity, n.paid, '', n.attributes, %s, %s
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::int[], %s::timestamptz[], %s::numeric[],
            %s::text[], %s::numeric[], %s::numeric[], %s::jsonb[])
    AS n (id, source_ref, kind, member_id, outlet_id, occurred_at, amount, category, quantity, paid,
          attributes)
ON CONFLICT (unit_id, source_ref) DO NOTHING
RETURNING source_ref, id
"""


@dataclass(frozen=True, slots=True)
class Earned:
    """Points of one program that an activity earned, and the posting that gave them."""

    program: str
    points: int
    posting_id: UUID


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one report: recorded (`is_new`), already there with the same content, or refused.

    `earned` is told of new ones only.
    """

    activity_id: UUID | None
    is_new: bool = False
    trace: tuple[TraceLine, ...] = ()
    earned: tuple[Earned, ...] = ()
    refusal: ReportRefused | None = None


@dataclass(frozen=True, slots=True)
class _Draft:
    """A report that may be recorded, with what it means here."""

    report: ActivityReport
    member_id: UUID | None
    trace: tuple[TraceLine, ...]

    @property
    def content(self) -> tuple[object, ...]:
        r = self.report
        return (
            *(
                r.kind,
                self.member_id,
                r.outlet_id,
                r.occurred_at,
                r.amount,
                r.currency,
                r.category,
                r.quantity,
            ),
            r.paid_with_points,
        )


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
    frozen or closed member, or of nobody, is recorded and earns nothing.

    :raises UnitNotActive: the unit takes no part at present
    """
    assert connection.in_atomic_block, "an activity and its points are one transaction"
    if not unit.is_active:
        raise UnitNotActive(_("%(unit)s is not active.") % {"unit": unit.code}, unit=unit.code)
    watch = watch or Stopwatch()
    with watch("match"):
        members = _members_of(unit, reports)
    with watch("rules"):
        rates = base_rates_of(unit)
        judged = [_judge(report, members, rates) for report in reports]
    first: dict[str, _Draft] = {}
    for draft in judged:
        if isinstance(draft, _Draft):
            first.setdefault(draft.report.source_ref, draft)
    with watch("insert"):
        fresh = _insert(unit, sorted(first.items()), at=at, is_generated=is_generated)
    with watch("compare"):
        stored = _stored(unit, first.keys() - fresh.keys())
    with watch("post"):
        earned = _post(unit, [first[ref] for ref in sorted(fresh)], by=by)
    return [
        Recorded(None, refusal=draft)
        if isinstance(draft, ReportRefused)
        else _answer(draft, first[draft.report.source_ref], stored, fresh, earned)
        for draft in judged
    ]


def _members_of(unit: BusinessUnit, reports: Sequence[ActivityReport]) -> dict[str | UUID, Found]:
    """Reference or id → (member id, status) of everybody who is named and known."""
    known: dict[str | UUID, Found] = {}
    refs = {report.member_ref for report in reports if report.member_ref}
    if refs:
        known.update(members_by_refs(unit=unit, refs=refs).items())
    ids = {report.member_id for report in reports if report.member_id}
    if ids:
        rows = Member.objects.filter(pk__in=ids).values_list("pk", "status")
        known |= {pk: (pk, status) for pk, status in rows}
    return known


def _judge(
    report: ActivityReport, members: dict[str | UUID, Found], rates: Sequence[BaseRate]
) -> _Draft | ReportRefused:
    """What a report means by itself: whose it is and what it would earn."""
    who = report.member_id or report.member_ref
    found = members.get(who) if who else None
    if who and found is None:
        words = _("The unit knows no member by this card, number or phone.")
        return ReportRefused("unknown_member", words, field="member_ref")
    member_id, status = found or (None, None)
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
    return _Draft(report, member_id, trace)


def _insert(
    unit: BusinessUnit, drafts: Sequence[tuple[str, _Draft]], *, at: datetime, is_generated: bool
) -> dict[str, UUID]:
    """Insert what is new, in the order of references, so that two imports at once never wait in a circle.

    Returns reference → id of what was inserted; the others were there before.
    """
    if not drafts:
        return {}
    reports = [draft.report for _ref, draft in drafts]
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                *(unit.pk, unit.currency, is_generated, at),
                plain_array(uuid7s(len(drafts))),
                text_array([ref for ref, _draft in drafts]),
                plain_array(r.kind for r in reports),
                plain_array(draft.member_id for _ref, draft in drafts),
                plain_array(r.outlet_id for r in reports),
                instant_array(r.occurred_at for r in reports),
                plain_array(r.amount for r in reports),
                text_array([r.category for r in reports]),
                plain_array(r.quantity for r in reports),
                plain_array(r.paid_with_points for r in reports),
                text_array([json.dumps(r.attributes) if r.attributes else "{}" for r in reports]),
            ],
        )
        return dict(cursor.fetchall())


def _stored(unit: BusinessUnit, refs: Collection[str]) -> dict[str, tuple[UUID, tuple[object, ...]]]:
    """Reference → (id, content) of the activities that were there before."""
    if not refs:
        return {}
    rows = Activity.objects.filter(unit=unit, source_ref__in=refs).values_list("source_ref", "pk", *CONTENT)
    return {row[0]: (row[1], row[2:]) for row in rows}


def _post(unit: BusinessUnit, drafts: Sequence[_Draft], *, by: str) -> dict[str, list[Earned]]:
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


def posting_ref_of(program: str, source_ref: str) -> str:
    """How an activity's posting in a program is referred to: one activity may earn in several programs."""
    return f"activity:{program}:{source_ref}"


def _answer(
    draft: _Draft,
    first: _Draft,
    stored: dict[str, tuple[UUID, tuple[object, ...]]],
    fresh: dict[str, UUID],
    earned: dict[str, list[Earned]],
) -> Recorded:
    ref = draft.report.source_ref
    if draft is first and ref in fresh:
        return Recorded(fresh[ref], is_new=True, trace=draft.trace, earned=tuple(earned.get(ref, ())))
    activity_id, content = stored[ref] if ref in stored else (fresh[ref], first.content)
    if content != draft.content:
        words = _("This reference stands for an activity with other content.")
        return Recorded(None, refusal=DuplicateReference("duplicate_reference", words, field="source_ref"))
    return Recorded(activity_id, trace=draft.trace)
