"""Whose row is this? Exact identities only: a card of the unit, a phone, an e-mail.

A phone decides. A card decides unless a phone, or where no phone can speak the name, contradicts it. An
e-mail decides only where no phone contradicts it, since couples share mailboxes more often than phones. A row
that points at two people is refused, never split or guessed: a person decides.
"""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class CardOfAnother(DomainError):
    """The unit's records already give this card to somebody else."""

    code = "card_of_another"
    title = _("This card already belongs to another member.")


class EmailOfAnother(DomainError):
    """The e-mail address already identifies a member whom the row's phone or card contradicts."""

    code = "email_of_another"
    title = _("This e-mail address already belongs to another member.")


@dataclass(slots=True, eq=False)
class Person:
    """A member as far as telling people apart needs."""

    id: UUID
    status: str
    name: str
    has_phone: bool


def whose(
    *,
    by_card: Person | None,
    by_phone: Person | None,
    by_email: Person | None,
    has_phone: bool,
    name: str,
) -> Person | None:
    """The member that a row names, None where it is a new person.

    `by_…` are the members whom the row's card, phone and e-mail find; `has_phone`, `name` are the row's own.

    :raises CardOfAnother: its phone, or its name where no identity proves it, is not the card holder's
    :raises EmailOfAnother: its e-mail finds somebody else than its phone or card
    """
    if by_card is not None:
        is_proven = by_card in (by_phone, by_email)
        phones_differ = by_phone is not by_card and (
            by_phone is not None or (has_phone and by_card.has_phone)
        )
        if phones_differ or not (is_proven or _may_be_one(by_card.name, name)):
            raise CardOfAnother
    person = by_card or by_phone
    if by_email is not None and person is None and not (has_phone and by_email.has_phone):
        return by_email
    if by_email is not None and by_email is not person:
        raise EmailOfAnother
    return person


def _may_be_one(known: str, told: str) -> bool:
    """Whether two normalised names could be one person's; an unknown name contradicts nothing."""
    return not known or not told or _folded(known) == _folded(told)


def _folded(name: str) -> str:
    return name.replace(" ", "").casefold()
