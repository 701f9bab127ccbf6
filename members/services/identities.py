"""What identifies a member is bound and unbound: each with its proof, never silently from one to another.

How proofs compare, and why nothing moves by itself: members/rules/proof.py. Plates are taken on the member's
word: the first who claims one has it, until somebody shows its vehicle licence at a desk.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as text

from common.errors import DomainError, InvalidRequest, NotFound
from common.sql import retrying
from members.models import (
    CodeOutcome,
    CodePurpose,
    EventKind,
    Identity,
    IdentityKind,
    Member,
    MemberEvent,
    MemberStatus,
    ProofCode,
)
from members.rules.masking import masked_phone
from members.rules.normalise import normal_email, normal_phone
from members.rules.plate import normal_plate
from members.rules.proof import CLAIM, CODE, DOCUMENT, PROVEN, WECHAT
from members.rules.wechat import openid_value, unionid_value
from members.services.households import MemberSuspended
from members.services.proving import end_code, send_code, tried_code
from members.services.sending import Message, send_when_committed
from members.vault import blind_index

PER_KIND_MAX: Final = {
    IdentityKind.PHONE: 5, IdentityKind.EMAIL: 5, IdentityKind.WECHAT: 20, IdentityKind.PLATE: 10,
}  # fmt: skip
# After a change of phone, the time in which whoever lost it can call the service.
SPENDING_PAUSE: Final = timedelta(hours=24)
_CODE_GOES_TO: Final[dict[str, Callable[[str], str]]] = {
    IdentityKind.PHONE: normal_phone,
    IdentityKind.EMAIL: normal_email,
}


class IdentityOfAnother(DomainError):
    """Another member has it on record. The proof is kept: a person decides whether the two are one."""

    code = "identity_of_another"
    title = text("This belongs to another membership on our records. Our staff will look into it.")


class PlateOfAnother(DomainError):
    """Another member claimed the plate first. Who shows the vehicle licence at a desk has it."""

    code = "plate_of_another"
    title = text("Another member has this plate. Please show the vehicle licence at a service desk.")


class LastPhone(DomainError):
    """Without it the member could not sign in any more."""

    code = "last_phone"
    title = text("This is your last phone. Bind another one first.")


class TooManyIdentities(DomainError):
    """Facts: `most`, how many of a kind a member may have."""

    code = "too_many_identities"
    title = text("You have as many of these as a member may have. Unbind one first.")


class NoCodeForThis(InvalidRequest):
    """No code can be sent to it: WeChat is bound by its own sign-in, a plate by a claim."""

    code = "no_code_for_this"
    title = text("Codes are sent to phones and e-mail addresses only.")


def ask_to_bind(*, member: Member, kind: str, value: str, at: datetime) -> ProofCode:
    """Send a code to a phone or e-mail address that `member` says is theirs.

    :raises BadPhone, SeveralPhones, BadEmail: not one
    :raises NoCodeForThis: another kind
    :raises MemberSuspended: the member is frozen or closed
    :raises TooManyCodes, MessageNotSent: see send_code
    """
    if kind not in _CODE_GOES_TO:
        raise NoCodeForThis(field="kind")
    normal = _CODE_GOES_TO[kind](value)
    if member.status != MemberStatus.ACTIVE:
        raise MemberSuspended
    return send_code(member=member, purpose=CodePurpose.BIND, kind=IdentityKind(kind), value=normal, at=at)


def prove_identity(*, member: Member, proof_id: UUID, code: str, by: str, at: datetime) -> Identity:
    """Enter the code: the value is the member's from now on.

    The phones that they had hear of a new one, and spending pauses for a day.

    Of two who enter right codes for one value at once, one gets it. Must not run inside a transaction that a
    refusal undoes: wrong tries count.

    :raises NotFound: this member asked for no such code
    :raises CodeWrong, CodeEnded: not the code, or no longer
    :raises IdentityOfAnother: another member has it on record, proven or told by a unit
    :raises TooManyIdentities: they have as many as one may have
    :raises MemberSuspended: the member is frozen or closed
    """

    @transaction.atomic
    def prove() -> Identity | DomainError:
        _locked_active(member)
        proof = tried_code(member=member, proof_id=proof_id, purpose=CodePurpose.BIND, code=code, at=at)
        if isinstance(proof, DomainError):
            return proof
        index = bytes(proof.blind_index)
        held = Identity.objects.filter(kind=proof.kind, blind_index=index, is_active=True).first()
        if held is not None and held.member_id != member.pk:
            end_code(proof=proof, outcome=CodeOutcome.OF_ANOTHER, at=at)
            return IdentityOfAnother()
        end_code(proof=proof, outcome=CodeOutcome.BOUND, at=at)
        if held is not None:
            # Known from a list so far; now proven. Its key stays.
            held.proof, held.proven_at = CODE, at
            held.save(update_fields=["proof", "proven_at"])
            return held
        if proof.kind == IdentityKind.PHONE and _tell_phones(member, proof.value, at=at):
            _pause_spending(member, at=at)
        return _bind(member, IdentityKind(proof.kind), proof.value, CODE, key=proof.pk, by=by, at=at)

    outcome = retrying(prove)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def claim_plate(*, member: Member, plate: str, by: str, at: datetime) -> Identity:
    """Take a plate on the member's word. Claiming one's own again changes nothing.

    :raises BadPlate: nobody gives out such a plate
    :raises PlateOfAnother: another member has it
    :raises TooManyIdentities: ten plates
    :raises MemberSuspended: the member is frozen or closed
    """
    normal = normal_plate(plate)

    @transaction.atomic
    def claim() -> Identity:
        _locked_active(member)
        held = _held(IdentityKind.PLATE, normal)
        if held is not None and held.member_id != member.pk:
            raise PlateOfAnother
        return held or _bind(member, IdentityKind.PLATE, normal, CLAIM, by=by, at=at)

    return retrying(claim)


def award_plate(*, member: Member, plate: str, reason: str, by: str, at: datetime) -> Identity:
    """Give a plate to whoever showed its vehicle licence at a desk; who had it loses it, with a trace.

    :raises BadPlate: nobody gives out such a plate
    :raises TooManyIdentities: ten plates
    :raises MemberSuspended: the member is frozen or closed
    """
    normal = normal_plate(plate)

    @transaction.atomic
    def award() -> Identity:
        _locked_active(member)
        held = _held(IdentityKind.PLATE, normal)
        if held is not None and held.member_id == member.pk:
            held.proof, held.proven_at = DOCUMENT, at
            held.save(update_fields=["proof", "proven_at"])
            return held
        if held is not None:
            _end(held, reason=reason, by=by, at=at)
        return _bind(member, IdentityKind.PLATE, normal, DOCUMENT, by=by, at=at, reason=reason)

    return retrying(award)


def bind_wechat(
    *, member: Member, app_id: str, openid: str, unionid: str | None, by: str, at: datetime
) -> list[Identity]:
    """Bind what WeChat's own sign-in said of the member: the openid of the app, the unionid if it told one.

    The door has it from WeChat's server, never from the member's device. Binding it again changes nothing.

    :raises BadWechatId: WeChat gives out no such ids
    :raises IdentityOfAnother: either is another member's
    :raises MemberSuspended: the member is frozen or closed
    """
    values = [openid_value(app_id=app_id, openid=openid)]
    values += [] if unionid is None else [unionid_value(unionid)]

    @transaction.atomic
    def bind() -> list[Identity]:
        _locked_active(member)
        bound = []
        for value in values:
            held = _held(IdentityKind.WECHAT, value)
            if held is not None and held.member_id != member.pk:
                raise IdentityOfAnother
            bound.append(held or _bind(member, IdentityKind.WECHAT, value, WECHAT, by=by, at=at))
        return bound

    return retrying(bind)


@transaction.atomic
def unbind_identity(*, member: Member, key: UUID, by: str, at: datetime) -> Identity:
    """Let go of an identity: it finds the member no more, and somebody else may bind it.

    A phone that is let go of is told so, and spending pauses for a day.

    :raises NotFound: the member has no such identity, or not any more
    :raises LastPhone: it is their only phone, or their only proven one
    :raises MemberSuspended: the member is frozen or closed
    """
    _locked_active(member)
    identity = Identity.objects.filter(member=member, key=key, is_active=True).first()
    if identity is None:
        raise NotFound
    if identity.kind == IdentityKind.PHONE:
        others = Identity.objects.filter(member=member, kind=IdentityKind.PHONE, is_active=True)
        proofs = set(others.exclude(pk=identity.pk).values_list("proof", flat=True))
        if not proofs or (identity.proof in PROVEN and not proofs & PROVEN):
            raise LastPhone
        words = _("This phone was unbound from your membership. If it was not you, call our service.")
        send_when_committed(Message(identity.kind, identity.value, words, at))
        _pause_spending(member, at=at)
    _end(identity, reason=identity.kind, by=by, at=at)
    return identity


def _locked_active(member: Member) -> None:
    """The member's row lock: their identities change one at a time, and not while they are frozen."""
    status = Member.objects.select_for_update(no_key=True).values_list("status", flat=True).get(pk=member.pk)
    if status != MemberStatus.ACTIVE:
        raise MemberSuspended


def _held(kind: IdentityKind, value: str) -> Identity | None:
    return Identity.objects.filter(kind=kind, blind_index=blind_index(kind, value), is_active=True).first()


def _bind(
    member: Member,
    kind: IdentityKind,
    value: str,
    proof: str,
    *,
    by: str,
    at: datetime,
    key: UUID | None = None,
    reason: str = "",
) -> Identity:
    if Identity.objects.filter(member=member, kind=kind, is_active=True).count() >= PER_KIND_MAX[kind]:
        raise TooManyIdentities(most=PER_KIND_MAX[kind])
    identity = Identity(
        member=member,
        kind=kind,
        value=value,
        blind_index=blind_index(kind, value),
        proof=proof,
        proven_at=at,
        **({} if key is None else {"key": key}),
    )
    identity.save(force_insert=True)
    if key is None:
        identity.refresh_from_db(fields=["key"])
    MemberEvent.objects.create(
        member=member, kind=EventKind.BOUND, reason=reason or f"{kind.value}: {proof}", by=by, at=at
    )
    return identity


def _end(identity: Identity, *, reason: str, by: str, at: datetime) -> None:
    identity.is_active, identity.ended_at = False, at
    identity.save(update_fields=["is_active", "ended_at"])
    MemberEvent.objects.create(
        member_id=identity.member_id, kind=EventKind.UNBOUND, reason=reason, by=by, at=at
    )


def _pause_spending(member: Member, *, at: datetime) -> None:
    """Points stay where they are for a day, so that whoever was told can still call the service."""
    Member.objects.filter(pk=member.pk).update(spending_paused_until=at + SPENDING_PAUSE)


def _tell_phones(member: Member, new: str, *, at: datetime) -> int:
    """Whoever holds a phone of the member hears that there is another: a thief cannot add one unseen.

    Returns how many heard it.
    """
    words = _("The phone %(phone)s was bound to your membership. If it was not you, call our service.")
    phones = list(Identity.objects.filter(member=member, kind=IdentityKind.PHONE, is_active=True))
    for phone in phones:
        told = words % {"phone": masked_phone(new)}
        send_when_committed(Message(phone.kind, phone.value, told, at))
    return len(phones)
