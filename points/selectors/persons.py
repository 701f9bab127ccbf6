"""One person under several ids: what was asked under one may be asked again under another after a merge."""

from collections.abc import Callable, Mapping
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


def reference_of(*, kind: str, member_id: UUID, named: Callable[[UUID], str]) -> str:
    """The reference of what the member asks, as `named` makes it of their id.

    Where the person has asked the same under another id of theirs, it is that one: a retry after a merge, or
    after its undoing, hears the first answer.
    """
    others = ever_one_with(member_id) - {member_id}
    if others:
        before = Posting.objects.filter(
            kind=kind, member_id__in=others, source_ref__in=[named(one) for one in others]
        )
        asked = before.values_list("source_ref", flat=True).first()
        if asked is not None:
            return asked
    return named(member_id)


def held_as(*, unit_id: int, source_ref: str, member_id: UUID) -> UUID | None:
    """The other id of the same person for whom the reference was held; None: another's, or nobody's."""
    was = Hold.objects.filter(unit_id=unit_id, source_ref=source_ref).values_list("member_id", flat=True)
    held = was.first()
    return held if held is not None and held != member_id and held in ever_one_with(member_id) else None


def went_on_as(member: Member) -> Member | None:
    """The survivor, where the member was merged away since it was looked up."""
    return Member.objects.filter(aliases=member.pk).first()
