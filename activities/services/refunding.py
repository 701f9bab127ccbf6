"""Record refunds and take back, pro rata, what the refunded sales earned."""

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from activities.models import Activity, ActivityKind
from activities.rules.earning import BaseRate
from activities.rules.reading import ReportRefused
from activities.rules.refunds import points_to_take_back
from activities.services.rows import (
    Draft,
    Recorded,
    StoredActivity,
    insert_activities,
    other_content,
    posting_ref_of,
    stored_activities,
)
from points.models import Posting, PostingKind, Program, ReversalPolicy
from points.refusals import InsufficientPoints
from points.services.reversal import Refund, reverse_accruals
from units.models import BusinessUnit

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Refund:
    """A refund that fits its sale, of which `before` was refunded before it."""

    draft: Draft
    sale: Activity
    before: Decimal


class _OvertakenError(Exception):
    """Another import wrote a reference while we waited for its insert; nothing of the batch stands."""


def record_refunds(
    *,
    unit: BusinessUnit,
    drafts: Sequence[Draft],
    rates: Sequence[BaseRate],
    by: str,
    at: datetime,
    is_generated: bool = False,
) -> dict[str, Recorded]:
    """Record each refund, in order, and reverse its share of what the sale earned. By reference.

    Runs in the caller's transaction; a refused one leaves the others alone. The points come from the sale's
    own lot, then from others, then as the program's policy says (see points/services/reversal.py).
    """
    if not drafts:
        return {}
    batch = _Batch(unit, {rate.program_id: rate.program for rate in rates}, by, at, is_generated)
    sales = _locked_sales(unit, {draft.report.refund_of for draft in drafts})
    refunded = _refunded_before(unit, sales)
    stored = stored_activities(unit, {draft.report.source_ref for draft in drafts})
    if not _may_refuse(batch):
        try:
            return _told(batch, drafts, sales, refunded.copy(), stored, is_alone=False)
        except _OvertakenError:
            logger.info("refunds of %s were overtaken by another import: one by one", unit.code)
    return _told(batch, drafts, sales, refunded, stored, is_alone=True)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What all refunds of a call share; `programs` are those that its unit's rules earn in, id → code."""

    unit: BusinessUnit
    programs: dict[int, str]
    by: str
    at: datetime
    is_generated: bool


def _may_refuse(batch: _Batch) -> bool:
    """A program may refuse to take back what is spent; the refund is then not recorded."""
    programs = Program.objects.filter(pk__in=batch.programs)
    return programs.filter(reversal_policy=ReversalPolicy.REFUSE).exists()


def _told(
    batch: _Batch,
    drafts: Sequence[Draft],
    sales: dict[str, Activity],
    refunded: defaultdict[str, Decimal],
    stored: dict[str, StoredActivity],
    *,
    is_alone: bool,
) -> dict[str, Recorded]:
    """What becomes of each refund: all that fit in one pass, or each by itself, where one may be refused."""
    told: dict[str, Recorded] = {}
    together: list[_Refund] = []
    for draft in drafts:
        report = draft.report
        sale = sales.get(report.refund_of)
        try:
            # An empty reference means the sale's own member.
            mine = _fitting(draft, sale)
            if report.source_ref in stored:
                earlier = stored[report.source_ref]
                if earlier.content != mine.content:
                    raise other_content()
                told[report.source_ref] = Recorded(earlier.activity_id)
                continue
            assert sale is not None, "a fitting refund has a sale"
            refund = _Refund(mine, sale, refunded[sale.source_ref])
            _refuse_excess(refund)
            if is_alone:
                told |= _recorded_alone(batch, refund)
            else:
                together.append(refund)
            refunded[sale.source_ref] += report.amount
        except ReportRefused as refusal:
            told[report.source_ref] = Recorded(None, refusal=refusal)
    return told | _recorded(batch, together)


def _locked_sales(unit: BusinessUnit, refs: set[str]) -> dict[str, Activity]:
    """The sales, locked in the order of references: refunds of one sale come one after the other."""
    found = Activity.objects.filter(unit=unit, source_ref__in=refs).exclude(kind=ActivityKind.REFUND)
    return {sale.source_ref: sale for sale in found.order_by("source_ref").select_for_update(no_key=True)}


def _refunded_before(unit: BusinessUnit, refs: dict[str, Activity]) -> defaultdict[str, Decimal]:
    """What was refunded of each sale, read after its lock."""
    refunds = Activity.objects.filter(unit=unit, kind=ActivityKind.REFUND, refund_of__in=refs)
    sums = refunds.values_list("refund_of").annotate(Sum("amount"))
    return defaultdict(Decimal, sums)


def _fitting(draft: Draft, sale: Activity | None) -> Draft:
    """The refund as one of the sale's member.

    :raises ReportRefused: it does not fit the sale, or there is none
    """
    if sale is None:
        words = _("The unit has reported no such sale: import it first.")
        raise ReportRefused("unknown_refund_of", words, field="refund_of")
    if draft.member_id not in (None, sale.member_id):
        words = _("The sale is another member's.")
        raise ReportRefused("other_member", words, field="member_ref")
    if draft.report.occurred_at < sale.occurred_at:
        raise ReportRefused("refund_before_sale", _("It lies before the sale."), field="occurred_at")
    return replace(draft, member_id=sale.member_id)


def _refuse_excess(refund: _Refund) -> None:
    if refund.before + refund.draft.report.amount > refund.sale.amount:
        words = _("More than the sale's %(amount)s would be refunded.") % {"amount": refund.sale.amount}
        raise ReportRefused("refund_exceeds_sale", words, field="amount")


def _recorded_alone(batch: _Batch, refund: _Refund) -> dict[str, Recorded]:
    try:
        return _recorded(batch, [refund])
    except _OvertakenError as overtaken:
        raise other_content() from overtaken
    except InsufficientPoints as short:
        words = _("The points are spent, and the program refuses such refunds.")
        raise ReportRefused("insufficient_points", words, field="refund_of") from short


@transaction.atomic
def _recorded(batch: _Batch, refunds: Sequence[_Refund]) -> dict[str, Recorded]:
    """Write the refunds and take back their points, in three statements however many they are. By reference.

    All or nothing.

    :raises _OvertakenError: a reference has been written meanwhile
    :raises InsufficientPoints: a program refuses to take back what is spent
    """
    if not refunds:
        return {}
    drafts = sorted((refund.draft.report.source_ref, refund.draft) for refund in refunds)
    fresh = insert_activities(batch.unit, drafts, by=batch.by, at=batch.at, is_generated=batch.is_generated)
    if len(fresh) < len(refunds):
        raise _OvertakenError
    asked = _shares(batch, refunds)
    reversals = [reversal for _ref, reversal in asked]
    for answer in reverse_accruals(refunds=reversals, by=batch.by, at=batch.at):
        answer.or_refuse()
    taken_back: Counter[str] = Counter()
    for ref, reversal in asked:
        taken_back[ref] += reversal.points
    return {ref: Recorded(fresh[ref], is_new=True, taken_back=taken_back[ref]) for ref in fresh}


def _shares(batch: _Batch, refunds: Sequence[_Refund]) -> list[tuple[str, Refund]]:
    """What each refund takes back of each accrual of its sale, with the refund's reference."""
    sales = {refund.sale.source_ref for refund in refunds}
    refs = [posting_ref_of(program, sale) for sale in sales for program in batch.programs.values()]
    accruals = Posting.objects.filter(unit=batch.unit, kind=PostingKind.ACCRUAL, source_ref__in=refs)
    earned = {accrual.source_ref: accrual for accrual in accruals.select_related("program")}
    shares = []
    for refund in refunds:
        report = refund.draft.report
        for _pk, program in sorted(batch.programs.items()):
            accrual = earned.get(posting_ref_of(program, refund.sale.source_ref))
            points = accrual and points_to_take_back(
                earned=accrual.points,
                amount=refund.sale.amount,
                refunded_before=refund.before,
                refunded_after=refund.before + report.amount,
            )
            if accrual and points:
                share = Refund(accrual, points, posting_ref_of(program, report.source_ref))
                shares.append((report.source_ref, share))
    return shares
