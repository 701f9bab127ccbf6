"""Merges of members: the one that made somebody an alias, those of a person, all ids that were ever one."""

from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from members.models import MemberMerge, MemberUnmerge


def with_state() -> QuerySet[MemberMerge]:
    """All merges, each with whether it `is_undone`."""
    undone = MemberUnmerge.objects.filter(merge=OuterRef("pk"))
    return MemberMerge.objects.annotate(is_undone=Exists(undone))


def latest_merge_of(alias_id: UUID) -> MemberMerge | None:
    """The last merge that made the member an alias, undone or not."""
    return MemberMerge.objects.filter(alias_id=alias_id).order_by("-at", "-id").first()


def merges_of(member_id: UUID) -> QuerySet[MemberMerge]:
    """Every merge that the member took part in, newest first."""
    mine = with_state().filter(Q(survivor_id=member_id) | Q(alias_id=member_id))
    return mine.select_related("survivor", "alias").order_by("-at", "-id")


def ever_one_with(member_id: UUID) -> set[UUID]:
    """All ids that are or were one person with the member's, its own included, by merges undone or not.

    What a source reported under one of these ids and reports again under another is the same thing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE person AS ("
            " SELECT %s::uuid AS id UNION"
            " SELECT CASE WHEN m.alias_id = p.id THEN m.survivor_id ELSE m.alias_id END"
            " FROM person p JOIN members_membermerge m ON p.id IN (m.alias_id, m.survivor_id))"
            " SELECT id FROM person",
            [member_id],
        )
        return {found for (found,) in cursor.fetchall()}
