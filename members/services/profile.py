"""A member edits their own profile."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypedDict
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, InvalidRequest
from members.models import Member
from members.rules.normalise import (
    ADDRESS_CHARACTERS_MAX,
    checked_birth_date,
    latest_today,
    normal_gender,
    normal_name,
    normal_text,
)
from members.services.blocking import refresh_match_keys
from members.services.lifecycle import fit_to_guardians


class BirthDateIsSet(DomainError):
    """A birth date is told once: birthday benefits hang on it. An operator mends a mistake."""

    code = "birth_date_is_set"
    title = _("The birth date was given before and cannot be changed here.")


class NameMissing(InvalidRequest):
    """A name can be changed, not taken away."""

    code = "name_missing"
    title = _("The name must not be empty.")


class ProfileChanges(TypedDict, total=False):
    """What a member may change of themself; what is absent stays."""

    name: str
    gender: str
    birth_date: date
    address: str


@transaction.atomic
def edit_profile(
    *, member_id: UUID, changes: ProfileChanges, expect: Callable[[Member], None], at: datetime
) -> Member:
    """Change what `changes` names. Returns the member as stored.

    `expect` sees the member under its row lock and raises if it is not as the caller last saw it.

    :raises BirthDateIsSet: another birth date than the one on record
    :raises NameMissing: an empty name
    :raises InvalidRequest: a value that has no normal form
    """
    member = Member.objects.select_for_update(no_key=True).get(pk=member_id)
    expect(member)
    if "name" in changes:
        member.name = normal_name(changes["name"])
        if not member.name:
            raise NameMissing(field="name")
    if "gender" in changes:
        member.gender = normal_gender(changes["gender"])
    if "address" in changes:
        member.address = normal_text(
            changes["address"], characters_max=ADDRESS_CHARACTERS_MAX, field="address"
        )
    if "birth_date" in changes and changes["birth_date"] != member.birth_date:
        if member.birth_date is not None:
            raise BirthDateIsSet
        member.birth_date = checked_birth_date(changes["birth_date"], today=latest_today(at))
    member.save(update_fields=sorted(changes))
    if "birth_date" in changes:
        # Who says they are under 14 needs a guardian first.
        member = fit_to_guardians(member_id=member_id, by=f"member:{member_id}", at=at)
    refresh_match_keys([member.pk])
    return member
