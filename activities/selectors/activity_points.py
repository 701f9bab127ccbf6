"""What activities earned and lost again: their postings, found without knowing by which rules they came."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, Sum

from activities.models import Activity
from activities.rules.postings import posting_ref_read
from activities.rules.reading import TAKING
from points.models import Posting, PostingKind


@dataclass(frozen=True, slots=True)
class PointsMoved:
    """Points that an activity gave (or, of a refund, took: negative) in one program by one posting."""

    program: str
    points: int
    posting_id: UUID
    rule: str


def postings_of(sales: Collection[Activity]) -> dict[UUID, list[Posting]]:
    """What each sale earned: its accruals, oldest first, whatever rules and lots they came by.

    Found by whose they are and when they happened, which has an index; their reference then says which.
    """
    found: dict[UUID, list[Posting]] = {sale.pk: [] for sale in sales}
    mine = {
        (sale.unit_id, sale.member_id, sale.occurred_at, sale.source_ref): sale.pk
        for sale in sales
        if sale.member_id
    }
    if not mine:
        return found
    accruals = Posting.objects.filter(
        member_id__in={member for _unit, member, _at, _ref in mine},
        occurred_at__in={at for _unit, _member, at, _ref in mine},
        kind=PostingKind.ACCRUAL,
        source_ref__startswith="activity:",
    )
    for posting in accruals.select_related("program").order_by("id"):
        ref = _activity_ref(posting)
        sale_id = mine.get((posting.unit_id, posting.member_id, posting.occurred_at, ref))
        if sale_id is not None:
            found[sale_id].append(posting)
    return found


def taken_of(posting_ids: Collection[UUID]) -> dict[UUID, int]:
    """What was reversed of each posting, by whatever reference."""
    if not posting_ids:
        return {}
    sums = Posting.objects.filter(reverses__in=posting_ids).values_list("reverses").annotate(Sum("points"))
    return {reverses: points for reverses, points in sums if reverses is not None}


def points_moved_by(activities: Collection[Activity]) -> dict[UUID, list[PointsMoved]]:
    """What each activity gave, and each refund took back. At most four queries, however many."""
    refunds = {(one.unit_id, one.source_ref): one for one in activities if one.kind == "refund"}
    sales = {(one.unit_id, one.source_ref): one for one in activities if one.kind not in TAKING}
    absent = {(one.unit_id, one.refund_of) for one in refunds.values()} - sales.keys()
    if absent:
        named = Q()
        for unit_id in {unit_id for unit_id, _ref in absent}:
            named |= Q(unit_id=unit_id, source_ref__in=[ref for unit, ref in absent if unit == unit_id])
        sales |= {(one.unit_id, one.source_ref): one for one in Activity.objects.filter(named)}
    given = postings_of(list(sales.values()))
    accruals = {posting.pk: posting for postings in given.values() for posting in postings}
    moved: defaultdict[UUID, list[PointsMoved]] = defaultdict(list)
    for sale_id, postings in given.items():
        moved[sale_id] += [PointsMoved(p.program.code, p.points, p.pk, p.rule) for p in postings]
    if refunds and accruals:
        reversals = Posting.objects.filter(reverses__in=list(accruals), kind=PostingKind.REVERSAL)
        for posting in reversals.order_by("id"):
            refund = refunds.get((posting.unit_id, _activity_ref(posting)))
            if refund is not None and posting.reverses is not None:
                program = accruals[posting.reverses].program.code
                moved[refund.pk].append(PointsMoved(program, -posting.points, posting.pk, posting.rule))
    return moved


def _activity_ref(posting: Posting) -> str:
    """`S1` of `activity:MALL:S1`; empty of what no activity caused."""
    ref = posting_ref_read(posting.source_ref)
    return ref.source_ref if ref is not None else ""
