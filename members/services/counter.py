"""Enrol somebody who stands at a counter, and keep which text of consent they were shown."""

from datetime import date, datetime
from typing import Final, TypedDict

from django.db import transaction

from common.sql import retrying
from members.models import Enrolment
from members.services.enrolment import enrol_member
from units.models import BusinessUnit

CHANNEL: Final = "counter"
CONSENT: Final = "consent_text"


class ToldAtCounter(TypedDict, total=False):
    """What somebody says of themself: a phone or the unit's card, and as much as they like."""

    phone: str
    legacy_card: str
    name: str
    email: str
    gender: str
    birth_date: date


def enrol_at_counter(
    *, unit: BusinessUnit, told: ToldAtCounter, consent_text: str, by: str, at: datetime
) -> tuple[Enrolment, bool]:
    """Make them a member at `unit`, or link them to the member they are. Returns it, and whether it is new.

    `consent_text` names the version of the text they agreed to; the enrolment keeps the latest.

    :raises NothingIdentifies: neither a phone nor a card
    :raises CardOfAnother, EmailOfAnother, InvalidRequest: see enrol_member
    """

    @transaction.atomic
    def enrol() -> tuple[Enrolment, bool]:
        enrolment = enrol_member(
            unit=unit,
            channel=CHANNEL,
            joined_at=at,
            by=by,
            at=at,
            attributes={CONSENT: consent_text},
            **told,
        )
        is_new = enrolment.created_at == at and enrolment.enrolled_by == by
        if enrolment.attributes.get(CONSENT) != consent_text:
            enrolment.attributes = {**enrolment.attributes, CONSENT: consent_text}
            enrolment.save(update_fields=["attributes"])
        return enrolment, is_new

    return retrying(enrol)
