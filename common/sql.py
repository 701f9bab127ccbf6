"""SQL with care: versioned files run by migrations, and retries of transactions that lost a race.

A file of `<app>/sql/` states its invariant in its first line and is never edited once released:
a change is a new file (`redeem_v2.sql`) and a new migration.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, migrations

Result = TypeVar("Result")

# serialization_failure, deadlock_detected, unique_violation: another came first, nothing was written.
LOST_RACES = {"40001", "40P01", "23505"}
TRIES = 4


def run_sql_file(app: str, name: str) -> migrations.RunSQL:
    """A migration operation that runs `<app>/sql/<name>.sql`. It has no way back: the journal only grows."""
    text = (Path(settings.BASE_DIR) / app / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    # A pair, not a bare string: PL/pgSQL bodies hold semicolons that must not be split.
    return migrations.RunSQL([(text, None)], reverse_sql=migrations.RunSQL.noop)


def retrying(operation: Callable[[], Result]) -> Result:
    """Run one whole transaction, again if it lost a race: three more times, with jitter.

    `operation` opens its own transaction or is one statement in autocommit; it must be safe to repeat.
    Inside an outer transaction nothing can be repeated, so the error goes to whoever opened that one.

    :raises django.db.DatabaseError: any other failure, or the fourth lost race
    """
    for attempt in range(1, TRIES + 1):
        try:
            return operation()
        except (DatabaseError, IntegrityError) as error:
            if attempt == TRIES or connection.in_atomic_block or sqlstate(error) not in LOST_RACES:
                raise
            time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 -- jitter, not a secret
    raise AssertionError("the last try returns or raises")


def rows(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What a plain statement reads. For reads that somebody waits for: the ORM composes each one anew."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def sqlstate(error: DatabaseError) -> str | None:
    """The SQLSTATE of a database error, where the server gave one."""
    return getattr(error.__cause__, "pgcode", None)


def plain_array(values: Iterable[object]) -> str:
    """An array literal of numbers, ids or codes, for `%s::int[]`: read far faster than ARRAY[1, 2, …]."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def instant_array(values: Iterable[datetime | None]) -> str:
    """An array literal of instants, for `%s::timestamptz[]`."""
    # Many rows of a batch share an instant, such as the midnight of their expiry: each object is told once.
    told: dict[int, str] = {id(None): "NULL"}
    listed = list(values)
    return "{" + ",".join([told.get(id(one)) or _instant(one, told) for one in listed]) + "}"


def _instant(instant: datetime | None, told: dict[int, str]) -> str:
    assert instant is not None, "nothing is told already"
    text = told[id(instant)] = f'"{instant.isoformat()}"'
    return text


def text_array(values: Sequence[str]) -> str:
    """An array literal of any texts, for `%s::text[]`."""
    # All at once: no text holds U+0000, which PostgreSQL takes in none, so that it may stand between them.
    joined = "\0".join(values)
    if joined.count("\0") > max(0, len(values) - 1):
        raise ValueError("PostgreSQL takes no text with U+0000")
    body = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
    return f'{{"{body}"}}' if values else "{}"
