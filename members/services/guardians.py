"""A guardian answers for a member under 14, and acts for them, until the 14th birthday."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from members.models import EventKind, Guardianship, Member, MemberEvent, MemberStatus
from members.rules.adulthood import is_adult
from members.rules.ages import guarded_until, needs_guardian
from members.rules.normalise import latest_today, normal_text
from members.services.households import MemberSuspended, NotAnAdult
from members.services.lifecycle import REASON_CHARACTERS_MAX, ReasonMissing, fit_to_guardians

CHILDREN_MAX: Final = 10


class NotAChild(DomainError):
    """Nobody answers for somebody of 14, or whose birth date nobody gave."""

    code = "not_a_child"
    title = _("Only members under 14, with a birth date, have a guardian.")


class TooManyChildren(DomainError):
    """Facts: `most`. More is a mistake or worse: a person looks into it."""

    code = "too_many_children"
    title = _("This member answers for as many children as one may.")


@transaction.atomic
def record_guardian(*, child: Member, guardian: Member, evidence: str, by: str, at: datetime) -> Guardianship:
    """Record who answers for `child` until their 14th birthday, and what was seen to prove it.

    A child who was frozen for want of a guardian is active from now on. The same pair again changes nothing.

    :raises NotAChild: they are 14 or more, or their birth date is unknown
    :raises NotAnAdult: the guardian is known to be under 18
    :raises MemberSuspended: the guardian is frozen or closed
    :raises TooManyChildren: they answer for ten already
    :raises ReasonMissing: no evidence
    """
    on = latest_today(at)
    seen = normal_text(evidence, characters_max=REASON_CHARACTERS_MAX, field="evidence")
    if not seen:
        raise ReasonMissing(field="evidence")
    # Both rows, by id: two guardians recorded at once for each other's children wait, and do not dead-lock.
    ids = sorted((child.pk, guardian.pk))
    people = {
        one.pk: one for one in Member.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    }
    child, guardian = people[child.pk], people[guardian.pk]
    if child.birth_date is None or not needs_guardian(child.birth_date, on=on):
        raise NotAChild
    if guardian.status != MemberStatus.ACTIVE:
        raise MemberSuspended
    if not is_adult(guardian.birth_date, on=on):
        raise NotAnAdult
    held = Guardianship.objects.filter(guardian=guardian, since__lte=on, until__gt=on)
    same = held.filter(child=child).first()
    if same is not None:
        return same
    if held.count() >= CHILDREN_MAX:
        raise TooManyChildren(most=CHILDREN_MAX)
    guardianship = Guardianship.objects.create(
        child=child,
        guardian=guardian,
        since=on,
        until=guarded_until(child.birth_date),
        evidence=seen,
        recorded_by=by,
        recorded_at=at,
    )
    MemberEvent.objects.create(member=child, kind=EventKind.GUARDED, reason=seen, by=by, at=at)
    fit_to_guardians(member_id=child.pk, by=by, at=at)
    return guardianship


@transaction.atomic
def end_guardianship(*, guardianship_id: UUID, reason: str, by: str, at: datetime) -> Guardianship:
    """End it today, before the 14th birthday. A child without another guardian is frozen. Twice ends once.

    :raises ReasonMissing: no reason
    """
    words = normal_text(reason, characters_max=REASON_CHARACTERS_MAX, field="reason")
    if not words:
        raise ReasonMissing(field="reason")
    on = latest_today(at)
    child_id = Guardianship.objects.values_list("child_id", flat=True).get(pk=guardianship_id)
    Member.objects.select_for_update(no_key=True).get(pk=child_id)
    guardianship = Guardianship.objects.get(pk=guardianship_id)
    if guardianship.until > on:
        guardianship.until = max(on, guardianship.since)
        guardianship.save(update_fields=["until"])
        MemberEvent.objects.create(member_id=child_id, kind=EventKind.GUARD_ENDED, reason=words, by=by, at=at)
        fit_to_guardians(member_id=child_id, by=by, at=at)
    return guardianship
