"""Consents are given and withdrawn: in the app, at a counter or at a desk. Each word is kept, the last holds.

Withdrawing is as easy as giving (PIPL, article 15): the same call, and it names no version. It waits for
whoever is reading under the consent; once it is committed, nobody reads any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, InvalidRequest
from common.outbox import publish
from members.models import Consent, ConsentAct, ConsentEvent, ConsentPurpose, ConsentText, Member
from members.selectors.consents import texts_in_force
from units.models import BusinessUnit

CHANGED: Final = "members.consent_changed"


class ConsentTextOutdated(DomainError):
    """What they were shown is not the text in force. Facts: `version`, the one to show."""

    code = "consent_text_outdated"
    title = _("Another version of this text is in force. Please read it first.")


class ConsentTextMissing(InvalidRequest):
    """Whoever agrees says to which version."""

    code = "consent_text_missing"
    title = _("Please say which version of the text you agree to.")


class NoConsentText(DomainError):
    """Head office has published no text for this purpose yet."""

    code = "no_consent_text"
    title = _("There is no text for this purpose yet.")


class TextVersionTaken(DomainError):
    """A version names one text for ever."""

    code = "text_version_taken"
    title = _("This version was published before. Choose another name.")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a member says: yes (to a version of the text) or no, to a purpose of a unit."""

    purpose: ConsentPurpose
    unit: BusinessUnit
    is_given: bool
    version: str = ""


@transaction.atomic
def say_consents(
    *, member_id: UUID, choices: Sequence[Choice], channel: str, by: str, at: datetime
) -> list[ConsentEvent]:
    """Record each choice that says something new, in order. Returns the events; saying it again adds none.

    :raises ConsentTextMissing: a yes without a version
    :raises ConsentTextOutdated: a yes to another version than the one in force
    :raises NoConsentText: nothing was ever published for the purpose
    """
    # The member's row: their words come one at a time, in an order.
    Member.objects.select_for_update(no_key=True).get(pk=member_id)
    texts = {text.purpose: text for text in texts_in_force()}
    said = {(one.purpose, one.unit_id): one for one in Consent.objects.filter(member_id=member_id)}
    events: list[ConsentEvent] = []
    for choice in choices:
        text = _text(choice, texts)
        before = said.get((choice.purpose, choice.unit.pk))
        if before is not None and before.is_given == choice.is_given and before.text_id == text.pk:
            continue
        if before is not None and not choice.is_given:
            if not before.is_given:
                continue
            # A withdrawal is of what was agreed to.
            text = before.text
        events.append(
            ConsentEvent.objects.create(
                member_id=member_id,
                purpose=choice.purpose,
                unit=choice.unit,
                text=text,
                act=ConsentAct.GIVEN if choice.is_given else ConsentAct.WITHDRAWN,
                channel=channel,
                by=by,
                at=at,
            )
        )
        publish(
            kind=CHANGED,
            subject=member_id,
            at=at,
            payload={
                "purpose": choice.purpose.value,
                "unit": choice.unit.code,
                "is_given": choice.is_given,
            },
        )
    return events


def publish_text(
    *,
    purpose: ConsentPurpose,
    version: str,
    title_zh: str,
    title_en: str,
    words_zh: str,
    words_en: str,
    asks_again: bool,
    by: str,
    at: datetime,
) -> ConsentText:
    """Put a new version in force from now on.

    :raises TextVersionTaken: the version names another text
    """
    if ConsentText.objects.filter(version=version).exists():
        raise TextVersionTaken(version=version)
    return ConsentText.objects.create(
        purpose=purpose,
        version=version,
        title_zh=title_zh,
        title_en=title_en,
        words_zh=words_zh,
        words_en=words_en,
        asks_again=asks_again,
        published_at=at,
        published_by=by,
    )


def _text(choice: Choice, texts: dict[str, ConsentText]) -> ConsentText:
    """The text that the choice is about: the one in force."""
    text = texts.get(choice.purpose)
    if text is None:
        raise NoConsentText
    if choice.is_given and not choice.version:
        raise ConsentTextMissing(field="version")
    if choice.is_given and choice.version != text.version:
        raise ConsentTextOutdated(version=text.version)
    return text
