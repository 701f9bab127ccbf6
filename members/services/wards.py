"""Children whom a list or a counter brings: frozen from the start, until a guardian is on record."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from members.models import EventCause, EventKind, Member, MemberEvent, MemberStatus
from members.rules.ages import needs_guardian
from members.rules.candidate import Candidate
from members.rules.normalise import latest_today


def is_ward(birth_date: date | None, *, at: datetime) -> bool:
    """Whether a new member of this birth date needs a guardian."""
    return needs_guardian(birth_date, on=latest_today(at))


def freeze_wards(created: Sequence[tuple[UUID, Candidate]], *, by: str, at: datetime) -> None:
    """Freeze those of the new members who are under 14: two statements, none where there is no child."""
    wards = [member_id for member_id, told in created if is_ward(told.birth_date, at=at)]
    if not wards:
        return
    Member.objects.filter(pk__in=wards).update(status=MemberStatus.FROZEN)
    MemberEvent.objects.bulk_create(
        MemberEvent(member_id=ward, kind=EventKind.FROZEN, cause=EventCause.NO_GUARDIAN, by=by[:80], at=at)
        for ward in wards
    )
