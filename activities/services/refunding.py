"""Record refunds and take back, pro rata, what the refunded sales earned."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
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
    insert_activities,
    other_content,
    posting_ref_of,
    stored_activities,
)
from points.models import Posting, PostingKind
from points.refusals import InsufficientPoints
from points.services.reversal import reverse_accrual
from units.models import BusinessUnit


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
    sales = _locked_sales(unit, {draft.report.refund_of for draft in drafts})
    refunded = _refunded_before(unit, sales)
    stored = stored_activities(unit, {draft.report.source_ref for draft in drafts})
    told: dict[str, Recorded] = {}
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
            told[report.source_ref] = _refund(
                unit, mine, sale, refunded[sale.source_ref], rates, by=by, at=at, is_generated=is_generated
            )
            refunded[sale.source_ref] += report.amount
        except ReportRefused as refusal:
            told[report.source_ref] = Recorded(None, refusal=refusal)
    return told


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


def _refund(
    unit: BusinessUnit,
    draft: Draft,
    sale: Activity,
    refunded: Decimal,
    rates: Sequence[BaseRate],
    *,
    by: str,
    at: datetime,
    is_generated: bool,
) -> Recorded:
    report = draft.report
    after = refunded + report.amount
    if after > sale.amount:
        words = _("More than the sale's %(amount)s would be refunded.") % {"amount": sale.amount}
        raise ReportRefused("refund_exceeds_sale", words, field="amount")
    programs = {rate.program_id: rate.program for rate in rates}
    earned_under = {posting_ref_of(program, sale.source_ref): program for program in programs.values()}
    accruals = Posting.objects.filter(unit=unit, kind=PostingKind.ACCRUAL, source_ref__in=earned_under)
    taken_back = 0
    try:
        with transaction.atomic():
            fresh = insert_activities(unit, [(report.source_ref, draft)], at=at, is_generated=is_generated)
            if report.source_ref not in fresh:
                # Another import wrote it while we waited for the sale's lock.
                raise other_content()
            for accrual in accruals.order_by("program_id"):
                points = points_to_take_back(
                    earned=accrual.points,
                    amount=sale.amount,
                    refunded_before=refunded,
                    refunded_after=after,
                )
                if points:
                    reverse_accrual(
                        unit=unit,
                        accrual_ref=accrual.source_ref,
                        points=points,
                        source_ref=posting_ref_of(earned_under[accrual.source_ref], report.source_ref),
                        by=by,
                        at=at,
                    )
                taken_back += points
    except InsufficientPoints as short:
        words = _("The points are spent, and the program refuses such refunds.")
        raise ReportRefused("insufficient_points", words, field="refund_of") from short
    return Recorded(fresh[report.source_ref], is_new=True, taken_back=taken_back)
