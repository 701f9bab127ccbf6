"""Guardians and the children they answer for."""

from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from common.errors import NotFound
from members.models import Guardianship, Member, MemberStatus


def guardianships_in_force(*, on: date) -> QuerySet[Guardianship]:
    """Those of a day whose guardian is active. They end by their date, without anybody's doing."""
    return Guardianship.objects.filter(since__lte=on, until__gt=on, guardian__status=MemberStatus.ACTIVE)


def has_guardian(*, child_id: UUID, on: date) -> bool:
    """Whether somebody answers for the child on a day."""
    return guardianships_in_force(on=on).filter(child_id=child_id).exists()


def ward_of(*, guardian_id: UUID, child_id: UUID, on: date) -> Member:
    """The child, for whom the guardian may act.

    :raises NotFound: they are not the child's guardian, or not any more
    """
    found = guardianships_in_force(on=on).filter(guardian_id=guardian_id, child_id=child_id)
    guardianship = found.select_related("child").first()
    if guardianship is None or guardianship.child.status == MemberStatus.CLOSED:
        raise NotFound
    return guardianship.child


def wards_of(*, guardian_id: UUID, on: date) -> list[Guardianship]:
    """The children whom the guardian answers for, each with the child."""
    found = guardianships_in_force(on=on).filter(guardian_id=guardian_id)
    return list(found.select_related("child").order_by("child_id"))
