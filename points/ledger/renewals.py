"""Until when an activity renews the points of rolling programs, as the kernel reads it."""

from collections.abc import Mapping
from datetime import UTC, datetime

from psycopg2.extras import Json


def as_renewals(renewals: Mapping[int, datetime] | None) -> Json | None:
    """Instants by program ids, as `points/sql/rolling_v1.sql` takes them; empty: nothing is renewed.

    None: not said. Where a rolling program pays, the kernel then asks: `renewals_wanted`.
    """
    if renewals is None:
        return None
    # Whole seconds, as every local midnight is.
    return Json(
        {str(program): f"{until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for program, until in renewals.items()}
    )
