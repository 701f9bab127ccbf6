"""Enrol somebody who stands at a counter, and keep which text of consent they were shown."""

from datetime import date, datetime
from typing import Final, TypedDict

from django.db import transaction

from common.sql import retrying
from members.models import ConsentPurpose, ConsentText, Enrolment
from members.services.consents import Choice, say_consents
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

    `consent_text` names the version of the text they agreed to; the enrolment keeps the latest. One that head
    office has published is a consent, given at the counter to this unit; others are the unit's own papers.

    :raises NothingIdentifies: neither a phone nor a card
    :raises CardOfAnother, EmailOfAnother, InvalidRequest: see enrol_member
    :raises ConsentTextOutdated: a newer version of that text is in force
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
        text = ConsentText.objects.filter(version=consent_text).first()
        if text is not None:
            choice = Choice(ConsentPurpose(text.purpose), unit, is_given=True, version=text.version)
            say_consents(member_id=enrolment.member_id, choices=[choice], channel=CHANNEL, by=by, at=at)
        return enrolment, is_new

    return retrying(enrol)
