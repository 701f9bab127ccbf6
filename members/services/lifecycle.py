"""A membership is frozen, unfrozen, closed and reopened: who, when and why, in a history that stays.

Only an active member earns and spends; the services of points and activities ask the status. Points are no
reason against closing: leaving must be as easy as joining (PIPL, article 15). A sale in progress ends within
minutes by itself, points left wait until they expire, a debt waits on the books; reopening finds all of it
as it stands.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, InvalidRequest
from common.outbox import publish
from members.data_keys import MemberErased
from members.models import (
    Erasure,
    EventCause,
    EventKind,
    HouseholdMember,
    HouseholdState,
    Member,
    MemberEvent,
    MemberStatus,
)
from members.rules.ages import needs_guardian
from members.rules.normalise import latest_today, normal_text
from members.selectors.erased import is_any_erased
from members.selectors.guardians import has_guardian
from members.services.households import leave_household
from members.services.tokens import MemberClosed, end_member_tokens

REASON_CHARACTERS_MAX: Final = 200
CLOSED: Final = "members.closed"


class ReasonMissing(InvalidRequest):
    """Whoever changes a membership says why."""

    code = "reason_missing"
    title = _("Please say why.")


class GuardianMissing(DomainError):
    """A member under 14 is active only while a guardian answers for them."""

    code = "guardian_missing"
    title = _("This member is under 14 and has no guardian on record.")


class NotClosed(DomainError):
    """Only a closed membership is reopened."""

    code = "not_closed"
    title = _("This membership is not closed.")


@transaction.atomic
def freeze_member(*, member_id: UUID, reason: str, by: str, at: datetime) -> Member:
    """Stop earning and spending; the member may still look. Freezing twice freezes once.

    :raises ReasonMissing: no reason
    :raises MemberClosed: the membership is closed
    """
    words = _told(reason)
    member = _locked(member_id)
    if member.status == MemberStatus.CLOSED:
        raise MemberClosed(member=member.number)
    if member.status == MemberStatus.ACTIVE:
        _change(member, MemberStatus.FROZEN, EventKind.FROZEN, reason=words, by=by, at=at)
    elif frozen_for_want_of_guardian(member_id):
        # Frozen already; from now on by hand, so that a guardian alone does not unfreeze it.
        _note(member, EventKind.FROZEN, reason=words, by=by, at=at)
    return member


@transaction.atomic
def unfreeze_member(*, member_id: UUID, reason: str, by: str, at: datetime) -> Member:
    """Let the member earn and spend again. Unfreezing an active one changes nothing.

    :raises ReasonMissing: no reason
    :raises GuardianMissing: they are under 14 and nobody answers for them
    :raises MemberClosed: the membership is closed
    """
    words = _told(reason)
    member = _locked(member_id)
    if member.status == MemberStatus.CLOSED:
        raise MemberClosed(member=member.number)
    if member.status == MemberStatus.FROZEN:
        if is_unguarded(member, at=at):
            raise GuardianMissing
        _change(member, MemberStatus.ACTIVE, EventKind.UNFROZEN, reason=words, by=by, at=at)
    return member


@transaction.atomic
def close_member(*, member_id: UUID, reason: str, by: str, at: datetime) -> Member:
    """End the membership: no sign-in, no earning, no spending, out of the household. Twice closes once.

    Identities stay bound: the person who comes back is found, and their points with them. Publishes
    `members.closed`: orders that wait are given up by whoever keeps them.

    :raises ReasonMissing: no reason
    """
    words = _told(reason)
    member = _locked(member_id)
    if member.status != MemberStatus.CLOSED:
        if HouseholdMember.objects.filter(member=member, state=HouseholdState.ACCEPTED).exists():
            leave_household(member=member, at=at)
        end_member_tokens(member=member, at=at)
        _change(member, MemberStatus.CLOSED, EventKind.CLOSED, reason=words, by=by, at=at)
        publish(kind=CLOSED, subject=member.pk, at=at)
    return member


@transaction.atomic
def reopen_member(*, member_id: UUID, reason: str, by: str, at: datetime) -> Member:
    """Take a closed membership up again, with what was left on it.

    :raises ReasonMissing: no reason
    :raises NotClosed: it is not closed
    :raises MemberErased: nothing is left to take up
    :raises GuardianMissing: they are under 14 and nobody answers for them
    """
    words = _told(reason)
    member = _locked(member_id)
    if member.status != MemberStatus.CLOSED:
        raise NotClosed
    if is_any_erased([member_id]):
        raise MemberErased
    if is_unguarded(member, at=at):
        raise GuardianMissing
    # Who comes back while an erasure waits does not want it any more.
    waiting = Erasure.objects.filter(member_id=member_id, done_at=None, withdrawn_at=None)
    waiting.update(withdrawn_at=at)
    _change(member, MemberStatus.ACTIVE, EventKind.REOPENED, reason=words, by=by, at=at)
    return member


@transaction.atomic
def fit_to_guardians(*, member_id: UUID, by: str, at: datetime) -> Member:
    """Freeze a member under 14 without a guardian; unfreeze one frozen for that who no longer needs it.

    One whom a person froze, or closed, stays as they are.
    """
    member = _locked(member_id)
    unguarded = is_unguarded(member, at=at)
    if unguarded and member.status == MemberStatus.ACTIVE:
        _change(
            member,
            MemberStatus.FROZEN,
            EventKind.FROZEN,
            cause=EventCause.NO_GUARDIAN,
            by=by,
            at=at,
        )
    elif not unguarded and member.status == MemberStatus.FROZEN and frozen_for_want_of_guardian(member_id):
        _change(
            member,
            MemberStatus.ACTIVE,
            EventKind.UNFROZEN,
            cause=EventCause.NO_GUARDIAN,
            by=by,
            at=at,
        )
    return member


def is_unguarded(member: Member, *, at: datetime) -> bool:
    """Whether somebody has to answer for the member and nobody does."""
    on = latest_today(at)
    return needs_guardian(member.birth_date, on=on) and not has_guardian(child_id=member.pk, on=on)


def frozen_for_want_of_guardian(member_id: UUID) -> bool:
    """Whether the last freeze of the member was for that, and not by hand."""
    freezes = MemberEvent.objects.filter(member_id=member_id, kind=EventKind.FROZEN)
    last = freezes.order_by("-at", "-id").values_list("cause", flat=True).first()
    return last == EventCause.NO_GUARDIAN


def _told(reason: str) -> str:
    words = normal_text(reason, characters_max=REASON_CHARACTERS_MAX, field="reason")
    if not words:
        raise ReasonMissing(field="reason")
    return words


def _locked(member_id: UUID) -> Member:
    return Member.objects.select_for_update(no_key=True).get(pk=member_id)


def _change(
    member: Member,
    status: MemberStatus,
    kind: EventKind,
    *,
    by: str,
    at: datetime,
    reason: str = "",
    cause: EventCause = EventCause.BY_HAND,
) -> None:
    member.status = status
    member.save(update_fields=["status"])
    _note(member, kind, reason=reason, by=by, at=at, cause=cause)


def _note(
    member: Member,
    kind: EventKind,
    *,
    reason: str,
    by: str,
    at: datetime,
    cause: EventCause = EventCause.BY_HAND,
) -> None:
    MemberEvent.objects.create(member=member, kind=kind, cause=cause, reason=reason, by=by, at=at)
