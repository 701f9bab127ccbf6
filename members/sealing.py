"""A column of words that becomes sealed: for migrations that close with own keys what stood in clear."""

from typing import Any, Final
from uuid import UUID

from members.data_keys import MemberErased, keys_of
from members.vault import seal

_ROWS: Final = 2_000


def seal_column(connection: Any, *, table: str, column: str, owner: str, key: str = "id") -> int:
    """Make the text column `column` a sealed one, each row closed with its owner's key. How many had words.

    `owner` is an SQL expression over the row `t` that gives its member's id, or NULL: then the ring's key.
    Words about a member who was erased become a dash. The table's own guards rest meanwhile: only the shape
    changes.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(
            f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT,"
            f" ALTER COLUMN {column} TYPE bytea USING convert_to({column}, 'UTF8')"
        )
        done, last = 0, None
        while True:
            cursor.execute(
                f"SELECT t.{key}, {owner}, t.{column} FROM {table} t"  # noqa: S608 -- names of ours
                f" WHERE octet_length(t.{column}) > 0"
                + ("" if last is None else f" AND t.{key} > %s")
                + f" ORDER BY t.{key} LIMIT {_ROWS}",
                [] if last is None else [last],
            )
            rows = cursor.fetchall()
            if not rows:
                break
            cursor.executemany(
                f"UPDATE {table} SET {column} = %s WHERE {key} = %s",  # noqa: S608 -- same
                [(_closed(connection, who, bytes(words)), pk) for pk, who, words in rows],
            )
            done, last = done + len(rows), rows[-1][0]
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    return done


def _closed(connection: Any, owner: UUID | None, words: bytes) -> bytes:
    """What a constraint asks to be there stays there, even of somebody who was erased: a dash."""
    if owner is None:
        return seal(words.decode())
    try:
        return keys_of([owner], using=connection.alias)[owner].seal(words.decode())
    except MemberErased:
        return seal("—")
