"""What one person asks for and a second one decides: who may, and never one's own."""

from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth.models import AbstractBaseUser, User
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, Forbidden, InvalidRequest
from members.models.encrypted_field import EncryptedField

PROPOSE_RATE = "points.can_propose_rate"
APPROVE_RATE = "points.can_approve_rate"
ASK_ADJUSTMENT = "points.can_ask_adjustment"
APPROVE_ADJUSTMENT = "points.can_approve_adjustment"
TEXT_MAX = 300

# A row with `state`, `decided_by`, `decided_at` and `note`, of this app or of one above.
Asked = TypeVar("Asked", bound=Model)


class OwnRequest(DomainError):
    """Nobody decides on what they asked for themselves."""

    code = "own_request"
    status = 403
    title = _("You asked for this yourself: another person decides.")


class NotOwnRequest(DomainError):
    """Only who asked takes it back; others reject it."""

    code = "not_own_request"
    status = 403
    title = _("Only the person who asked for this can withdraw it.")


class AlreadyDecided(DomainError):
    """It was approved, rejected or withdrawn meanwhile. Facts: `state`."""

    code = "already_decided"
    title = _("This was already decided.")


class TextTooLong(InvalidRequest):
    """A reason or a note is a sentence or two."""

    code = "text_too_long"
    title = _("A reason or a note has at most 300 characters.")


def refuse_without(permission: str, by: User) -> None:
    """Let only operators with `permission` act.

    :raises Forbidden: `by` has it not, or is switched off
    """
    if not by.has_perm(permission):
        raise Forbidden(permission=permission)


def waiting(asked: Asked) -> Asked:
    """`asked` as it is now, locked until the transaction ends.

    :raises AlreadyDecided: somebody was here before
    """
    # Its programs and units are only read: `of` locks the one row that is decided.
    rows: Any = type(asked)._default_manager.select_for_update(of=("self",), no_key=True)  # noqa: SLF001 -- Django's own name for it
    fresh = rows.get(pk=asked.pk)
    if fresh.decided_at is not None:
        raise AlreadyDecided(state=fresh.state)
    found: Asked = fresh
    return found


def decide(asked: Any, *, state: str, by: AbstractBaseUser, at: datetime, note: str) -> None:
    """Write the decision on the row that `waiting` gave.

    Of sealed words the note alone is written: closed anew, what was asked would not be what it was.

    :raises TextTooLong: a note of more than 300 characters
    """
    if len(note) > TEXT_MAX:
        raise TextTooLong(field="note")
    asked.state, asked.decided_by_id, asked.decided_at, asked.note = state, by.pk, at, note.strip()
    fields = asked._meta.concrete_fields  # noqa: SLF001 -- Django's documented model API
    kept = {field.name for field in fields if isinstance(field, EncryptedField)} - {"note"}
    asked.save(
        update_fields=[field.name for field in fields if not field.primary_key and field.name not in kept]
    )


def refuse_own(maker_id: int, by: User) -> None:
    """Maker ≠ checker.

    :raises OwnRequest: they are the same person
    """
    if maker_id == by.pk:
        raise OwnRequest


def refuse_foreign(maker_id: int, by: User) -> None:
    """Only the maker takes back.

    :raises NotOwnRequest: somebody else asked
    """
    if maker_id != by.pk:
        raise NotOwnRequest
