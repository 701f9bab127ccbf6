"""A member is erased at their own wish (PIPL, articles 15 and 47), and the books stay balanced.

What identifies the person goes: their data keys are destroyed, so that every sealed copy is unreadable, and
what stood in clear is emptied. What happened to points and money stays, under the surrogate id.
docs/privacy.md says what is kept, why, and where copies may still lie.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from activities.services.forgetting import forget_told
from benefits.services.forgetting import forget_rights, has_locked_voucher
from benefits.services.reward_orders import end_waiting_orders
from common.errors import DomainError
from common.outbox import publish
from common.sql import retrying
from members.models import CodeOutcome, CodePurpose, Erasure, Identity, IdentityKind, Member, ProofCode
from members.rules.proof import PROVEN
from members.selectors.aliases import ids_of, survivor_of
from members.services.forgetting import destroy_words, forget_person
from members.services.lifecycle import close_member
from members.services.proving import end_code, send_code, tried_code
from parking.services.forgetting import forget_parking, lock_stays
from points.services.forfeiting import forfeit_points, has_open_hold

ERASED: Final = "members.erased"
CLOSED_FOR_IT: Final = "erasure"


class NothingToProveBy(DomainError):
    """There is neither a phone nor an e-mail address to send a code to: a service desk helps."""

    code = "nothing_to_prove_by"
    title = _("There is no phone or e-mail address to send a code to. Please come to a service desk.")


class ErasureWaitsForHold(DomainError):
    """Points are held for a sale in progress: it ends within minutes by itself."""

    code = "erasure_waits_for_hold"
    title = _("A sale with your points is in progress. Please try again when it is done.")


def send_erasure_code(*, caller: Member, at: datetime) -> ProofCode:
    """Send a fresh code to the caller's own phone, or mailbox where they have no phone: proven ones first.

    :raises NothingToProveBy: they have neither
    :raises TooManyCodes, MessageNotSent: see send_code
    """
    kinds = [IdentityKind.PHONE, IdentityKind.EMAIL]
    known = list(Identity.objects.filter(member=caller, kind__in=kinds, is_active=True).order_by("pk"))
    if not known:
        raise NothingToProveBy
    best = min(known, key=lambda one: (kinds.index(IdentityKind(one.kind)), one.proof not in PROVEN))
    return send_code(
        member=caller, purpose=CodePurpose.ERASE, kind=IdentityKind(best.kind), value=best.value, at=at
    )


def ask_erasure(
    *, member_id: UUID, caller: Member, proof_id: UUID, code: str, by: str, at: datetime
) -> Erasure:
    """Erase the member, at once or after ERASURE_WAIT_DAYS, if `caller` enters the code they were sent.

    While it waits the membership is closed. Must not run inside a transaction that a refusal undoes: wrong
    tries count.

    :raises NotFound: the caller asked for no such code
    :raises CodeWrong, CodeEnded: not the code, or no longer
    :raises ErasureWaitsForHold: points are held for a sale
    """

    @transaction.atomic
    def ask() -> Erasure | DomainError:
        proof = tried_code(member=caller, proof_id=proof_id, purpose=CodePurpose.ERASE, code=code, at=at)
        if isinstance(proof, DomainError):
            return proof
        end_code(proof=proof, outcome=CodeOutcome.PROVEN, at=at)
        return begin_erasure(member_id=member_id, by=by, at=at)

    outcome = retrying(ask)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


@transaction.atomic
def begin_erasure(*, member_id: UUID, by: str, at: datetime) -> Erasure:
    """Record the wish, close the membership, and erase at once where there is no waiting period.

    :raises ErasureWaitsForHold: points are held for a sale
    """
    survivor = survivor_of(member_id)
    ids = _locked(survivor)
    waiting = Erasure.objects.filter(member_id=survivor, done_at=None, withdrawn_at=None).first()
    erasure = waiting or Erasure.objects.create(
        member_id=survivor,
        asked_by=by,
        asked_at=at,
        due_at=at + timedelta(days=settings.ERASURE_WAIT_DAYS),
    )
    if erasure.due_at <= at:
        return _erase(erasure, ids, by=by, at=at)
    close_member(member_id=survivor, reason=CLOSED_FOR_IT, by=by, at=at)
    end_waiting_orders(member_ids=ids, by=by, at=at)
    _refuse_sale_in_progress(ids, at)
    return erasure


def erase_due(*, by: str, at: datetime) -> dict[str, int]:
    """Erase whoever's waiting period is over, a transaction a person; a sale in progress ends first.

    Safe to run twice, in parallel, or to be killed.
    """
    counts = {"erased": 0, "waiting_for_a_sale": 0}
    due = Erasure.objects.filter(due_at__lte=at, done_at=None, withdrawn_at=None).order_by("due_at")
    for pk in list(due.values_list("pk", flat=True)):
        try:
            counts["erased"] += _erase_one(pk, by, at)
        except ErasureWaitsForHold:
            counts["waiting_for_a_sale"] += 1
    return counts


@transaction.atomic
def _erase_one(pk: UUID, by: str, at: datetime) -> int:
    waiting = Erasure.objects.filter(pk=pk, done_at=None, withdrawn_at=None)
    erasure = waiting.select_for_update(no_key=True, skip_locked=True).first()
    if erasure is None:
        return 0
    _erase(erasure, _locked(erasure.member_id), by=by, at=at)
    return 1


def _erase(erasure: Erasure, ids: Sequence[UUID], *, by: str, at: datetime) -> Erasure:
    """All of it in the caller's transaction: the keys first, then what they closed. `ids`: locked."""
    words = destroy_words(ids=ids)
    orders = end_waiting_orders(member_ids=ids, by=by, at=at)
    points = forfeit_points(member_ids=ids, by=by, at=at)
    # After the wallets were locked: a sale that came first is seen, one that comes later finds no points.
    _refuse_sale_in_progress(ids, at)
    rights = forget_rights(member_ids=ids, by=by, at=at)
    stays = forget_parking(member_ids=ids, by=by, at=at)
    activities = forget_told(member_ids=ids)
    rows = forget_person(words=words, by=by, at=at)
    erasure.done_at = at
    told = {"points_given_up": points, "orders": orders, "activities": activities}
    erasure.outcome = {**told, **rights, **stays, **rows}
    erasure.save(update_fields=["done_at", "outcome"])
    publish(kind=ERASED, subject=erasure.member_id, at=at, payload={"ids": [str(one) for one in ids]})
    return erasure


def _refuse_sale_in_progress(ids: Sequence[UUID], at: datetime) -> None:
    if has_open_hold(member_ids=ids) or has_locked_voucher(member_ids=ids, at=at):
        raise ErasureWaitsForHold


def _locked(survivor: UUID) -> list[UUID]:
    """All ids of the person, their rows locked in order: a merge or a binding comes before or after.

    Their stays come first, as at a gate: who pays for one locks the stay, then its member.
    """
    ids = ids_of(survivor)
    lock_stays(member_ids=ids)
    list(Member.objects.filter(pk__in=ids).select_for_update(no_key=True).order_by("pk"))
    return ids
