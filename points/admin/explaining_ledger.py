"""What the pages that explain a wallet, a lot and a posting show."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.admin import Panel, list_address, page_link
from members.models import Member
from points.admin.documents import document_of
from points.admin.explaining import Told, explain_link, last_letters, sum_panel
from points.admin.grounds import grounds_panel
from points.admin.moments import moment
from points.models import AdjustmentCategory, Hold, Lot, Posting, PostingKind, Program, Wallet
from points.selectors.explaining import (
    BalanceExplanation,
    LotExplanation,
    PostingExplanation,
    balance_words,
    explain_balance,
    explain_lot,
    explain_posting,
    lot_words,
    posting_words,
)
from points.selectors.explaining.words import money, rule_told, signed

LOTS_SHOWN = 50
LOT_STATES = {
    "available": _("Available"),
    "pending": _("Pending"),
    "expired": _("Expired"),
    "spent": _("Used up"),
}


def wallet_told(wallet: Wallet, at: datetime) -> Told:
    """A balance, four ways, and its first lots."""
    explained = explain_balance(wallet=wallet, at=at)
    balance = explained.balance
    return Told(
        title=gettext("Why %(points)s") % {"points": f"{balance:,}"},
        headline=balance_words.headline(explained),
        facts=[
            (_("member"), page_link(Member, wallet.member_id, wallet.member.number)),
            (_("program"), _program(explained.program)),
            (_("wallet"), page_link(Wallet, wallet.pk, wallet.pk)),
        ],
        panels=[
            sum_panel(gettext("What can be done with the points"), balance_words.by_use(explained), balance),
            sum_panel(
                gettext("Lots, and what was drawn from them"), balance_words.by_lots(explained), balance
            ),
            sum_panel(gettext("Who gave what is left"), balance_words.by_origin(explained), balance),
            sum_panel(gettext("Everything that ever happened"), balance_words.by_history(explained), balance),
            _endings_panel(explained),
            _lots_panel(explained),
        ],
    )


def lot_told(lot: Lot, at: datetime) -> Told:
    """A lot's life."""
    explained = explain_lot(lot_id=lot.pk, at=at)
    lot, posting = explained.lot, explained.lot.posting
    facts: list[tuple[object, object]] = [
        (_("member"), page_link(Member, lot.member_id, lot.member.number)),
        (_("program"), _program(lot.program)),
        (_("state"), LOT_STATES[explained.state]),
        (_("earned"), explain_link(Posting, posting.pk, lot_words.birth_told(explained))),
        (_("source document"), document_of(posting)),
        (_("by"), posting.actor),
        (_("issuing unit"), lot.issuer),
        (_("cost per point"), money(lot.unit_cost, lot.program.currency)),
        (_("expires"), lot_words.expiry_told(explained)),
    ]
    if explained.renewed_by is not None:
        link = explain_link(Posting, explained.renewed_by.pk, _posting_words(explained.renewed_by))
        facts.append((_("renewed by"), link))
    return Told(
        title=gettext("Why %(points)s remain") % {"points": f"{lot.remaining:,}"},
        headline=lot_words.headline(explained),
        facts=facts,
        panels=[
            sum_panel(gettext("Given, drawn and put back"), lot_words.by_kind(explained), lot.remaining),
            _draws_panel(explained),
            *([_holds_panel(explained)] if explained.holds else []),
            *([_ancestors_panel(explained)] if explained.ancestors else []),
        ],
    )


def posting_told(posting: Posting) -> Told:
    """A posting taken apart."""
    explained = explain_posting(posting_id=posting.pk)
    posting = explained.posting
    return Told(
        title=_posting_words(posting),
        headline=posting_words.headline(explained),
        facts=_facts_of(explained),
        panels=[
            _wallets_panel(explained),
            *([grounds_panel(explained)] if explained.grounds else []),
            *([_conversions_panel(explained)] if explained.conversions else []),
            *([_owed_panel(explained)] if explained.owed else []),
            *([_drawn_panel(explained)] if explained.draws else []),
            *([_made_panel(explained)] if explained.lots else []),
            *([_reversals_panel(explained)] if explained.reversals else []),
        ],
    )


def _facts_of(explained: PostingExplanation) -> list[tuple[object, object]]:
    posting = explained.posting
    facts: list[tuple[object, object]] = [
        (_("member"), page_link(Member, posting.member_id, posting.member.number)),
        (_("posting"), page_link(Posting, posting.pk, last_letters(posting.pk))),
        (_("source document"), document_of(posting)),
        (_("source reference"), posting.source_ref),
        (_("by"), posting.actor),
        (_("rule and version"), rule_told(posting.rule) or "—"),
        (_("posted"), moment(posting.posted_at)),
    ]
    reason = (posting.detail or {}).get("reason")
    if reason:
        facts.append((_("reason"), _reason_told(posting, reason)))
    if explained.hold is not None:
        words = gettext("%(points)s held on %(when)s, %(captured)s captured") % {
            "points": f"{explained.hold.points:,}",
            "when": moment(explained.hold.held_at),
            "captured": f"{posting.points:,}",
        }
        facts.append((_("hold"), page_link(Hold, explained.hold.pk, words)))
    if explained.reverses is not None:
        words = _posting_words(explained.reverses)
        facts.append((_("reverses"), explain_link(Posting, explained.reverses.pk, words)))
    facts.append((_("digest"), bytes(posting.digest).hex()))
    return facts


def _reason_told(posting: Posting, reason: str) -> object:
    """An adjustment's reason is one of a list; any other kind's stands as it was given."""
    is_listed = posting.kind == PostingKind.ADJUSTMENT and reason in AdjustmentCategory.values
    return AdjustmentCategory(reason).label if is_listed else reason


def _endings_panel(explained: BalanceExplanation) -> Panel:
    return Panel(
        title=gettext("What dies when"),
        headers=[_("last day"), _("points"), _("lots"), _("issuing unit"), _("rule and version")],
        rows=[
            (
                ending.last_valid_on,
                f"{ending.points:,}",
                f"{ending.lots:,}",
                ending.issuer,
                rule_told(ending.rule) or "—",
            )
            for ending in explained.endings
        ],
        right=frozenset({1, 2}),
    )


def _lots_panel(explained: BalanceExplanation) -> Panel:
    lots = explained.lots.select_related("issuer", "posting")[:LOTS_SHOWN]
    return Panel(
        title=gettext("Lots, in the order in which they will be spent"),
        headers=[
            _("lot"),
            _("left"),
            _("of"),
            _("held"),
            _("state"),
            _("expires"),
            _("issuing unit"),
            _("earned by"),
            _("rule and version"),
        ],
        rows=[_standing_row(lot) for lot in lots],
        note=gettext("The first %(count)d. Soonest expiry first, never last; ties by age.")
        % {"count": LOTS_SHOWN},
        more=list_address(Lot, member__id__exact=explained.wallet.member_id, is_open__exact=1),
        right=frozenset({1, 2, 3}),
    )


def _standing_row(lot: Any) -> tuple[object, ...]:
    """Of `lots_standing`, whose rows carry what is left, reserved and the state."""
    return (
        explain_link(Lot, lot.pk, last_letters(lot.pk)),
        f"{lot.left:,}",
        f"{lot.points:,}",
        f"{lot.reserved:,}",
        LOT_STATES[lot.state],
        moment(lot.expires_at) or gettext("never"),
        lot.issuer,
        explain_link(Posting, lot.posting_id, _posting_words(lot.posting)),
        rule_told(lot.posting.rule) or "—",
    )


def _draws_panel(explained: LotExplanation) -> Panel:
    rows: list[tuple[object, ...]] = [
        (
            moment(draw.posting.occurred_at),
            explain_link(Posting, draw.posting.pk, _posting_words(draw.posting)),
            draw.posting.unit,
            signed(draw.points),
            f"{draw.left:,}",
            lot_words.draw_owed_told(draw, explained.lot) or "—",
        )
        for draw in explained.draws
    ]
    if explained.earlier_draws:
        words = gettext("%(count)s earlier draws") % {"count": f"{explained.earlier_draws:,}"}
        left = explained.lot.points + explained.earlier_points
        rows.insert(0, ("—", words, "—", signed(explained.earlier_points), f"{left:,}", "—"))
    return Panel(
        title=gettext("What became of it"),
        headers=[
            _("happened"),
            _("posting"),
            _("honoured at"),
            _("points"),
            _("left"),
            _("owed between units"),
        ],
        rows=rows,
        right=frozenset({3, 4}),
    )


def _holds_panel(explained: LotExplanation) -> Panel:
    return Panel(
        title=gettext("Sales in progress that reserve it"),
        headers=[_("hold"), _("business unit"), _("points"), _("times out")],
        rows=[
            (page_link(Hold, hold.pk, hold.source_ref), hold.unit, f"{points:,}", moment(hold.expires_at))
            for hold, points in explained.holds
        ],
        right=frozenset({2}),
    )


def _ancestors_panel(explained: LotExplanation) -> Panel:
    return Panel(
        title=gettext("Where its points come from"),
        headers=[_("steps back"), _("lot"), _("what"), _("member"), _("made by")],
        rows=[
            (
                ancestor.steps,
                explain_link(Lot, ancestor.lot.pk, last_letters(ancestor.lot.pk)),
                lot_words.ancestor_told(ancestor),
                page_link(Member, ancestor.lot.member_id, ancestor.lot.member.number),
                explain_link(Posting, ancestor.by.pk, _posting_words(ancestor.by)),
            )
            for ancestor in explained.ancestors
        ],
        note=gettext("The last line is the first earning."),
    )


def _wallets_panel(explained: PostingExplanation) -> Panel:
    numbers = {entry.member_id: entry.member.number for entry in explained.entries}
    numbers[explained.posting.member_id] = explained.posting.member.number
    return Panel(
        title=gettext("What moved in each wallet"),
        headers=[
            _("program"),
            _("member"),
            _("new lots"),
            _("lots drawn on"),
            _("debt"),
            _("moved"),
        ],
        rows=[
            (
                _program(line.program),
                page_link(Member, line.member_id, numbers[line.member_id]),
                signed(line.given) if line.given else "0",
                signed(-line.drawn) if line.drawn else "0",
                signed(line.debt_less) if line.debt_less else "0",
                signed(line.moved) if line.moved else "0",
            )
            for line in explained.wallets
        ],
        note=gettext("new lots − lots drawn on + debt repaid (− recorded) = moved"),
        right=frozenset({2, 3, 4, 5}),
    )


def _conversions_panel(explained: PostingExplanation) -> Panel:
    return Panel(
        title=gettext("Rates it used"),
        headers=[_("from"), _("to"), _("calculation")],
        rows=[
            (_program(each.source), _program(each.target), posting_words.conversion_told(each))
            for each in explained.conversions
        ],
    )


def _owed_panel(explained: PostingExplanation) -> Panel:
    return Panel(
        title=gettext("What the units owe each other for it"),
        headers=[_("issuing unit"), _("honoured at"), _("points"), _("amount"), _("what")],
        rows=[
            (
                owed.issuer,
                owed.honoured_by,
                f"{owed.points:,}",
                money(owed.amount, owed.currency),
                posting_words.owed_told(owed),
            )
            for owed in explained.owed
        ],
        right=frozenset({2, 3}),
    )


def _drawn_panel(explained: PostingExplanation) -> Panel:
    return Panel(
        title=gettext("Lots it drew on"),
        headers=[_("lot"), _("program"), _("points"), _("issuing unit"), _("cost per point")],
        rows=[
            (
                explain_link(Lot, draw.lot_id, last_letters(draw.lot_id)),
                _program(draw.lot.program),
                signed(-draw.points),
                draw.lot.issuer,
                money(draw.lot.unit_cost, draw.lot.program.currency),
            )
            for draw in explained.draws
        ],
        note=_left_out(explained.draws_left_out),
        right=frozenset({2}),
    )


def _made_panel(explained: PostingExplanation) -> Panel:
    return Panel(
        title=gettext("Lots it made"),
        headers=[_("lot"), _("program"), _("points"), _("remaining"), _("issuing unit"), _("expires")],
        rows=[
            (
                explain_link(Lot, lot.pk, last_letters(lot.pk)),
                _program(lot.program),
                f"{lot.points:,}",
                f"{lot.remaining:,}",
                lot.issuer,
                moment(lot.expires_at) or gettext("never"),
            )
            for lot in explained.lots
        ],
        note=_left_out(explained.lots_left_out),
        right=frozenset({2, 3}),
    )


def _reversals_panel(explained: PostingExplanation) -> Panel:
    return Panel(
        title=gettext("What was reversed of it"),
        headers=[_("happened"), _("posting"), _("points")],
        rows=[
            (
                moment(each.occurred_at),
                explain_link(Posting, each.pk, _posting_words(each)),
                signed(-each.points),
            )
            for each in explained.reversals
        ],
        note=posting_words.reversal_told(explained),
        right=frozenset({2}),
    )


def _left_out(count: int) -> str:
    return gettext("%(count)s more are not listed.") % {"count": f"{count:,}"} if count else ""


def _posting_words(posting: Posting) -> str:
    return f"{posting.get_kind_display()} {last_letters(posting.pk)}"


def _program(program: Program) -> str:
    return f"{program.name} ({program.code})"
