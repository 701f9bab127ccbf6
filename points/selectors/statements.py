"""A member's statement: the postings that moved their points, newest first."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.fields.json import KT

from members.selectors.aliases import ids_of
from points.models import Entry, Posting, PostingKind

NEWEST_FIRST = ("-occurred_at", "-id")


def statement(*, member_id: UUID) -> QuerySet[Posting]:
    """The member's postings with their unit and their own entries (two queries a page, however many).

    A transfer or a move between two members stands in both statements, each with its own side of it. After
    a merge it tells of all numbers of the person; what moved between these is no news and left out.
    """
    ids = ids_of(member_id)
    entries = (
        Entry.objects.filter(member_id__in=ids).select_related("program").order_by("program__code", "id")
    )
    # Each side of the OR has its index (posting_statement, posting_received): two look-ups, one sort.
    received = Q(detail__has_key="to", came_to__in=[str(one) for one in ids])
    mine = Posting.objects.alias(came_to=KT("detail__to")).filter(Q(member_id__in=ids) | received)
    if len(ids) > 1:
        moves = Q(kind=PostingKind.MOVE) | Q(kind=PostingKind.REVERSAL)
        mine = mine.exclude(moves & received & Q(member_id__in=ids))
    return (
        mine.select_related("unit", "program")
        .prefetch_related(Prefetch("entries", queryset=entries))
        .order_by(*NEWEST_FIRST)
    )


def touching_program(postings: QuerySet[Posting], program_code: str) -> QuerySet[Posting]:
    """Those of `postings` that moved points of one program, whatever program the price was in."""
    return postings.filter(Exists(Entry.objects.filter(posting=OuterRef("pk"), program__code=program_code)))
