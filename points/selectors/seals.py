"""Seals read back: the last one, what a range of instants holds, when a past instant has settled."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, connections
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from points.models import Seal

LEAVES_A_FETCH = 20_000
# Ids are UUIDv7 of the instant that `posted_at` says, but for what one call of the kernel takes.
ID_MARGIN = timedelta(hours=1)
_POLL_SECONDS = 0.05


class InstantYetToCome(DomainError):
    """What is to come cannot be said. Facts: `now`, by the database's clock."""

    code = "instant_yet_to_come"
    status = 422
    title = _("This instant is yet to come.")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A posting as the Merkle tree takes it in."""

    posting: str
    digest: bytes


def last_seal(*, using: str = "default") -> Seal | None:
    """The newest seal; None: nothing is sealed yet."""
    return Seal.objects.using(using).order_by("-number").first()


def lowest_id(at: datetime) -> UUID:
    """The smallest UUIDv7 that a posting of the instant `at` or later can have, less an hour's margin.

    With it the primary key finds a span of time; `posted_at` has no index of its own.
    """
    # In milliseconds, since an hour before the first year there is no datetime.
    milliseconds = max(0, int((at.timestamp() - ID_MARGIN.total_seconds()) * 1000))
    return UUID(int=milliseconds << 80)


def highest_id(at: datetime) -> UUID:
    """An id greater than that of any posting before the instant `at`, with the same margin."""
    return UUID(int=int((at + ID_MARGIN).timestamp() * 1000) << 80)


def leaves_between(starts_at: datetime, ends_at: datetime, *, using: str = "default") -> Iterator[Leaf]:
    """The postings of `[starts_at, ends_at)` in the order of their ids. Streams; needs a transaction."""
    assert connections[using].in_atomic_block, "a server-side cursor lives in a transaction"
    with connections[using].connection.cursor(name="leaves") as rows:
        rows.itersize = LEAVES_A_FETCH
        rows.execute(
            """
            SELECT id::text, digest FROM points_posting
            WHERE id >= %s AND id < %s AND posted_at >= %s AND posted_at < %s ORDER BY points_posting.id
            """,
            [str(lowest_id(starts_at)), str(highest_id(ends_at)), starts_at, ends_at],
        )
        for posting, digest in rows:
            yield Leaf(posting, bytes(digest))


def totals_between(
    starts_at: datetime, ends_at: datetime, *, using: str = "default"
) -> dict[str, dict[str, int]]:
    """By kind, how many postings `[starts_at, ends_at)` holds and their points."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            """
            SELECT kind, count(*), sum(points) FROM points_posting
            WHERE id >= %s AND id < %s AND posted_at >= %s AND posted_at < %s GROUP BY kind ORDER BY kind
            """,
            [lowest_id(starts_at), highest_id(ends_at), starts_at, ends_at],
        )
        return {kind: {"postings": count, "points": int(points)} for kind, count, points in cursor.fetchall()}


def database_now() -> datetime:
    """The clock that dates postings."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
        return at


def has_settled(at: datetime, *, seconds_max: float) -> bool:
    """Wait until every posting dated before `at` is committed or never will be; False: not within that time.

    The kernel dates a posting after it locked the wallet, so after its transaction took a number. Whatever is
    dated before `at` therefore has a number below one that is taken once `at` is past; when none below that
    is running any more, nothing is left to come. (A snapshot's own `xmax` would not do: it is one more than
    the last number that *ended*, and a younger one may be running.) Transactions of other databases on the
    server are waited for as well: PostgreSQL tells no difference.

    :raises InstantYetToCome: `at` lies ahead of the database's clock
    """
    assert not connection.in_atomic_block, "each look needs a snapshot of its own"
    with connection.cursor() as cursor:
        now = database_now()
        if now < at:
            raise InstantYetToCome(now=now.isoformat())
        # A transaction of its own, over at once: its number is greater than all that were taken before.
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (taken,) = cursor.fetchone()
        give_up_at = time.monotonic() + seconds_max
        while True:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            if cursor.fetchone()[0] > taken:
                return True
            if time.monotonic() >= give_up_at:
                return False
            time.sleep(_POLL_SECONDS)
