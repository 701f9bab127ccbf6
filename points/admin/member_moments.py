"""What the ledger tells at the head of a member's page and on its line of time."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from members.admin.tiles import Tile, member_tile
from members.admin.timeline import Moment, moment_source
from members.models import Member
from points.admin.journal import is_made_of_ids
from points.models import Entry, Posting, PostingKind
from points.selectors.balances import wallet_summaries

_ICONS: Final = {
    PostingKind.ACCRUAL: "add_circle",
    PostingKind.REDEMPTION: "redeem",
    PostingKind.EXCHANGE: "currency_exchange",
    PostingKind.EXPIRY: "hourglass_disabled",
    PostingKind.REVERSAL: "undo",
    PostingKind.TRANSFER: "swap_horiz",
    PostingKind.ADJUSTMENT: "exposure",
    PostingKind.MATURITY: "event_available",
    PostingKind.MOVE: "move_down",
}


@member_tile(place=20)
def wallet_tiles(member: Member, at: datetime) -> Iterable[Tile]:
    """What can be spent, a tile a program."""
    for summary in wallet_summaries(member_id=member.pk, at=at):
        if not (summary.balance or summary.debt):
            continue
        words = ""
        if summary.debt:
            words = _("%(points)s owed") % {"points": f"{summary.debt:,}"}
        elif summary.soon_points:
            told = {"points": f"{summary.soon_points:,}", "day": summary.last_valid_on}
            words = _("%(points)s by %(day)s") % told
        tone = "bad" if summary.debt else ""
        yield Tile(summary.program.name, f"{summary.available:,}", words, tone)


@moment_source
def postings(ids: Sequence[UUID], count: int) -> Iterable[Moment]:
    """Points that came and went. A move from one number of the person to another is no event of theirs."""
    found = Posting.objects.filter(member__in=ids).select_related("unit").order_by("-occurred_at", "-id")
    shown = list(found[:count])
    moved: dict[UUID, Counter[str]] = {}
    entries = Entry.objects.filter(posting__in=[one.pk for one in shown], member__in=ids)
    for posting_id, program, points in entries.values_list("posting_id", "program__code", "points"):
        moved.setdefault(posting_id, Counter())[program] += points
    for posting in shown:
        figures = {code: points for code, points in moved.get(posting.pk, Counter()).items() if points}
        if posting.kind == PostingKind.MOVE and not figures:
            continue
        yield Moment(
            at=posting.occurred_at,
            icon=_ICONS[PostingKind(posting.kind)],
            words=posting.get_kind_display(),
            detail=posting.unit.name
            if is_made_of_ids(posting)
            else f"{posting.unit.name} · {posting.source_ref}",
            sector=posting.unit.sector,
            figure=", ".join(f"{points:+,} {code}" for code, points in sorted(figures.items())),
            by=posting.actor,
        )
