"""Record refunds, whole, by line or by amount, and take back what the refunded sales earned for them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from activities.rules.reading import ReportRefused
from activities.rules.refunds import kept_of, taken_from
from activities.services.rows import (
    Draft,
    Recorded,
    StoredActivity,
    insert_activities,
    other_content,
    stored_activities,
)
from activities.services.settling import Touched, settle
from activities.services.sold import Sold, sold_under
from members.selectors.merges import ever_one_with
from points.models import Posting, ReversalPolicy
from points.refusals import InsufficientPoints
from points.services.reversal import Refund, reverse_accruals
from units.models import BusinessUnit

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Refund:
    """A refund that fits its sale, and what it takes back of each posting of it."""

    draft: Draft
    sale: Sold
    shares: tuple[tuple[Posting, int], ...]


class _OvertakenError(Exception):
    """Another import wrote a reference while we waited for its insert; nothing of the batch stands."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """What all refunds of a call share."""

    unit: BusinessUnit
    by: str
    at: datetime
    is_generated: bool


def record_refunds(
    *, unit: BusinessUnit, drafts: Sequence[Draft], by: str, at: datetime, is_generated: bool = False
) -> dict[str, Recorded]:
    """Record each refund whose sale is known, in order, and reverse its share of what the sale earned.

    By reference; those whose sale is unknown are missing from the answer: they are for
    `activities/services/waiting.py`. Runs in the caller's transaction; a refused one leaves the others alone.
    The points come from the sale's own lot, then from others, then as the program's policy says (see
    points/services/reversal.py).
    """
    if not drafts:
        return {}
    batch = _Batch(unit, by, at, is_generated)
    refs = {draft.report.refund_of for draft in drafts}
    sales = sold_under(unit, refs)
    stored = stored_activities(unit, {draft.report.source_ref for draft in drafts} | refs - sales.keys())
    if not _may_refuse(sales):
        try:
            return _told(batch, drafts, dict(sales), stored, is_alone=False)
        except _OvertakenError:
            logger.info("refunds of %s were overtaken by another import: one by one", unit.code)
    return _told(batch, drafts, sales, stored, is_alone=True)


def _may_refuse(sales: dict[str, Sold]) -> bool:
    """A program may refuse to take back what is spent; the refund is then not recorded."""
    policies = {given.program.reversal_policy for sale in sales.values() for given in sale.given}
    return ReversalPolicy.REFUSE in policies


def _told(
    batch: _Batch,
    drafts: Sequence[Draft],
    sales: dict[str, Sold],
    stored: dict[str, StoredActivity],
    *,
    is_alone: bool,
) -> dict[str, Recorded]:
    """What becomes of each refund: all that fit in one pass, or each by itself, where one may be refused."""
    told: dict[str, Recorded] = {}
    together: list[_Refund] = []
    known = stored.keys() | {draft.report.source_ref for draft in drafts}
    for draft in drafts:
        report = draft.report
        try:
            sale = sales.get(report.refund_of)
            if sale is None and report.refund_of not in known:
                if report.source_ref in stored:
                    raise other_content()
                continue
            # An empty reference means the sale's own member.
            mine = _fitting(draft, sale)
            assert sale is not None, "a fitting refund has a sale"
            if report.source_ref in stored:
                told[report.source_ref] = _again(mine, stored[report.source_ref], sale)
                continue
            mine = replace(mine, report=sale.resolved(mine.report))
            after = sale.after(mine.report)
            refund = _Refund(mine, sale, due_shares(sale, after))
            if is_alone:
                told |= _recorded_alone(batch, refund)
            else:
                together.append(refund)
            sales[report.refund_of] = after.having_taken(refund.shares)
        except ReportRefused as refusal:
            told[report.source_ref] = Recorded(None, refusal=refusal)
    return told | _recorded(batch, together)


def _fitting(draft: Draft, sale: Sold | None) -> Draft:
    """The refund as one of the sale's member.

    :raises ReportRefused: it does not fit the sale, or what it names is none
    """
    if sale is None:
        words = _("What it names is no sale, but a refund or return itself.")
        raise ReportRefused("unknown_refund_of", words, field="refund_of")
    if draft.member_id not in (None, sale.member_id) and not _is_one(draft.member_id, sale.member_id):
        words = _("The sale is another member's.")
        raise ReportRefused("other_member", words, field="member_ref")
    if draft.report.occurred_at < sale.occurred_at:
        raise ReportRefused("refund_before_sale", _("It lies before the sale."), field="occurred_at")
    return replace(draft, member_id=sale.member_id)


def _is_one(told: UUID | None, sold_to: UUID | None) -> bool:
    """A sale made before a merge, or while one stood, is the same person's under another id."""
    return told is not None and sold_to is not None and sold_to in ever_one_with(told)


def _again(mine: Draft, earlier: StoredActivity, sale: Sold) -> Recorded:
    """A refund that was recorded before. What it left open then (the whole) is what came of it.

    :raises DuplicateReference: it says something else
    """
    said = replace(mine, report=sale.described(mine.report))
    same = earlier.content == said.content
    if mine.report.is_whole:
        same = earlier.besides_amounts == said.besides_amounts
    if not same:
        raise other_content()
    return Recorded(earlier.activity_id)


def due_shares(before: Sold, after: Sold) -> tuple[tuple[Posting, int], ...]:
    """What of each posting is due back, now that `after` is how the sale stands, and was not taken before.

    Nothing of a sale that shares caps: what it loses others may get, which services/settling.py settles.
    """
    if before.needs_history:
        return ()
    shares: list[tuple[Posting, int]] = []
    for program_id in sorted({given.program_id for given in before.given}):
        given = [posting for posting in before.given if posting.program_id == program_id]
        earned = sum(posting.points for posting in given)
        taken = sum(before.taken[posting.pk] for posting in given)
        due = earned - kept_of(earned, after.share_left(program_id)) - taken
        parts = taken_from([(posting.points, before.taken[posting.pk]) for posting in given], due)
        shares += [(posting, part) for posting, part in zip(given, parts, strict=True) if part]
    return tuple(shares)


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
    """Write the refunds and take back their points, in a few statements however many they are. By reference.

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
    take_back(
        refunds=[(one.draft.report.source_ref, one.shares) for one in refunds], by=batch.by, at=batch.at
    )
    settled = _settled(batch, refunds)
    return {
        ref: Recorded(
            fresh[ref], is_new=True, taken_back=settled.get(ref, sum(points for _p, points in refund.shares))
        )
        for refund in refunds
        for ref in [refund.draft.report.source_ref]
    }


def _settled(batch: _Batch, refunds: Sequence[_Refund]) -> dict[str, int]:
    """Settle the sales that share caps. Points taken back, by the refund's reference: of several the last."""
    touched = {
        one.sale.activity_id: Touched(one.sale.activity_id, one.sale.member_id, one.draft.report.source_ref)
        for one in refunds
        if one.sale.needs_history and one.sale.member_id is not None
    }
    settled = settle(touched=list(touched.values()), by=batch.by, at=batch.at)
    return {one.cause: settled.taken_back.get(one.activity_id, 0) for one in touched.values()}


def take_back(*, refunds: Sequence[tuple[str, Sequence[tuple[Posting, int]]]], by: str, at: datetime) -> None:
    """Reverse so many points of each posting, under the refund's reference beside the posting's own label.

    :raises InsufficientPoints: a program refuses to take back what is spent
    """
    asked = [
        Refund(posting, points, refund_posting_ref(posting, source_ref))
        for source_ref, shares in refunds
        for posting, points in shares
    ]
    for answer in reverse_accruals(refunds=asked, by=by, at=at):
        answer.or_refuse()


def refund_posting_ref(posting: Posting, refund_ref: str) -> str:
    """`activity:MALL:F1` for what refund F1 takes back of `activity:MALL:S1`."""
    label = posting.source_ref.split(":", 2)[1]
    return f"activity:{label}:{refund_ref}"
