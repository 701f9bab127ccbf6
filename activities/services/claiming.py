"""A member claims an anonymous sale with the receipt: once in the group, within the unit's days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as text
from django.utils.translation import gettext_lazy as _

from activities.models import CLAIM_DAYS, Activity, ActivityKind, ActivityLine, ClaimTerms
from activities.rules.lines import LineReport
from activities.rules.reading import KINDS, ActivityReport
from activities.selectors.activity_points import PointsMoved, points_moved_by
from activities.selectors.reference import reference_now
from activities.services.recording import earn_claimed
from activities.services.refunding import due_shares, take_back
from activities.services.sold import sold_under
from activities.services.tier_credits import credit_recorded
from common.errors import DomainError, NotFound
from members.models import Member, MemberStatus
from members.selectors.aliases import ids_of, survivor_of
from points.refusals import MemberNotActive, UnitNotActive
from units.models import BusinessUnit


class ReceiptNotFound(NotFound):
    """The reference, the outlet and the amount together name no receipt of the unit."""

    code = "receipt_not_found"
    title = _("There is no such receipt. Check its number, the shop and the amount.")


class ReceiptClaimed(DomainError):
    """The sale has its member: it was claimed, or reported as somebody's."""

    code = "receipt_claimed"
    title = _("This receipt has earned its points already.")


class ReceiptRefunded(DomainError):
    """All of it was given back."""

    code = "receipt_refunded"
    title = _("This receipt was refunded.")


class ClaimTooLate(DomainError):
    """The unit's days to claim are over. Facts: `days`."""

    code = "claim_too_late"
    title = _("It is too late to claim this receipt.")


@dataclass(frozen=True, slots=True)
class ReceiptShown:
    """What a member reads off a receipt. All of it must be right: it is the proof."""

    source_ref: str
    outlet: str | None
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """The sale as the member's, and what it earned."""

    activity: Activity
    is_new: bool
    points: tuple[PointsMoved, ...]


@transaction.atomic
def claim_receipt(
    *, unit: BusinessUnit, receipt: ReceiptShown, member: Member, by: str, at: datetime
) -> Claimed:
    """Make an anonymous sale the member's, and post what it earns by the rules in force when it happened.

    What was refunded of it since is taken back at once, so that the end is as if the member had been known at
    the till. Safe to retry: the same member hears of the first claim.

    :raises ReceiptNotFound: reference, outlet and amount name no receipt of the unit
    :raises ReceiptClaimed: it has a member already
    :raises ReceiptRefunded: nothing of it stands
    :raises ClaimTooLate: the unit's days to claim are over
    :raises MemberNotActive: the member is frozen or closed
    :raises UnitNotActive: the unit takes no part at present
    """
    return _claim(_shown(unit, receipt), member=member, reason="", by=by, at=at)


@transaction.atomic
def claim_for_member(*, activity_id: UUID, member: Member, reason: str, by: str, at: datetime) -> Claimed:
    """The same by an operator who holds the receipt in their hands; `reason` is kept with the sale.

    :raises ReceiptNotFound: it is a refund or return
    :raises ReceiptClaimed: it has a member already
    :raises ReceiptRefunded: nothing of it stands
    :raises ClaimTooLate: the unit's days to claim are over
    :raises MemberNotActive: the member is frozen or closed
    :raises UnitNotActive: the unit takes no part at present
    """
    found = Activity.objects.filter(pk=activity_id, kind__in=KINDS).select_related("unit", "outlet")
    sale = found.select_for_update(no_key=True, of=("self",)).first()
    if sale is None:
        raise ReceiptNotFound
    return _claim(sale, member=member, reason=reason, by=by, at=at)


def _claim(sale: Activity, *, member: Member, reason: str, by: str, at: datetime) -> Claimed:
    """Give the locked sale its member."""
    unit = sale.unit
    if not unit.is_active:
        raise UnitNotActive(text("%(unit)s is not active.") % {"unit": unit.code}, unit=unit.code)
    member = Member.objects.get(pk=survivor_of(member.pk))
    if sale.member_id is not None:
        if sale.claimed_at is not None and sale.member_id in ids_of(member.pk):
            return _told(sale, is_new=False)
        raise ReceiptClaimed
    if member.status != MemberStatus.ACTIVE:
        raise MemberNotActive(member=member.number, member_status=member.status)
    days = days_to_claim(unit)
    if at >= sale.occurred_at + timedelta(days=days):
        raise ClaimTooLate(days=days)
    if sale.amount and sale.refunded >= sale.amount:
        raise ReceiptRefunded
    sale.member, sale.claimed_at, sale.claimed_by, sale.reason = member, at, by, reason
    sale.save(update_fields=["member", "claimed_at", "claimed_by", "reason"])
    refunds = list(
        Activity.objects.filter(unit=unit, kind=ActivityKind.REFUND, refund_of=sale.source_ref).order_by(
            "occurred_at", "source_ref"
        )
    )
    Activity.objects.filter(pk__in=[refund.pk for refund in refunds]).update(member=member)
    earn_claimed(sale=sale, by=by, at=at)
    _take_back_for(unit, sale, refunds, at=at)
    credit_recorded(
        unit=unit,
        sale_ids=[sale.pk],
        refund_ids=[refund.pk for refund in refunds],
        by=by,
        at=at,
        reference=reference_now(),
    )
    return _told(sale, is_new=True)


def days_to_claim(unit: BusinessUnit) -> int:
    """How long the unit's receipts may be claimed; 0: never."""
    days = ClaimTerms.objects.filter(unit=unit).values_list("days", flat=True).first()
    return CLAIM_DAYS if days is None else days


def _shown(unit: BusinessUnit, receipt: ReceiptShown) -> Activity:
    """The sale, locked: of two who claim it at once, the second finds the first one's."""
    found = Activity.objects.filter(
        unit=unit,
        source_ref=receipt.source_ref,
        kind__in=KINDS,
        amount=receipt.amount,
        currency=receipt.currency,
    )
    sale = found.select_for_update(no_key=True, of=("self",)).select_related("outlet").first()
    if sale is None or (sale.outlet.code if sale.outlet else None) != receipt.outlet:
        raise ReceiptNotFound
    sale.unit = unit
    return sale


def _take_back_for(unit: BusinessUnit, sale: Activity, refunds: Sequence[Activity], *, at: datetime) -> None:
    """Reverse for each refund that came before the claim, in order, what it takes."""
    if not refunds:
        return
    lines = _lines_by_refund(refunds)
    as_sold = sold_under(unit, [sale.source_ref])[sale.source_ref]
    sold = replace(
        as_sold,
        refunded=Decimal("0.00"),
        is_returned=False,
        lines={number: replace(line, refunded=Decimal("0.00")) for number, line in as_sold.lines.items()},
    )
    for refund in refunds:
        after = sold.after(_as_report(refund, lines.get(refund.source_ref, ())))
        shares = due_shares(sold, after)
        take_back(refunds=[(refund.source_ref, shares)], by=refund.reported_by or sale.claimed_by, at=at)
        sold = after.having_taken(shares)


def _lines_by_refund(refunds: Sequence[Activity]) -> dict[str, tuple[LineReport, ...]]:
    named = {refund.pk: refund.source_ref for refund in refunds if refund.lines_sha256}
    found: dict[str, tuple[LineReport, ...]] = {}
    for line in ActivityLine.objects.filter(activity_id__in=named).order_by("activity_id", "number"):
        ref = named[line.activity_id]
        found[ref] = (*found.get(ref, ()), LineReport(line.number, line.amount))
    return found


def _as_report(refund: Activity, lines: tuple[LineReport, ...]) -> ActivityReport:
    return ActivityReport(
        source_ref=refund.source_ref,
        kind=refund.kind,
        member_ref=None,
        outlet_id=None,
        occurred_at=refund.occurred_at,
        amount=refund.amount,
        currency=refund.currency,
        refund_of=refund.refund_of,
        lines=lines,
    )


def _told(sale: Activity, *, is_new: bool) -> Claimed:
    return Claimed(sale, is_new, tuple(points_moved_by([sale])[sale.pk]))
