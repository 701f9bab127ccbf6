"""A member's statement: the postings that moved their points, newest first."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from points.models import Entry, Posting

NEWEST_FIRST = ("-occurred_at", "-id")


def statement(*, member_id: UUID) -> QuerySet[Posting]:
    """The member's postings with their unit and their entries (two queries a page, however many postings)."""
    entries = Entry.objects.select_related("program").order_by("program__code", "id")
    return (
        Posting.objects.filter(member_id=member_id)
        .select_related("unit", "program")
        .prefetch_related(Prefetch("entries", queryset=entries))
        .order_by(*NEWEST_FIRST)
    )


def touching_program(postings: QuerySet[Posting], program_code: str) -> QuerySet[Posting]:
    """Those of `postings` that moved points of one program, whatever program the price was in."""
    return postings.filter(Exists(Entry.objects.filter(posting=OuterRef("pk"), program__code=program_code)))
