"""One person, several ids: after a merge the other member is an alias that keeps resolving.

What an alias did stays where it was written, so that a merge can be undone; whoever reads a person's past
asks for all their ids, and whoever takes an id in at a door goes on with the survivor's.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from members.models import Member


def survivor_of(member_id: UUID) -> UUID:
    """The id under which the person goes on: the member's own where they were never merged away."""
    return survivors_of([member_id])[member_id]


def survivors_of(member_ids: Iterable[UUID]) -> Mapping[UUID, UUID]:
    """The survivor of each. A merge points at the last survivor directly, so there is no chain to follow."""
    ids = set(member_ids)
    merged = Member.objects.filter(pk__any_of=ids, merged_into__isnull=False).values_list(
        "pk", "merged_into_id"
    )
    return {one: one for one in ids} | {pk: into for pk, into in merged if into is not None}


def ids_of(member_id: UUID) -> list[UUID]:
    """All ids of the person who goes on as `member_id`: their own first, then their aliases'."""
    return [
        member_id,
        *Member.objects.filter(merged_into=member_id).order_by("pk").values_list("pk", flat=True),
    ]


def ids_by_number(number: str) -> list[UUID]:
    """All ids of the person whom a member number names, whether it is their own or an alias's; or none."""
    named = Member.objects.filter(number=number).values_list("pk", "merged_into_id").first()
    return [] if named is None else ids_of(named[1] or named[0])
