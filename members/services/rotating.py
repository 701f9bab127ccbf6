"""The key ring turns: data keys are wrapped by its newest key, online, and go on where they were stopped.

Fields are not written again: they hang on their member's data key, which stays. Only what was closed with the
ring itself is: what belongs to no member, and fields from before members had keys.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db import connection, transaction
from psycopg2 import sql
from psycopg2.extras import execute_values

from members.data_keys import keys_of
from members.models.encrypted_field import EncryptedField
from members.vault import newest_key_id, rewrapped, seal, unseal

CHUNK_ROWS: Final = 2_000
_RING: Final = b"\x01"


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many data keys were wrapped anew, and how many fields were closed anew."""

    keys: int
    fields: int


def rotate_keys(
    *,
    chunk_rows: int = CHUNK_ROWS,
    chunks_max: int | None = None,
    on_progress: Callable[[int], None] = lambda _done: None,
) -> Rotated:
    """Bring all that hangs on older keys of the ring to its newest, a chunk a transaction; again goes on.

    Rows that somebody changes meanwhile are left as they made them. `chunks_max`: stop after so many chunks.
    """
    keys = _walk(lambda: _rewrap(chunk_rows), chunks_max, on_progress)
    if chunks_max is not None:
        return Rotated(keys, 0)
    fields = sum(
        _walk(lambda column=column: _reseal(column, chunk_rows), None, on_progress)  # type: ignore[misc]  # mypy cannot infer it
        for column in _columns()
    )
    return Rotated(keys, fields)


def ring_census() -> dict[str, int]:
    """Key id (hex) → data keys and fields that hang on it: one that is not named here may leave the ring."""
    counts: Counter[str] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(substring(wrapped from 2 for 4), 'hex'), count(*) FROM members_memberkey"
            " WHERE destroyed_at IS NULL GROUP BY 1"
        )
        counts.update(dict(cursor.fetchall()))
        for column in _columns():
            cursor.execute(
                sql.SQL(
                    "SELECT encode(substring({column} from 2 for 4), 'hex'), count(*) FROM {table}"
                    " WHERE substring({column} from 1 for 1) = '\\x01'::bytea GROUP BY 1"
                ).format(**column.names)
            )
            counts.update(dict(cursor.fetchall()))
    return dict(counts)


@dataclass(frozen=True, slots=True)
class _Column:
    """Where sealed texts stand. `owner`: the column of the member's id; None: nobody's."""

    names: dict[str, sql.Identifier]
    owner: sql.Identifier | None


def _columns() -> list[_Column]:
    """Every encrypted column of every app that the ring may have closed.

    Not those whose owner is found by way of another row: their rows are written once, with the owner's key.
    """
    found = []
    for model in apps.get_models():
        meta = model._meta  # noqa: SLF001 -- Django's documented model API
        for field in meta.concrete_fields:
            if isinstance(field, EncryptedField) and "." not in (field.owner or ""):
                names = {"table": meta.db_table, "column": field.column, "key": meta.pk.column}
                # `member_id` is the attribute and the column of a foreign key alike.
                owner = None if field.owner is None else sql.Identifier(field.owner)
                found.append(_Column({name: sql.Identifier(told) for name, told in names.items()}, owner))
    return found


def _walk(chunk: Callable[[], int], chunks_max: int | None, on_progress: Callable[[int], None]) -> int:
    done, chunks = 0, 0
    while chunks_max is None or chunks < chunks_max:
        count = chunk()
        if not count:
            break
        done, chunks = done + count, chunks + 1
        on_progress(done)
    return done


@transaction.atomic
def _rewrap(rows: int) -> int:
    """Wrap the next keys anew. They are locked in id order, like everything that locks several."""
    newest = newest_key_id()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT member_id, wrapped FROM members_memberkey"
            " WHERE destroyed_at IS NULL AND substring(wrapped from 2 for 4) <> %s"
            " ORDER BY member_id LIMIT %s FOR NO KEY UPDATE",
            [newest, rows],
        )
        old = [(owner, bytes(wrapped)) for owner, wrapped in cursor.fetchall()]
        if old:
            execute_values(
                cursor.cursor,
                "UPDATE members_memberkey k SET wrapped = v.wrapped FROM (VALUES %s) AS v (id, wrapped)"
                " WHERE k.member_id = v.id",
                [(str(owner), rewrapped(owner, wrapped)) for owner, wrapped in old],
                template="(%s::uuid, %s::bytea)",
                page_size=rows,
            )
    return len(old)


@transaction.atomic
def _reseal(column: _Column, rows: int) -> int:
    """Close the next fields anew: with their member's key, or nobody's with the newest of the ring."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "SELECT {key}, {column}, {owner} FROM {table} WHERE substring({column} from 1 for 1) = %s"
                " AND ({is_owned} OR substring({column} from 2 for 4) <> %s)"
                " ORDER BY {key} LIMIT %s"
            ).format(
                **column.names,
                owner=column.owner or sql.SQL("NULL"),
                is_owned=sql.Literal(column.owner is not None),
            ),
            [_RING, newest_key_id(), rows],
        )
        old = [(key, bytes(box), owner) for key, box, owner in cursor.fetchall()]
        closed = _closed([(owner, unseal(box)) for _key, box, owner in old])
        # What somebody wrote meanwhile is closed as it should be already.
        update = sql.SQL("UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s")
        statement = update.format(**column.names)
        for (key, before, _owner), box in zip(old, closed, strict=True):
            cursor.execute(statement, [box, key, before])
    return len(old)


def _closed(texts: list[tuple[Any, str]]) -> list[bytes]:
    keys = keys_of({owner for owner, _text in texts if owner is not None})
    return [seal(text) if owner is None else keys[owner].seal(text) for owner, text in texts]
