"""The schema is there before a command needs it: a private database migrates itself, any other says so."""

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from loyalty.engines import EngineError

# They change the schema, or work without it, or see to it themselves.
WITHOUT_SCHEMA = frozenset(
    {
        "check",
        "compilemessages",
        "collectstatic",
        "demo",
        "diffsettings",
        "dbshell",
        "help",
        "makemessages",
        "makemigrations",
        "migrate",
        "provision_database",
        "showmigrations",
        "spectacular",
        "sqlmigrate",
        "up",
        "version",
    }
)


def ensure_schema(command: str, *, is_private: bool) -> None:
    """Migrate a private (embedded) database that lacks migrations before `command` runs.

    :raises EngineError: the database is somebody's own: migrating it is theirs to decide
    """
    if not command or command.startswith("-") or command in WITHOUT_SCHEMA:
        return
    django.setup()
    executor = MigrationExecutor(connection)
    lacking = executor.migration_plan(executor.loader.graph.leaf_nodes())
    connection.close()
    if not lacking:
        return
    if not is_private:
        raise EngineError(f"The database lacks {len(lacking)} migrations: run `manage.py migrate` first.")
    call_command("migrate", verbosity=0)
