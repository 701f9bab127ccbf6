"""An expiry instant: `infinity` in the database, None in Python."""

from datetime import datetime
from typing import Any

from django.db import models


class ExpiryInstantField(models.DateTimeField["datetime | None", "datetime | None"]):
    """When a lot dies. The database says `infinity` for never, so that one index serves the spending order.

    Python has no such instant: it reads and writes None.
    """

    def select_format(self, _compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        """Read never as null."""
        return f"NULLIF({sql}, 'infinity'::timestamptz)", params

    def get_db_prep_value(self, value: datetime | None, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """Write null as never."""
        return "infinity" if value is None else super().get_db_prep_value(value, connection, prepared)
