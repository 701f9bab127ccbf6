"""What the kernel does about its own size: parts by year, and the lines of an archive."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from points.ledger.calls import one

LINES_A_FETCH = 5_000


def make_coming_parts(*, at: datetime, years: int, zone: str) -> int:
    """Make what is missing of the parts to the end of the `years`th year after `at`; how many. Repeatable."""
    made: int = one("SELECT points_make_coming_parts(%s, %s, %s)", [at, years, zone])[0]
    return made


def part_tables(
    owner: Any, *, tables: Mapping[str, str], year: int, zone: str, at: datetime, years: int
) -> None:
    """Put tables of parts in the place of plain ones, by the owner's cursor: names change and no row moves.

    `tables` with their guards' nouns. Many statements in one text are one transaction, taken back as a whole
    if one fails; it waits three seconds for its locks.
    """
    end = first_id_of_year(owner, year + 1, zone)
    calls = "".join(
        f"SELECT points_part_table('{table}', '{noun}', '{table}_id_posting', {year}, '{end}');"
        for table, noun in tables.items()
    )
    owner.execute(
        f"SET LOCAL lock_timeout = '3s'; {calls} SELECT points_make_coming_parts(%s, %s, %s)",
        [at, years, zone],
    )


def parts_of(cursor: Any, table: str) -> int:
    """How many parts a table has; 0: it is in one piece."""
    cursor.execute("SELECT count(*) FROM points_parts(%s::regclass)", [table])
    parts: int = cursor.fetchone()[0]
    return parts


def first_id_of_year(cursor: Any, year: int, zone: str) -> str:
    """The first id that a posting of a calendar year can have."""
    cursor.execute("SELECT points_first_id_of_year(%s, %s)::text", [year, zone])
    first: str = cursor.fetchone()[0]
    return first


def archive_lines(*, first_id: str, end_id: str) -> Iterator[list[str]]:
    """The rows of the postings `first_id <= id < end_id` as JSON lines, in batches; needs a transaction."""
    assert connection.in_atomic_block, "a server-side cursor lives in a transaction"
    # Named by hand: inside a transaction a server-side cursor works behind PgBouncer too.
    with connection.connection.cursor(name="archive") as rows:
        rows.itersize = LINES_A_FETCH
        rows.execute("SELECT * FROM points_archive_lines(%s, %s)", [first_id, end_id])
        while batch := rows.fetchmany(LINES_A_FETCH):
            yield [line for (line,) in batch]


def archive_totals(*, first_id: str, end_id: str) -> dict[str, list[int]]:
    """What those lines must come to: rows and points by name."""
    (text,) = one("SELECT points_archive_totals(%s, %s)::text", [first_id, end_id])
    totals: dict[str, list[int]] = json.loads(text)
    return totals
