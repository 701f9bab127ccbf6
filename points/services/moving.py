"""Move a member's wallets to another member, for a merge, and undo it, even after later spending."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from common.sql import retrying
from members.models import Member, MemberStatus
from points import ledger
from points.models import Posting, Program, Wallet
from points.refusals import MemberNotActive, SameMember
from points.services.transfer import books_of


@dataclass(frozen=True, slots=True)
class WalletMove:
    """A move of one wallet: the points in lots, the debt that went along, whether it is an earlier one."""

    posting: Posting
    points: int
    debt: int
    is_replay: bool


@dataclass(frozen=True, slots=True)
class UndoneMove:
    """What went back. `kept`: of each old lot that is not whole again, what is spent, expired or held."""

    posting: Posting
    points: int
    debt: int
    kept: Mapping[str, Mapping[str, int]]
    is_replay: bool


def move_wallets(
    *,
    giver: Member,
    recipient: Member,
    source_ref: str,
    by: str,
    at: datetime,
    program: Program | None = None,
) -> list[WalletMove]:
    """Move all that `giver` has (in one `program`, or in every one) to `recipient`: one posting a wallet.

    Every lot with points left moves as it is, pending and expired ones too, and so does a debt. All of it
    or nothing. A wallet without points and debt is passed over. The giver may be frozen or closed, and the
    program inactive: whose points they are does not hang on it. Safe to retry under the same `source_ref`.

    :raises WalletHasHolds: a sale in progress holds points; carries the `holds`
    :raises MemberNotActive: the recipient is frozen or closed
    :raises SameMember: giver and recipient are one
    :raises ReferenceReused: the reference stands for another move
    """
    if giver.pk == recipient.pk:
        raise SameMember
    if recipient.status != MemberStatus.ACTIVE:
        raise MemberNotActive(member=recipient.number, member_status=recipient.status)
    wallets = Wallet.objects.filter(member=giver).select_related("program__owner").order_by("id")
    if program is not None:
        wallets = wallets.filter(program=program)
    moves = [
        ledger.Move(
            from_id=giver.pk,
            to_id=recipient.pk,
            program_id=wallet.program_id,
            unit_id=books_of(wallet.program).pk,
            source_ref=f"{source_ref}:{wallet.program.code}",
            at=at,
        )
        for wallet in wallets
    ]
    return retrying(lambda: _moved(moves, by=by))


def undo_move(*, move: Posting, source_ref: str, by: str, at: datetime) -> UndoneMove:
    """Give back what remains of what `move` moved, into the very lots it came from, and the debt with it.

    What is spent, expired or held meanwhile stays where it is, and `kept` says so lot by lot; undone again,
    what has come free since goes back. Moves that follow one another are undone last first. Safe to retry
    under the same `source_ref`.

    :raises NotReversible: it is no move
    :raises NothingToMove: nothing of it is left to give back
    :raises ReferenceReused: the reference stands for another reversal
    """
    done = ledger.unmove(move_id=move.pk, source_ref=source_ref, at=at, actor=by)
    done.or_refuse(**({"source_ref": source_ref} if done.name == "reference_reused" else {}))
    posting = Posting.objects.get(pk=done.posted_id)
    return UndoneMove(posting, done.moved, done.debt, done.kept, done.is_replay)


@transaction.atomic
def _moved(moves: list[ledger.Move], *, by: str) -> list[WalletMove]:
    answers = ledger.move_wallet_many(moves, actor=by)
    done = [
        answer.or_refuse(**_facts(answer, move))
        for answer, move in zip(answers, moves, strict=True)
        if answer.name != "nothing_to_move"
    ]
    postings = Posting.objects.in_bulk([answer.posted_id for answer in done])
    return [
        WalletMove(postings[answer.posted_id], answer.moved, answer.debt, answer.is_replay) for answer in done
    ]


def _facts(answer: ledger.Moved, move: ledger.Move) -> dict[str, Any]:
    match answer.name:
        case "wallet_has_holds":
            return {"holds": [str(hold) for hold in answer.holds]}
        case "reference_reused":
            return {"source_ref": move.source_ref}
        case _:
            return {}
