"""One person under several ids: what was asked under one may be asked again under another after a merge."""

from collections.abc import Mapping
from uuid import UUID

from members.models import Member
from members.selectors.merges import ever_one_with
from points.models import Hold, Posting


def posted_as(*, kind: str, unit_id: int, members: Mapping[str, UUID]) -> Mapping[str, UUID]:
    """Of each reference asked for a member: the other id of the same person that it was posted under.

    A reference that was posted for somebody else, or under the id that asks, is not in the answer.
    """
    found = Posting.objects.filter(kind=kind, unit_id=unit_id, source_ref__in=list(members))
    return {
        ref: was
        for ref, was in found.values_list("source_ref", "member_id")
        if was != members[ref] and was in ever_one_with(members[ref])
    }


def held_as(*, unit_id: int, source_ref: str, member_id: UUID) -> UUID | None:
    """The other id of the same person for whom the reference was held; None: another's, or nobody's."""
    was = Hold.objects.filter(unit_id=unit_id, source_ref=source_ref).values_list("member_id", flat=True)
    held = was.first()
    return held if held is not None and held != member_id and held in ever_one_with(member_id) else None


def went_on_as(member: Member) -> Member | None:
    """The survivor, where the member was merged away since it was looked up."""
    return Member.objects.filter(aliases=member.pk).first()
