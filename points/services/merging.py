"""Wallets of two members become one's, and two people's again: by moves, under all locks at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection

from members.models import Member
from points import ledger
from points.models import Posting, PostingKind
from points.services.moving import WalletMove, move_wallets

_FOLLOWED = "follow:"


@dataclass(slots=True)
class WalletBack:
    """What undoing a merge did in one program: points and debt given back, and what stays, by its reason.

    `spent` counts points that were spent or taken back by a refund, `repaid` the debt that was paid off.
    """

    points: int = 0
    debt: int = 0
    spent: int = 0
    expired: int = 0
    held: int = 0
    repaid: int = 0
    postings: list[UUID] = field(default_factory=list)


def merge_wallets(
    *, alias: Member, survivor: Member, followers: Sequence[UUID], source_ref: str, by: str, at: datetime
) -> list[WalletMove]:
    """Move all that `alias` has to `survivor`; what comes to it, or to its own aliases, later goes on there.

    Runs in the caller's transaction, which is to be run again whole if it loses a race.

    :raises WalletHasHolds: a sale in progress holds points of the alias
    :raises MemberNotActive: the survivor is frozen or closed
    """
    assert connection.in_atomic_block, "wallets and people are merged in one transaction"
    everybody = [alias.pk, *followers]
    ledger.lock_merging(member_ids=everybody, into_id=survivor.pk)
    moves = move_wallets(giver=alias, recipient=survivor, source_ref=source_ref, by=by, at=at)
    ledger.point_wallets(member_ids=everybody, into_id=survivor.pk)
    return moves


def unmerge_wallets(
    *,
    alias: Member,
    survivor: Member,
    followers: Sequence[UUID],
    moves: Sequence[UUID],
    source_ref: str,
    by: str,
    at: datetime,
) -> Mapping[str, WalletBack]:
    """Give back what remains of all that ever moved from `alias` to `survivor`, the last first, by program.

    What is spent, expired or held stays, and is counted for the merge whose `moves` these are and for what
    followed it. What `followers`, the alias's own aliases, were sent goes back to them and on to the alias.
    Called again later, it gives back what has come free. Runs in the caller's transaction.
    """
    assert connection.in_atomic_block, "wallets and people are parted in one transaction"
    everybody = [alias.pk, *followers]
    ledger.lock_merging(member_ids=[*everybody, survivor.pk], into_id=alias.pk)
    ledger.point_wallets(member_ids=everybody, into_id=None)
    made = _moves_between(everybody, survivor.pk)
    asked = [(move.pk, f"{source_ref}:{move.pk}", at) for move in made]
    answers = ledger.unmove_many(asked, actor=by)
    programs = {move.program_id: move.program.code for move in made}
    # A move back keeps the debt that it took with it, signed: below zero.
    undone = Posting.objects.filter(reverses__in=[move.pk for move in made])
    returned: Counter[UUID | None] = Counter()
    for back_posting in undone:
        returned[back_posting.reverses] += _debt_of(back_posting)
    backs: dict[str, WalletBack] = {}
    for move, answer in zip(made, answers, strict=True):
        back = backs.setdefault(programs[move.program_id], WalletBack())
        if answer.name != "nothing_to_move":
            answer.or_refuse(source_ref=source_ref)
            back.points += answer.moved
            back.debt += answer.debt
            back.postings.append(answer.posted_id)
        if move.pk in moves or move.source_ref.startswith(_FOLLOWED):
            for why in answer.kept.values():
                back.spent += why["spent"]
                back.expired += why["expired"]
                back.held += why["held"]
            back.repaid += _debt_of(move) + returned.get(move.pk, 0)
    for follower in Member.objects.filter(pk__in=followers).order_by("pk"):
        move_wallets(giver=follower, recipient=alias, source_ref=f"{source_ref}:{follower.pk}", by=by, at=at)
    if followers:
        ledger.point_wallets(member_ids=list(followers), into_id=alias.pk)
    return backs


def _moves_between(givers: Sequence[UUID], to_id: UUID) -> list[Posting]:
    """All moves from one of `givers` to `to_id`, the last first."""
    moved = Posting.objects.filter(kind=PostingKind.MOVE, member_id__in=givers, detail__to=str(to_id))
    return list(moved.select_related("program").order_by("-id"))


def _debt_of(posting: Posting) -> int:
    assert posting.detail is not None, "a move keeps its debt"
    return int(posting.detail["debt"])
