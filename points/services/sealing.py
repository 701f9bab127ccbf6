"""Seal the journal day by day: a signed Merkle root over every posting of the day, chained to the day before.

Nothing of a seal depends on transaction numbers once it stands, so it survives dump, restore and failover.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from common.sql import retrying
from points import seal_files, seal_keys
from points.models import Posting, Seal
from points.rules.merkle import in_blocks, root_of_hashes, tree_root
from points.rules.seals import BEGINNING, NO_SEAL_BEFORE, Block, SealContent, day_ends
from points.selectors.audit.postings import changed_postings
from points.selectors.seals import database_now, has_settled, last_seal, leaves_between, totals_between

SETTLE_SECONDS = 30.0
NAMED_MAX = 20


class SealDeferred(DomainError):
    """A transaction from before the cut-off is still running. Facts: `ends_at`. The next run seals."""

    code = "seal_deferred"
    title = _("A transaction from before the cut-off is still running.")
    retry_after = 60


class SealInProgress(DomainError):
    """Another process is sealing."""

    code = "seal_in_progress"
    title = _("Another process is sealing the journal.")
    retry_after = 60


class SealKeyMissing(DomainError):
    """There is no key to sign with in this process."""

    code = "seal_key_missing"
    title = _("There is no key to sign seals with.")


class SealEndsTooEarly(DomainError):
    """What is to be sealed is sealed already. Facts: `sealed_until`."""

    code = "seal_ends_too_early"
    title = _("The journal is sealed beyond this instant already.")


class PostingsWereChanged(DomainError):
    """Postings do not fit their digests: a seal would vouch for them. Facts: `postings`, the first ones."""

    code = "postings_were_changed"
    title = _("Postings were changed behind the ledger's back: they cannot be sealed.")


class SealDiffersFromFile(DomainError):
    """A seal's file says something else than its row, and is left as it is. Facts: `number`, `file`."""

    code = "seal_differs_from_file"
    title = _("A seal and its file disagree.")


def seal_days(*, until: datetime, settle_seconds: float = SETTLE_SECONDS) -> list[Seal]:
    """Seal each local day (SEAL_TIME_ZONE) that is over at `until` and not sealed yet; the new seals.

    Days that were missed get one seal each. Files that are missing are written, also those of earlier seals.

    :raises SealDeferred: nothing of these days is sealed
    :raises SealInProgress, SealKeyMissing, PostingsWereChanged, SealDiffersFromFile: see each
    """
    last = last_seal()
    after = last.ends_at if last else _first_posted_at()
    if after is None:
        return []
    until = min(until, database_now())
    ends = list(day_ends(after=after, until=until, time_zone=settings.SEAL_TIME_ZONE))
    return _seal_each(ends, settle_seconds=settle_seconds)


def seal_until(*, ends_at: datetime, settle_seconds: float = SETTLE_SECONDS) -> Seal:
    """One seal over all that was posted before `ends_at` and is not sealed yet.

    :raises SealEndsTooEarly: the last seal ends then, or later
    :raises InstantYetToCome: `ends_at` lies ahead of the database's clock
    :raises SealDeferred, SealInProgress, SealKeyMissing, PostingsWereChanged, SealDiffersFromFile: see each
    """
    last = last_seal()
    if last is not None and last.ends_at >= ends_at:
        raise SealEndsTooEarly(sealed_until=last.ends_at.isoformat())
    (seal,) = _seal_each([ends_at], settle_seconds=settle_seconds)
    return seal


def keep_files() -> int:
    """Write the file of every seal that has none; how many were written.

    :raises SealDiffersFromFile: a file says something else; it is not touched
    """
    kept, written = seal_files.kept_numbers(), 0
    for seal in Seal.objects.order_by("number").iterator():
        if seal.number not in kept:
            seal_files.write(seal)
            written += 1
        elif seal_files.read(seal.number) != seal_files.as_file(seal):
            raise SealDiffersFromFile(number=seal.number, file=str(seal_files.file_of(seal.number)))
    return written


def _seal_each(ends: Sequence[datetime], *, settle_seconds: float) -> list[Seal]:
    if ends and not seal_keys.may_sign():
        raise SealKeyMissing
    # Before anything new is vouched for, what was sealed must still agree with what left the house.
    keep_files()
    # What has settled before the last cut-off has settled before all.
    if ends and not has_settled(ends[-1], seconds_max=settle_seconds):
        raise SealDeferred(ends_at=ends[-1].isoformat())
    seals = []
    for end in ends:
        seals.append(retrying(partial(_seal, end)))
        seal_files.write(seals[-1])
    return seals


def _seal(ends_at: datetime) -> Seal:
    """One transaction: read all of the range in one snapshot, prove it, sign it, write the row."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('points.seal')), clock_timestamp()")
        is_alone, sealed_at = cursor.fetchone()
        if not is_alone:
            raise SealInProgress
        last = last_seal()
        starts_at = last.ends_at if last else BEGINNING
        if starts_at >= ends_at:
            raise SealEndsTooEarly(sealed_until=starts_at.isoformat())
        changed = changed_postings(cursor, starts_at=starts_at, ends_at=ends_at, limit=NAMED_MAX)
        if changed:
            raise PostingsWereChanged(postings=changed)
        content = _content_of(last, starts_at, ends_at, sealed_at)
        digest = content.digest()
        return Seal.objects.create(
            number=content.number,
            starts_at=starts_at,
            ends_at=ends_at,
            postings=content.postings,
            totals=content.totals,
            root=content.root,
            blocks=content.as_json()["blocks"],
            previous=content.previous,
            sealed_at=sealed_at,
            key=content.key,
            digest=digest,
            signature=seal_keys.sign(digest),
        )


def _content_of(
    last: Seal | None, starts_at: datetime, ends_at: datetime, sealed_at: datetime
) -> SealContent:
    blocks: list[Block] = []
    roots: list[bytes] = []
    postings = 0
    for block in in_blocks(leaves_between(starts_at, ends_at)):
        roots.append(tree_root(leaf.digest for leaf in block))
        blocks.append(Block(first=block[0].posting, root=roots[-1].hex()))
        postings += len(block)
    return SealContent(
        number=last.number + 1 if last else 1,
        starts_at=starts_at,
        ends_at=ends_at,
        postings=postings,
        totals=totals_between(starts_at, ends_at),
        root=root_of_hashes(roots),
        blocks=tuple(blocks),
        previous=bytes(last.digest) if last else NO_SEAL_BEFORE,
        sealed_at=sealed_at,
        key=seal_keys.present_key(),
    )


def _first_posted_at() -> datetime | None:
    return Posting.objects.order_by("pk").values_list("posted_at", flat=True).first()
