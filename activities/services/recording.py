"""Take in what members did: one path for the bulk import and the partner API, set-based throughout."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from activities.models import Activity, ActivityLine
from activities.rules.earn_book import Book
from activities.rules.earn_facts import Outcome
from activities.rules.earn_plan import assess
from activities.rules.postings import Earned
from activities.rules.reading import ActivityReport, ReportRefused
from activities.selectors.people import People, Segments
from activities.selectors.reference import Reference, reference_now
from activities.services.assessing import deed_recorded, deed_reported
from activities.services.earning import Fresh, earn
from activities.services.refunding import record_refunds
from activities.services.rows import (
    Draft,
    Recorded,
    StoredActivity,
    insert_activities,
    other_content,
    stored_activities,
)
from activities.services.tier_credits import credit_recorded
from activities.services.waiting import keep_waiting, lock_arrivals, new_refs, settle_waiting
from common.clock import Stopwatch
from common.input import POINTS_MAX
from members.selectors.members import Found, members_by_ids, members_by_refs
from points.refusals import UnitNotActive
from units.models import BusinessUnit


def record_activities(
    *,
    unit: BusinessUnit,
    reports: Sequence[ActivityReport],
    by: str,
    at: datetime,
    is_generated: bool = False,
    watch: Stopwatch | None = None,
    segments: Segments | None = None,
    reference: Reference | None = None,
) -> list[Recorded]:
    """Record activities at `unit` and post what they earn. One answer for each report, in order.

    Runs in the caller's transaction; a refused report leaves the others alone. A reference of the unit stands
    for one activity: the same content again is already there, other content is refused. An activity of a
    frozen or closed member, or of nobody, is recorded and earns nothing. A refund takes back points pro rata.
    `segments` are those of members that no table of ours knows, for the rules that ask; `reference` is what
    the transaction has seen of it, where it has looked already.

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
        reference = reference or reference_now()
        book = reference.book_of(unit)
        judged = _judged(reports, members, book, segments)
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
        earned = earn(unit=unit, fresh=_earning(sales, fresh), by=by, at=at, reference=reference)
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
            unit=unit,
            sale_ids=fresh.values(),
            refund_ids=[pk for pk in refund_ids if pk],
            by=by,
            at=at,
            reference=reference,
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


def earn_claimed(*, sale: Activity, by: str, at: datetime) -> None:
    """Post what a sale earns that has just become a member's, by the rules in force when it happened.

    Runs in the transaction of the claim.
    """
    assert sale.member is not None, "who claims is a member"
    reference = reference_now()
    book = reference.book_of(sale.unit)
    lines = ActivityLine.objects.filter(activity=sale).order_by("number") if sale.lines_sha256 else ()
    people = People.asked_by(book, [sale.member.pk])
    person = people.person(sale.member.pk, sale.member.status, sale.occurred_at)
    deed = deed_recorded(sale, person, lines)
    outcome = assess(book, deed)
    _refuse_too_many(outcome)
    earn(
        unit=sale.unit,
        fresh=[Fresh(sale.pk, sale.source_ref, sale.member.pk, deed, outcome)],
        by=by,
        at=at,
        reference=reference,
    )


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


def _judged(
    reports: Sequence[ActivityReport],
    members: dict[str | UUID, Found],
    book: Book,
    segments: Segments | None,
) -> list[Draft | ReportRefused]:
    """What each report means by itself: whose it is and what it would earn."""
    people = People.asked_by(book, {member_id for member_id, _status in members.values()}, segments)
    judged: list[Draft | ReportRefused] = []
    for report in reports:
        who = report.member_id or report.member_ref
        found = members.get(who) if who else None
        if who and found is None:
            words = _("The unit knows no member by this card, number or phone.")
            judged.append(ReportRefused("unknown_member", words, field="member_ref"))
        elif found is None or not report.may_earn:
            judged.append(Draft(report, found[0] if found else None))
        else:
            member_id, status = found
            deed = deed_reported(report, people.person(member_id, status, report.occurred_at))
            outcome = assess(book, deed)
            try:
                _refuse_too_many(outcome)
            except ReportRefused as refusal:
                judged.append(refusal)
            else:
                judged.append(Draft(report, member_id, deed, outcome))
    return judged


def _refuse_too_many(outcome: Outcome) -> None:
    if any(parcel.points > POINTS_MAX for parcel in outcome.parcels):
        words = _("It would earn more than %(max)s points.") % {"max": POINTS_MAX}
        raise ReportRefused("points_out_of_range", words, field="amount")


def _earning(sales: Mapping[str, Draft], fresh: Mapping[str, UUID]) -> list[Fresh]:
    """The new ones that may earn, in the order of references."""
    earning = []
    for ref in sorted(fresh):
        draft = sales[ref]
        if draft.member_id is not None and draft.deed is not None and draft.outcome is not None:
            earning.append(Fresh(fresh[ref], ref, draft.member_id, draft.deed, draft.outcome))
    return earning


def _told(
    draft: Draft,
    stored: StoredActivity | None,
    fresh_id: UUID | None,
    earned: Sequence[Earned],
    taken_back: int,
) -> Recorded:
    """What became of a sale."""
    if stored is None:
        return Recorded(fresh_id, is_new=True, earned=tuple(earned), taken_back=taken_back)
    if not stored.is_told_by(draft):
        return Recorded(None, refusal=other_content())
    return Recorded(stored.activity_id)


def _answer(draft: Draft, first: Draft, told: Recorded) -> Recorded:
    """What became of one report: of several with one reference, the first is the one recorded."""
    if draft is first or told.refusal is not None:
        return told
    if draft.content != first.content:
        return Recorded(None, refusal=other_content())
    return Recorded(told.activity_id)
