"""Archive a closed year: its journal in a file that proves itself, with a manifest that says what is in it.

The file is read back before anybody is told that it is there: every digest is made again from its lines, and
its totals are those that the database counts in the same snapshot. Nothing is taken out of the database: what
that would cost stands in ADR 0008.
"""

import gzip
import hashlib
import io
import json
import os
from dataclasses import asdict, dataclass
from datetime import MAXYEAR, MINYEAR, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from points.ledger import growing
from points.models import Seal
from points.rules.archives import ArchiveBroken, Reading
from points.selectors.seals import has_settled

FORMAT = "loyalty-archive-1"
# Transactions that began in the old year; one that runs longer is an operator's to look at.
_SETTLING_SECONDS = 30.0


class YearNotOver(DomainError):
    """Only a year that is over, and in which nothing can be posted any more, is archived. Facts: `year`."""

    code = "year_not_over"
    status = 422
    title = _("This year is not over.")


class NoSuchYear(DomainError):
    """The calendar has no such year, or none after it. Facts: `year`."""

    code = "no_such_year"
    status = 422
    title = _("There is no such year.")


class AlreadyArchived(DomainError):
    """There is an archive of that name already; nobody overwrites one. Facts: `file`."""

    code = "already_archived"
    title = _("There is an archive of this year here already.")


class ArchiveDiffers(DomainError):
    """What was read back is not what the database holds. Nothing is left behind under the archive's name."""

    code = "archive_differs"
    title = _("The archive read back differs from the journal.")


class NotAManifest(DomainError):
    """The file is not the manifest of an archive. Facts: `file`."""

    code = "not_a_manifest"
    status = 422
    title = _("This file is not the manifest of an archive.")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds. `totals`: rows and points by name; `seals`: number to digest, in hex.

    `sha256` is that of the compressed file. `starts_at` and `ends_at` are the year's first instant and the
    next one's; the postings are those with `first_id <= id < end_id`.
    """

    format: str
    year: int
    starts_at: str
    ends_at: str
    first_id: str
    end_id: str
    file: str
    sha256: str
    postings: int
    totals: dict[str, list[int]]
    units: dict[str, int]
    programs: dict[str, int]
    seals: dict[str, str]
    made_at: str


def archive_year(*, year: int, folder: Path, at: datetime) -> Manifest:
    """Write `journal-YEAR.jsonl.gz` and its manifest into `folder`, both whole or not there at all.

    :raises NoSuchYear: before year 1, or after 9998
    :raises YearNotOver: the year is not over at `at`, or a transaction of it is still running
    :raises AlreadyArchived: the folder has an archive of that year
    :raises ArchiveDiffers: what was read back does not fit; the disk or the journal is damaged
    """
    if not MINYEAR <= year < MAXYEAR:
        raise NoSuchYear(year=year)
    zone = ZoneInfo(settings.TIME_ZONE)
    starts_at, ends_at = (datetime(first, 1, 1, tzinfo=zone) for first in (year, year + 1))
    if at < ends_at or not has_settled(ends_at, seconds_max=_SETTLING_SECONDS):
        raise YearNotOver(year=year)
    file, told = folder / f"journal-{year}.jsonl.gz", folder / f"journal-{year}.manifest.json"
    if file.exists() or told.exists():
        raise AlreadyArchived(file=str(file))
    unfinished = folder / f".{file.name}.unfinished"
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # A year takes minutes; it is not a stuck request.
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            first_id, end_id = (
                growing.first_id_of_year(cursor, first, settings.TIME_ZONE) for first in (year, year + 1)
            )
            _write(unfinished, first_id, end_id)
            totals = growing.archive_totals(first_id=first_id, end_id=end_id)
            units, programs = (_codes(cursor, table) for table in ("units_businessunit", "points_program"))
            seals = {
                str(seal.number): bytes(seal.digest).hex()
                for seal in Seal.objects.filter(ends_at__gt=starts_at, starts_at__lt=ends_at)
            }
        reading, digest = _read_back(unfinished)
        if reading.totals != totals:
            raise ArchiveDiffers(read=reading.totals, counted=totals)
        manifest = Manifest(
            FORMAT, year, starts_at.isoformat(), ends_at.isoformat(), first_id, end_id, file.name, digest,
            reading.postings, totals, units, programs, seals, at.isoformat(),
        )  # fmt: skip
        _write_whole(told, json.dumps(asdict(manifest), indent=2, ensure_ascii=False) + "\n")
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def check_archive(manifest: Path) -> Manifest:
    """Read an archive again, wherever it has been since, and compare it with its manifest.

    :raises NotAManifest: `manifest` is another file
    :raises ArchiveDiffers: a byte of it has changed
    """
    try:
        told = Manifest(**json.loads(manifest.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as other:  # no JSON or no UTF-8; no object, or one of other names
        raise NotAManifest(file=str(manifest)) from other
    reading, digest = _read_back(manifest.with_name(told.file))
    if (digest, reading.totals, reading.postings) != (told.sha256, told.totals, told.postings):
        raise ArchiveDiffers(read=reading.totals, counted=told.totals)
    return told


def _write(file: Path, first_id: str, end_id: str) -> None:
    """The lines, compressed and on disk. Two archives of the same rows are equal byte for byte."""
    with file.open("wb") as target:
        with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as packed:
            for batch in growing.archive_lines(first_id=first_id, end_id=end_id):
                packed.write("".join(f"{line}\n" for line in batch).encode())
        target.flush()
        os.fsync(target.fileno())


def _read_back(file: Path) -> tuple[Reading, str]:
    """What the file says, and its SHA-256: from the disk, not from what we think we wrote."""
    with file.open("rb") as packed:
        digest = hashlib.file_digest(packed, "sha256").hexdigest()
    reading = Reading()
    try:
        with gzip.open(file, "rb") as stream:
            for line in io.TextIOWrapper(stream, encoding="utf-8"):
                reading.add(json.loads(line))
            reading.close()
    except (ArchiveBroken, OSError, EOFError, ValueError, KeyError) as broken:
        raise ArchiveDiffers(str(broken)) from broken
    return reading, digest


def _codes(cursor: Any, table: str) -> dict[str, int]:
    """What a code stands for in the digests."""
    cursor.execute(f"SELECT code, id FROM {table} ORDER BY id")  # noqa: S608 -- one of two tables above
    return dict(cursor.fetchall())


def _write_whole(file: Path, text: str) -> None:
    unfinished = file.with_name(f".{file.name}.unfinished")
    with unfinished.open("w", encoding="utf-8", newline="\n") as target:
        target.write(text)
        target.flush()
        os.fsync(target.fileno())
    unfinished.replace(file)
