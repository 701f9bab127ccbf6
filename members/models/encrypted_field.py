"""Fields that are encrypted at rest. See docs/adr/0005-personal-fields.md and 0013-a-key-per-member.md."""

import base64
import json
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import FieldError
from django.db import models

from members.data_keys import sealed_for
from members.vault import seal, unseal

_Set = TypeVar("_Set")
_Get = TypeVar("_Get")


class EncryptedField(models.BinaryField[_Set, _Get]):
    """Text in Python, sealed bytes in the database. It cannot be filtered on: use a blind index.

    `owner` names the attribute that holds the id of the member whom the text is about (`member_id`, or by way
    of another row `order.member_id`): it is closed with that member's key. Without an owner it is closed with
    the key ring itself, and no erasure reaches it. Bytes were closed before (members/data_keys.py,
    `sealed_for`) and are kept as they are.
    """

    def __init__(self, *args: Any, owner: str | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("editable", True)
        self.owner = owner
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """With the owner, so that a migration shows when it changes."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs if self.owner is None else {**kwargs, "owner": self.owner}

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:  # noqa: ARG002 -- its signature
        """Select the wrapped key of whoever the box names in front of it: no second query for any list."""
        if self.owner is None:
            return sql, params
        assert not params, "a column has no parameters"
        named = f"encode(substring({sql} from 2 for 16), 'hex')::uuid"
        owner = f"CASE WHEN substring({sql} from 1 for 1) = '\\x02'::bytea THEN {named} END"
        key = f"SELECT own_key.wrapped FROM members_memberkey own_key WHERE own_key.member_id = {owner}"  # noqa: S608 -- the column's own name
        return f"COALESCE(({key}), ''::bytea) || {sql}", params

    def from_db_value(self, value: memoryview | bytes | None, *_: object) -> Any:
        """Open the stored bytes."""
        return None if value is None else self.opened(unseal(bytes(value)) if len(value) else "")

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 -- Django's signature
        """Close the text with its owner's key. An empty text stays empty: it says nothing about anybody.

        :raises members.data_keys.MemberErased: the owner's key was destroyed
        """
        value = super().pre_save(model_instance, add)
        if self.owner is None or value is None or isinstance(value, bytes):
            return value
        plain = self.closable(value)
        return sealed_for(_owner_of(model_instance, self.owner), plain) if plain else b""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """The bytes that `pre_save` closed, or, of nobody's field, the text closed now.

        :raises FieldError: a text of somebody's that comes another way than by saving its row
        """
        if value is None:
            return None
        if isinstance(value, bytes):
            return super().get_db_prep_value(value, connection, prepared)
        plain = self.closable(value)
        if plain and self.owner is not None:
            raise FieldError(f"{self.name} is closed with its owner's key: save the row, do not update()")
        return super().get_db_prep_value(seal(plain) if plain else b"", connection, prepared)

    def get_lookup(self, lookup_name: str) -> Any:
        """Only `isnull`: two sealed texts never equal each other, so any other filter would find nothing.

        :raises FieldError: another look-up
        """
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: find it by its blind index, not by {lookup_name}")
        return super().get_lookup(lookup_name)

    def get_default(self) -> Any:
        """A text default, not bytes."""
        default = self.default() if callable(self.default) else self.default
        return "" if default is models.NOT_PROVIDED else default

    def _check_str_default_value(self) -> list[Any]:
        """BinaryField refuses a text default; ours is text."""
        return []

    def value_to_string(self, obj: models.Model) -> str:
        """A serialised dump carries the sealed bytes only."""
        plain = self.closable(self.value_from_object(obj) or "")
        closed = seal(plain) if self.owner is None else sealed_for(_owner_of(obj, self.owner), plain)
        return base64.b64encode(closed).decode()

    def to_python(self, value: Any) -> Any:
        """Text stays text."""
        return value

    def opened(self, text: str) -> Any:
        """What Python sees of an opened text."""
        return text

    def closable(self, value: Any) -> str:
        """The text that is closed; empty says nothing."""
        return str(value)


class OctetLength(models.Func):
    """How many bytes are stored: what a constraint can say of a sealed column."""

    function = "OCTET_LENGTH"
    output_field = models.IntegerField()


class EncryptedTextField(EncryptedField[str | bytes, str]):
    """Text."""


class EncryptedJSONField(EncryptedField[Any, Any]):
    """An object of JSON values in Python; closed as a text. An empty object is stored empty."""

    def opened(self, text: str) -> Any:
        """The object."""
        return json.loads(text) if text else {}

    def closable(self, value: Any) -> str:
        """As JSON."""
        return json.dumps(value, ensure_ascii=False) if value else ""


def _owner_of(row: models.Model, path: str) -> UUID:
    owner = attrgetter(path)(row)
    return owner if isinstance(owner, UUID) else UUID(str(owner))
