"""A term of an explanation: what the postings of one kind added or took, and the snapshot it is read in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Sum


@dataclass(frozen=True, slots=True)
class Term:
    """What the postings of one kind added (or, negative, took): `postings` of them, `points` in all."""

    kind: str
    postings: int
    points: int


def terms_by_kind(rows: Any, *, sign: int) -> tuple[Term, ...]:
    """Sums of entries or draws by the kind of their posting, in the kinds' own order."""
    sums = (
        rows.values_list("posting__kind")
        .annotate(postings=Count("posting", distinct=True), moved=Sum("points"))
        .order_by("posting__kind")
    )
    return tuple(Term(kind, postings, sign * int(moved)) for kind, postings, moved in sums)


@contextmanager
def one_snapshot() -> Iterator[None]:
    """All queries of the block see one state, so that their sums agree while tills go on posting.

    Inside a transaction of the caller its isolation stands: nobody can raise it half-way.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
