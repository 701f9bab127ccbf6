"""Whether a unit may have a member's data: the one place that every read across units asks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from common.sql import plain_array
from members.models import Consent, ConsentPurpose, ConsentText, DataAccess, Enrolment
from members.selectors.aliases import ids_of
from units.models import BusinessUnit


class Ground(StrEnum):
    """On what ground a unit may see personal data."""

    # The unit's own customer: the contract of the membership (PIPL, article 13 no. 2).
    ENROLMENT = "enrolment"
    # The member's own word (PIPL, articles 13 no. 1 and 23).
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member said last about a purpose and a unit; not `is_given` where nothing was said.

    `holds`: it is given, and to a version that still permits. `since`, `version`: None: nothing was said.
    """

    purpose: str
    unit: BusinessUnit
    is_given: bool
    holds: bool
    version: str | None
    since: datetime | None


_LAST_WORD: Final = """
SELECT c.is_given, NOT EXISTS (
           SELECT FROM members_consenttext newer
           WHERE newer.purpose = c.purpose AND newer.asks_again AND newer.published_at > told.published_at)
FROM members_consent c JOIN members_consenttext told ON told.id = c.text_id
WHERE c.member_id = ANY(%s::uuid[]) AND c.purpose = %s AND c.unit_id = %s
ORDER BY c.since DESC, c.id DESC
"""


def has_consent(*, member_id: UUID, purpose: ConsentPurpose, unit: BusinessUnit) -> bool:
    """Whether the member lets `unit` have their data for `purpose` at present. Nothing said is a no."""
    return last_word(member_ids=ids_of(member_id), purpose=purpose, unit=unit) is True


def last_word(
    *,
    member_ids: Collection[UUID],
    purpose: ConsentPurpose,
    unit: BusinessUnit,
    hold_to_the_end: bool = False,
) -> bool | None:
    """Yes or no as the person said last, under whichever of their ids (see ids_of); None: nothing was said.

    A yes to a version that was asked anew since is a no. `hold_to_the_end` of the transaction: a withdrawal
    waits for it, and whoever comes after a withdrawal finds it.
    """
    lock = "FOR SHARE OF c" if hold_to_the_end else ""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_WORD + lock, [plain_array(member_ids), purpose.value, unit.pk])
        rows = cursor.fetchall()
    return bool(rows[0][0] and rows[0][1]) if rows else None


def ground_of(*, member_id: UUID, unit: BusinessUnit, hold_to_the_end: bool = False) -> Ground | None:
    """On what ground `unit` may see the member's personal data; None: it may not.

    The member's word counts first, also against a unit of which they are a customer; unsaid, the enrolment.
    """
    ids = ids_of(member_id)
    word = last_word(member_ids=ids, purpose=ConsentPurpose.SHARE, unit=unit, hold_to_the_end=hold_to_the_end)
    if word is False:
        return None
    if Enrolment.objects.filter(member_id__in=ids, unit=unit).exists():
        return Ground.ENROLMENT
    return Ground.CONSENT if word else None


def members_who_consent(
    *, member_ids: Collection[UUID], purpose: ConsentPurpose, unit: BusinessUnit
) -> set[UUID]:
    """Of these members (survivors, not aliases) those who let `unit` have their data for `purpose`.

    For lists, campaigns, exports and webhooks: two statements, whatever the number.
    """
    given = Consent.objects.filter(
        member_id__any_of=list(member_ids), purpose=purpose, unit=unit, is_given=True
    )
    asked_again = last_asked_again(purpose)
    if asked_again is not None:
        given = given.filter(text__published_at__gte=asked_again)
    return set(given.values_list("member_id", flat=True))


def standings_of(*, member_id: UUID) -> list[Standing]:
    """The member's word on every purpose and active unit, by purpose and unit code."""
    consents = Consent.objects.filter(member_id__in=ids_of(member_id)).select_related("text")
    said: dict[tuple[str, int], Consent] = {}
    for consent in consents.order_by("since", "id"):
        said[consent.purpose, consent.unit_id] = consent
    asked_again = {purpose: last_asked_again(purpose) for purpose in ConsentPurpose}
    units = list(BusinessUnit.objects.filter(is_active=True).order_by("code"))
    return [
        _standing(purpose, unit, said.get((purpose.value, unit.pk)), asked_again[purpose])
        for purpose in ConsentPurpose
        for unit in units
    ]


def texts_in_force() -> Sequence[ConsentText]:
    """The newest text of each purpose."""
    newest = ConsentText.objects.order_by("purpose", "-published_at", "-id").distinct("purpose")
    by_purpose = {text.purpose: text for text in newest}
    return [by_purpose[purpose] for purpose in ConsentPurpose if purpose in by_purpose]


def last_asked_again(purpose: ConsentPurpose) -> datetime | None:
    """When members were last asked anew: consents to texts from before permit nothing."""
    texts = ConsentText.objects.filter(purpose=purpose, asks_again=True)
    return texts.order_by("-published_at").values_list("published_at", flat=True).first()


def accesses_of(*, member_id: UUID) -> QuerySet[DataAccess]:
    """Who looked at the member's data, unordered: the list's door orders its pages."""
    return DataAccess.objects.filter(member_id__in=ids_of(member_id)).select_related("unit")


def _standing(
    purpose: ConsentPurpose, unit: BusinessUnit, said: Consent | None, asked_again: datetime | None
) -> Standing:
    if said is None:
        return Standing(purpose, unit, is_given=False, holds=False, version=None, since=None)
    is_fresh = asked_again is None or said.text.published_at >= asked_again
    return Standing(purpose, unit, said.is_given, said.is_given and is_fresh, said.text.version, said.since)
