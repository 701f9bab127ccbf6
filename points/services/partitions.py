"""The journal in parts by year: parting the tables once, and making the parts of coming years in time.

An entry or a draw belongs to the year in which its posting was posted: ids of postings are UUIDv7, so a year
is a range of ids. Years begin at midnight of `settings.TIME_ZONE`. Most ledgers never need it: ADR 0008 says
when.
"""

from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.db import connection
from django.utils.timezone import localtime

from common.errors import DomainError
from points.ledger import growing

# Table and the noun of its guards. Postings are not among them: a source reference posts once for ever.
TABLES = {"points_entry": "entry", "points_draw": "draw"}
# With the year that runs, so many are ready: a job that fails for a year harms nothing.
YEARS_AHEAD = 2


class Owner(Protocol):
    """A connection of loyalty_owner, in autocommit: what reads and prepares must not hold locks meanwhile."""

    def cursor(self) -> Any: ...


class AlreadyParted(DomainError):
    """The tables are in parts already: nothing to do."""

    code = "already_parted"


def is_parted() -> bool:
    """Whether the journal is in parts by year."""
    with connection.cursor() as cursor:
        return growing.parts_of(cursor, "points_entry") > 0


def make_coming_parts(*, at: datetime) -> int:
    """Make what is missing of the parts to the end of the `YEARS_AHEAD`th year after `at`; how many.

    Rows that came before their part was made wait in the default part, and become the part of their years.
    """
    return growing.make_coming_parts(at=at, years=YEARS_AHEAD, zone=settings.TIME_ZONE)


def partition_journal(*, owner: Owner, at: datetime) -> int:
    """Part the entries and the draws by year; how many parts there are. What is written is the first part.

    The long work (a unique index, the proof that every row lies below the bound) goes on beside readers and
    writers. Then the names change in one transaction that waits at most three seconds for its locks and moves
    no row.

    :raises AlreadyParted: nothing to do
    :raises django.db.OperationalError: the tables were too busy for that; nothing has changed, call it again
    """
    year = localtime(at).year
    with owner.cursor() as cursor:
        if growing.parts_of(cursor, "points_entry"):
            raise AlreadyParted
        end = growing.first_id_of_year(cursor, year + 1, settings.TIME_ZONE)
        try:
            for table in TABLES:
                _prepare(cursor, table, end)
            growing.part_tables(
                cursor, tables=TABLES, year=year, zone=settings.TIME_ZONE, at=at, years=YEARS_AHEAD
            )
        finally:
            # Left behind, the bound would refuse next year's rows.
            for table in TABLES:
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_until")
        return sum(growing.parts_of(cursor, table) for table in TABLES)


def _prepare(cursor: Any, table: str, end: str) -> None:
    cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {table}_id_posting")  # of a run that was ended
    cursor.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {table}_id_posting ON {table} (id, posting_id)")
    cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_until")
    cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_until CHECK (posting_id < '{end}') NOT VALID")
    cursor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_until")
