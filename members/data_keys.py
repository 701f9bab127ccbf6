"""The data keys of members: one each, kept wrapped, made with the first personal word, destroyed at erasure.

A key's row is the lock of everything personal about its member: who writes shares it to the end of the
transaction, so that an erasure, which changes it first, comes before or after a writer and never amidst.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.utils.translation import gettext_lazy as _
from psycopg2.extras import execute_values

from common.errors import DomainError
from common.sql import plain_array
from members.vault import DESTROYED, DataKey, data_key, new_data_keys

_ROWS_A_STATEMENT: Final = 1_000


class MemberErased(DomainError):
    """The person was erased at their own wish: nothing personal is written down about them again."""

    code = "member_erased"
    title = _("This membership was erased. Nothing personal can be recorded on it.")


def key_of(owner: UUID) -> DataKey:
    """The member's data key, made where there is none yet.

    :raises MemberErased: it was destroyed
    """
    return keys_of([owner])[owner]


def keys_of(owners: Collection[UUID], *, using: str = DEFAULT_DB_ALIAS) -> dict[UUID, DataKey]:
    """The data keys of `owners`, each made where there is none yet, and shared to the end of the transaction.

    :raises MemberErased: one of them was destroyed
    """
    if not owners:
        return {}
    keys = _stored(owners, using)
    missing = sorted(set(owners) - keys.keys())
    if missing:
        made = _store(new_data_keys(missing), using)
        keys |= made
        # Whom another made a key for meanwhile.
        keys |= _stored(set(missing) - made.keys(), using)
    return keys


def keys_of_new(owners: Sequence[UUID]) -> dict[UUID, DataKey]:
    """Data keys for members who are being made in this transaction: nobody can have made theirs."""
    return _store(new_data_keys(owners), DEFAULT_DB_ALIAS)


def sealed_for(owner: UUID, words: str) -> bytes:
    """`words` closed with the owner's key. Empty stays empty.

    Called before wallets are locked: keys come before them (docs/locking.md).

    :raises MemberErased: it was destroyed
    """
    return key_of(owner).seal(words) if words else b""


def destroy_keys(owners: Iterable[UUID]) -> int:
    """Destroy the data keys of `owners` for good; one who had none will never get one. How many were there.

    Waits for whoever is writing about them. To be called before anything else of an erasure.
    """
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(
            "INSERT INTO members_memberkey (member_id, wrapped, made_at, destroyed_at)"
            " SELECT id, %s, now(), now() FROM unnest(%s::uuid[]) AS id ORDER BY id"
            " ON CONFLICT (member_id) DO UPDATE SET wrapped = EXCLUDED.wrapped, destroyed_at = now()"
            " WHERE members_memberkey.destroyed_at IS NULL",
            [DESTROYED, plain_array(owners)],
        )
        return int(cursor.rowcount)


def _stored(owners: Collection[UUID], using: str) -> dict[UUID, DataKey]:
    if not owners:
        return {}
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT member_id, wrapped FROM members_memberkey WHERE member_id = ANY(%s::uuid[])"
            " ORDER BY member_id FOR SHARE",
            [plain_array(owners)],
        )
        rows = [(owner, bytes(wrapped)) for owner, wrapped in cursor.fetchall()]
    if any(wrapped == DESTROYED for _owner, wrapped in rows):
        raise MemberErased
    return {owner: data_key(owner, wrapped) for owner, wrapped in rows}


def _store(keys: Sequence[DataKey], using: str) -> dict[UUID, DataKey]:
    """Those of `keys` that were stored: where somebody has one already, theirs stays."""
    if not keys:
        return {}
    with connections[using].cursor() as cursor, connections[using].wrap_database_errors:
        stored = execute_values(
            cursor.cursor,
            "INSERT INTO members_memberkey (member_id, wrapped, made_at) VALUES %s"
            " ON CONFLICT (member_id) DO NOTHING RETURNING member_id",
            [(str(key.owner), key.wrapped) for key in keys],
            template="(%s::uuid, %s, now())",
            page_size=_ROWS_A_STATEMENT,
            fetch=True,
        )
    mine = {owner for (owner,) in stored}
    return {key.owner: key for key in keys if key.owner in mine}
