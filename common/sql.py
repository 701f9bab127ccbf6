"""Versioned SQL files, run by migrations in their name.

A file of `<app>/sql/` states its invariant in its first line and is never edited once released:
a change is a new file (`redeem_v2.sql`) and a new migration.
"""

from pathlib import Path

from django.conf import settings
from django.db import migrations


def run_sql_file(app: str, name: str) -> migrations.RunSQL:
    """A migration operation that runs `<app>/sql/<name>.sql`. It has no way back: the journal only grows."""
    text = (Path(settings.BASE_DIR) / app / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    # One string, not a list: PL/pgSQL bodies hold semicolons that must not be split.
    return migrations.RunSQL([(text, None)], reverse_sql=migrations.RunSQL.noop)
