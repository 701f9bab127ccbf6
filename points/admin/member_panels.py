"""What the member's page shows of points: wallets, lots in spending order, statement, adjustments."""

from datetime import datetime

from django.utils.translation import gettext as _

from common.admin import Act, Panel, list_address, page_link
from members.admin.panels import member_panel
from members.models import Member
from points.admin.adjustment import adjust_address
from points.admin.journal import told_posting
from points.admin.moments import moment
from points.models import AdjustmentRequest, Lot, Posting, Wallet
from points.selectors.balances import wallet_summaries
from points.selectors.open_lots import open_lots
from points.selectors.statements import statement
from points.services.approvals import ASK_ADJUSTMENT

LOTS_SHOWN = 20
POSTINGS_SHOWN = 20
ADJUSTMENTS_SHOWN = 10


@member_panel(place=10)
def wallets_panel(member: Member, at: datetime) -> Panel:
    """A line a wallet."""
    rows = [
        (
            summary.program,
            f"{summary.balance:,}",
            f"{summary.available:,}",
            f"{summary.pending:,}",
            f"{summary.held:,}",
            f"{summary.kept_for_debt:,}",
            f"{summary.debt:,}",
            f"{summary.expired_unswept:,}",
            _("%(points)s by %(day)s") % {"points": f"{summary.soon_points:,}", "day": summary.last_valid_on}
            if summary.soon_points
            else "—",
        )
        for summary in wallet_summaries(member_id=member.pk, at=at)
    ]
    return Panel(
        title=_("Wallets"),
        headers=[
            _("program"),
            _("balance"),
            _("available"),
            _("pending"),
            _("held"),
            _("kept for debt"),
            _("debt"),
            _("expired, not yet swept"),
            _("expiring within 30 days"),
        ],
        rows=rows,
        note=_("balance = available + pending + held + kept for debt + expired, not yet swept − debt"),
        more=list_address(Wallet, member__id__exact=member.pk),
        right=frozenset({1, 2, 3, 4, 5, 6, 7}),
        act=Act(_("Adjust points"), adjust_address(member=member.number), ASK_ADJUSTMENT),
    )


@member_panel(place=20)
def lots_panel(member: Member, at: datetime) -> Panel:
    """The open lots, first to be spent first."""
    rows = [
        (
            lot.program,
            page_link(Lot, lot.pk, str(lot.pk)[-8:]),
            f"{lot.remaining:,}",
            f"{lot.points:,}",
            moment(lot.expires_at) or _("never"),
            _pending(lot, at),
            lot.issuer,
            moment(lot.earned_at),
        )
        for lot in open_lots(member_id=member.pk)[:LOTS_SHOWN]
    ]
    return Panel(
        title=_("Lots, in the order in which they will be spent"),
        headers=[
            _("program"),
            _("lot"),
            _("remaining"),
            _("of"),
            _("expires"),
            _("state"),
            _("issuing unit"),
            _("earned"),
        ],
        rows=rows,
        note=_("The first %(count)d. Soonest expiry first, never last; ties by age.") % {"count": LOTS_SHOWN},
        more=list_address(Lot, member__id__exact=member.pk),
        right=frozenset({2, 3}),
    )


@member_panel(place=30)
def statement_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- the shape of every panel maker
    """The latest postings."""
    rows = [
        (
            moment(posting.occurred_at),
            page_link(Posting, posting.pk, told_posting(posting)),
            posting.unit,
            _moved(posting),
            posting.actor,
        )
        for posting in statement(member_id=member.pk)[:POSTINGS_SHOWN]
    ]
    return Panel(
        title=_("Statement"),
        headers=[_("happened"), _("posting"), _("business unit"), _("points moved"), _("by")],
        rows=rows,
        note=_("The latest %(count)d.") % {"count": POSTINGS_SHOWN},
        more=list_address(Posting, member__id__exact=member.pk),
    )


@member_panel(place=40)
def adjustments_panel(member: Member, at: datetime) -> Panel:  # noqa: ARG001 -- the shape of every panel maker
    """The latest adjustments by hand, waiting or decided."""
    asked = AdjustmentRequest.objects.filter(member=member).select_related("program", "unit", "asked_by")
    rows = [
        (
            moment(request.asked_at),
            page_link(AdjustmentRequest, request.pk, request),
            request.unit,
            request.get_category_display(),
            request.get_state_display(),
            request.asked_by,
        )
        for request in asked.order_by("-asked_at", "-id")[:ADJUSTMENTS_SHOWN]
    ]
    return Panel(
        title=_("Adjustments"),
        headers=[_("asked"), _("adjustment"), _("business unit"), _("reason"), _("state"), _("asked by")],
        rows=rows,
        note=_("The latest %(count)d.") % {"count": ADJUSTMENTS_SHOWN},
        more=list_address(AdjustmentRequest, member__id__exact=member.pk),
    )


def _pending(lot: Lot, at: datetime) -> str:
    if lot.expires_at is not None and lot.expires_at <= at:
        return _("Expired")
    return _("Pending") if lot.available_at > at else _("Available")


def _moved(posting: Posting) -> str:
    """+20 MALL, or −600 MALL, −200 HOTEL."""
    return ", ".join(f"{entry.points:+,} {entry.program.code}" for entry in posting.entries.all())
