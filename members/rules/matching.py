"""Whose row is this? Exact identities first: a card of the unit, a phone, an e-mail; then likeness.

A phone decides. A card decides unless a phone, or where no phone can speak the name, contradicts it. An
e-mail decides only where no phone contradicts it, since couples share mailboxes more often than phones. A row
that points at two people is refused, never split or guessed: a person decides. Whom no exact identity finds
may be like somebody known (members/rules/linkage_model.py): linked where that is all but certain, else a
person is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from members.rules.linkage_veto import Veto

ASKS_MAX: Final = 5


class CardOfAnother(DomainError):
    """The unit's records already give this card to somebody else."""

    code = "card_of_another"
    title = _("This card already belongs to another member.")


class EmailOfAnother(DomainError):
    """The e-mail address already identifies a member whom the row's phone or card contradicts."""

    code = "email_of_another"
    title = _("This e-mail address already belongs to another member.")


class PhoneOfAnother(DomainError):
    """The row's only identity is a phone of somebody whose name is clearly another: a family shares it."""

    code = "phone_of_another"
    title = _("This phone belongs to a member of another name: give the row a card.")


@dataclass(slots=True, eq=False)
class Person:
    """A member as far as telling people apart needs."""

    id: UUID
    status: str
    name: str
    has_phone: bool
    birth_date: date | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like a row is to a member: score of 1, level of each field, what forbids a machine to link."""

    member_id: UUID
    score: float
    levels: Mapping[str, str]
    veto: Veto | None


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


def questions(likely: Sequence[Likeness], *, link_above: float, ask_above: float) -> list[Likeness]:
    """Whom a person is asked about where a row was linked to nobody, the likest first, five at most.

    Somebody who is at least `ask_above` like it, or shares its phone or e-mail.
    """
    best = {one.member_id: one for one in sorted(likely, key=lambda one: one.score)}
    asked = [
        replace(one, veto=Veto.TWO_LIKELY) if one.veto is None and one.score >= link_above else one
        for one in best.values()
        if one.score >= ask_above or one.veto in {Veto.SHARED_PHONE, Veto.SHARED_EMAIL}
    ]
    return sorted(asked, key=lambda one: -one.score)[:ASKS_MAX]


def _may_be_one(known: str, told: str) -> bool:
    """Whether two normalised names could be one person's; an unknown name contradicts nothing."""
    return not known or not told or _folded(known) == _folded(told)


def _folded(name: str) -> str:
    return name.replace(" ", "").casefold()
