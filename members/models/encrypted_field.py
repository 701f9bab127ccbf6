"""A text field that is encrypted at rest. See docs/adr/0005-personal-fields.md."""

import base64
from typing import Any

from django.core.exceptions import FieldError
from django.db import models

from members.vault import seal, unseal


class EncryptedTextField(models.BinaryField[str, str]):
    """Text in Python, sealed bytes in the database. It cannot be filtered on: use a blind index."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", True)
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: memoryview | bytes | None, *_: object) -> str | None:
        """Open the stored bytes."""
        return None if value is None else unseal(bytes(value)) if len(value) else ""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """Close the text. An empty text stays empty: it says nothing about anybody."""
        if value is None:
            return None
        return super().get_db_prep_value(seal(value) if value else b"", connection, prepared)

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
        return base64.b64encode(seal(self.value_from_object(obj) or "")).decode()

    def to_python(self, value: Any) -> Any:
        """Text stays text."""
        return value
