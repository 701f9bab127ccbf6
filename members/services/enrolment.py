"""Enrol one person at one unit."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction

from common.errors import DomainError
from common.sql import retrying
from members.models import Enrolment
from members.rules.candidate import Candidate
from members.rules.normalise import (
    ADDRESS_CHARACTERS_MAX,
    checked_birth_date,
    latest_today,
    normal_card,
    normal_email,
    normal_gender,
    normal_name,
    normal_phone,
    normal_text,
)
from members.services.enrolling import Desk, enrol_candidates
from units.models import BusinessUnit


def enrol_member(  # noqa: PLR0913 -- a person's description is this long
    *,
    unit: BusinessUnit,
    channel: str,
    joined_at: datetime,
    by: str,
    at: datetime,
    phone: str | None = None,
    email: str | None = None,
    legacy_card: str | None = None,
    name: str = "",
    birth_date: date | None = None,
    gender: str = "",
    address: str = "",
    tier_hint: str = "",
    attributes: Mapping[str, str] | None = None,
    is_generated: bool = False,
) -> Enrolment:
    """Make the person a member at `unit`, or link them to the member they already are. Returns the enrolment.

    A phone that any unit knows is the same member; the unit's same card again returns the same enrolment.
    Safe to retry. Two units that enrol one phone at the same moment make one member: the unique index on
    active identities decides, and the loser looks again.

    :raises NothingIdentifies: neither a phone nor a legacy card
    :raises CardOfAnother: the unit's records give this card to somebody else
    :raises EmailOfAnother: the e-mail identifies somebody whom phone or card contradicts
    :raises InvalidRequest: a value that has no normal form (BadPhone, BadEmail, FutureDate …)
    """
    candidate = Candidate(
        joined_at=joined_at,
        legacy_card=normal_card(legacy_card) if legacy_card else None,
        phone=normal_phone(phone) if phone else None,
        email=normal_email(email) if email else None,
        name=normal_name(name),
        birth_date=birth_date and checked_birth_date(birth_date, today=latest_today(at)),
        gender=normal_gender(gender),
        address=normal_text(address, characters_max=ADDRESS_CHARACTERS_MAX, field="address"),
        tier_hint=normal_text(tier_hint, characters_max=40, field="tier_hint"),
        attributes=attributes or {},
    )

    @transaction.atomic
    def enrol() -> Enrolment:
        (ending,) = enrol_candidates(
            unit=unit, candidates=[candidate], desk=Desk(channel, by, at, is_generated=is_generated)
        )
        if isinstance(ending, DomainError):
            raise ending
        mine = Enrolment.objects.filter(unit=unit, member_id=ending.member_id).order_by("pk")
        asked = mine.filter(legacy_card=candidate.legacy_card) if candidate.legacy_card else mine
        return asked[:1].get()

    return retrying(enrol)
