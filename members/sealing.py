"""A column of words that becomes sealed: for migrations that close with own keys what stood in clear."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from members.data_keys import MemberErased, keys_of
from members.vault import DESTROYED

_ROWS: Final = 2_000


def seal_column(connection: Any, *, table: str, column: str, owner: str, key: str = "id") -> int:
    """Make the text column `column` a sealed one, each row closed with its owner's key. How many had words.

    `owner` is an SQL expression over the row `t` that gives its member's id. Words about a member who was
    erased are lost: what stands there opens to nothing. The table's own guards rest meanwhile.
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


def seal_words(connection: Any, words: Sequence[tuple[UUID, str]]) -> list[bytes]:
    """Each (owner, text) closed with the owner's key; of one who was erased, what opens to nothing."""
    return [_closed(connection, owner, text.encode()) for owner, text in words]


def _closed(connection: Any, owner: UUID, words: bytes) -> bytes:
    try:
        return keys_of([owner], using=connection.alias)[owner].seal(words.decode())
    except MemberErased:
        return DESTROYED
