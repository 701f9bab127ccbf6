"""A text field that is encrypted at rest."""

import base64
from typing import Any

from django.db import models

from members.vault import seal, unseal


class EncryptedTextField(models.BinaryField):
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

    def get_default(self) -> Any:
        """A text default, not bytes."""
        return self._get_default()

    def value_to_string(self, obj: models.Model) -> str:
        """A serialised dump carries the sealed bytes only."""
        return base64.b64encode(seal(self.value_from_object(obj) or "")).decode()

    def to_python(self, value: Any) -> Any:
        """Text stays text."""
        return value
