"""Prove that a phone or mailbox is one's own: a code is sent to it, and entered.

Whether anybody else has the value is not looked at before the right code is entered: the answer and its time
are the same for known and unknown values.
"""

import math
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as text

from common.clock import uuid7
from common.errors import DomainError, NotFound
from members.models import CodeOutcome, CodePurpose, IdentityKind, Member, ProofCode
from members.rules.one_time_code import (
    LIFETIME,
    LONGEST_WINDOW,
    SENDS_BY_A_MEMBER,
    SENDS_TO_A_VALUE,
    TRIES,
    new_code,
    wait_before_next,
)
from members.services.sending import Message, send_message
from members.vault import blind_index

_SALT: Final = "members.proof_code"


class TooManyCodes(DomainError):
    """Codes were sent too often, to this value or by this member. Facts: none; Retry-After says when."""

    code = "too_many_codes"
    status = 429
    title = text("Codes were asked for too often. Please wait.")

    def __init__(self, *, wait: timedelta) -> None:
        super().__init__()
        self.retry_after = max(1, math.ceil(wait.total_seconds()))


class CodeWrong(DomainError):
    """Another code was sent. Facts: `tries_left`."""

    code = "code_wrong"
    title = text("This is not the code that was sent.")


class CodeEnded(DomainError):
    """Too old, tried too often, or used: ask for a new one."""

    code = "code_ended"
    title = text("This code is no longer valid. Please ask for a new one.")


def send_code(
    *, member: Member, purpose: CodePurpose, kind: IdentityKind, value: str, at: datetime
) -> ProofCode:
    """Send a code to `value` (in its normal form). Returns its row, whose id `tried_code` asks for.

    :raises TooManyCodes: more than 1 a minute, 5 an hour or 10 a day to it, or 20 a day by this member
    :raises MessageNotSent: no channel took it; the try counts, or a broken channel could be hammered
    """
    code, index = new_code(), blind_index(kind, value)
    with transaction.atomic():
        _wait_for_twins(f"members.code:{kind}:{index.hex()}")
        _wait_for_twins(f"members.code:{member.pk}")
        _refuse_too_many(member.pk, kind, index, at=at)
        proof = ProofCode(
            id=uuid7(),
            member=member,
            purpose=purpose,
            kind=kind,
            value=value,
            blind_index=index,
            tries_left=TRIES,
            sent_at=at,
            expires_at=at + LIFETIME,
        )
        proof.code_digest = _digest(proof, code)
        proof.save(force_insert=True)
    words = _("Your code is %(code)s. It is valid for 5 minutes. Tell it to nobody.") % {"code": code}
    send_message(Message(kind.value, value, words, at, code))
    return proof


def tried_code(
    *, member: Member, proof_id: UUID, purpose: CodePurpose, code: str, at: datetime
) -> ProofCode | DomainError:
    """The locked row of the code, if `code` is right; its refusal otherwise.

    Runs in the caller's transaction, which must commit a refusal too: a wrong code takes a try.

    :raises NotFound: this member asked for no such code for this purpose
    """
    assert connection.in_atomic_block, "a try and what it brings are one transaction"
    proof = ProofCode.objects.select_for_update(no_key=True).filter(
        pk=proof_id, member=member, purpose=purpose
    ).first()  # fmt: skip
    if proof is None:
        raise NotFound
    if proof.outcome != CodeOutcome.OPEN or at >= proof.expires_at:
        return CodeEnded()
    if constant_time_compare(bytes(proof.code_digest), _digest(proof, code)):
        return proof
    proof.tries_left -= 1
    if proof.tries_left == 0:
        end_code(proof=proof, outcome=CodeOutcome.SPENT, at=at)
    proof.save(update_fields=["tries_left"])
    return CodeWrong(tries_left=proof.tries_left)


def end_code(*, proof: ProofCode, outcome: CodeOutcome, at: datetime) -> None:
    """Record what came of a code: it cannot be entered again."""
    proof.outcome, proof.ended_at = outcome, at
    proof.save(update_fields=["outcome", "ended_at"])


def _refuse_too_many(member_id: UUID, kind: str, index: bytes, *, at: datetime) -> None:
    recent = ProofCode.objects.filter(sent_at__gt=at - LONGEST_WINDOW)
    waits = (
        wait_before_next(
            list(recent.filter(kind=kind, blind_index=index).values_list("sent_at", flat=True)),
            SENDS_TO_A_VALUE,
            at=at,
        ),
        wait_before_next(
            list(recent.filter(member_id=member_id).values_list("sent_at", flat=True)),
            SENDS_BY_A_MEMBER,
            at=at,
        ),
    )
    longest = max((wait for wait in waits if wait is not None), default=None)
    if longest is not None:
        raise TooManyCodes(wait=longest)


def _wait_for_twins(name: str) -> None:
    """One at a time: what was sent is counted and added to under this lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _digest(proof: ProofCode, code: str) -> bytes:
    """Keyed, and of everything the code is bound to: it proves nothing else."""
    bound = f"{proof.pk}:{proof.member_id}:{proof.purpose}:{bytes(proof.blind_index).hex()}:{code}"
    return salted_hmac(_SALT, bound, algorithm="sha256").digest()
