"""Where it is measured: a throw-away PostgreSQL cluster with the product's schema, and databases in it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 spells it so

from loyalty.engines import PostgresCluster, provisioned
from loyalty.engines.places import postgres_programs, remove_folder, server_account
from loyalty.engines.postgres import APP, AUDITOR, OWNER, SUPERUSER
from loyalty.engines.signals import ended_by_signals
from tests.databases import create_database, ensure_template, signed_in
from tests.schemas import PROJECT

SQL = Path(__file__).resolve().parent / "sql"
# The product's own settings but for memory, and checkpoints that come when asked for, not amid a round.
SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
    "autovacuum_naptime": "10s",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "none",
}


@dataclass(frozen=True)
class Place:
    """A running cluster and the template that its databases are copied from."""

    cluster: PostgresCluster
    template: str

    def url(self, database: str, role: str = APP) -> str:
        """With which `role` signs in to `database`."""
        return self.cluster.url(role, database)

    def environment(self, database: str, settings: str = "tests.bench.settings") -> dict[str, str]:
        """The variables under which Django works on `database`, as web and workers do."""
        return {
            **os.environ,
            "DATABASE_URL": self.url(database),
            "DJANGO_SETTINGS_MODULE": settings,
            "BROKER_URL": "memory://",
            "LOYALTY_ENV": "development",
            "LOG_LEVEL": "ERROR",
        }

    def create(self, database: str, *, template: str | None = None) -> None:
        """A database with the product's schema, or a copy of another one."""
        create_database(self.cluster.url(), database, template=template or self.template)

    def create_empty(self, database: str) -> None:
        """A database of loyalty_app's own, for the peers."""
        with signed_in(self.cluster.url()) as link, link.cursor() as cursor:
            cursor.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(APP))
            )

    def run(self, database: str, file: str, **values: object) -> None:
        """Run a file of `sql/` as the superuser."""
        with self.admin(database) as link, link.cursor() as cursor:
            cursor.execute((SQL / file).read_text(encoding="utf-8"), values or None)

    @contextmanager
    def admin(self, database: str) -> Iterator[Connection]:
        """The superuser's connection, in autocommit."""
        with signed_in(self.url(database, SUPERUSER)) as link:
            yield link

    def settle(self, *databases: str) -> None:
        """Vacuum, then a checkpoint: nothing left behind by the filling is paid for by what is measured."""
        for database in databases:
            with self.admin(database) as link, link.cursor() as cursor:
                cursor.execute("VACUUM (ANALYZE)")
        self.checkpoint()

    def checkpoint(self) -> None:
        with self.admin("postgres") as link, link.cursor() as cursor:
            cursor.execute("CHECKPOINT")


@contextmanager
def a_place() -> Iterator[Place]:
    """A cluster for the length of the block; nothing of it remains, also after Ctrl-C or SIGTERM."""
    with (
        ended_by_signals(),
        tempfile.TemporaryDirectory(prefix="loyalty-bench-", ignore_cleanup_errors=True) as room,
    ):
        local = Path(room)
        programs = postgres_programs(local, server_account())
        cluster = PostgresCluster(local / "postgres", settings=SETTINGS, programs=programs)
        try:
            cluster.start()
            passwords = {role: cluster.passwords()[role] for role in (OWNER, APP, AUDITOR)}
            urls = provisioned(cluster.url(), database="bench", passwords=passwords, variable="bench cluster")
            os.environ["DATABASE_URL"] = urls[
                "DATABASE_URL"
            ]  # ensure_template asks whether the server is local
            yield Place(cluster, ensure_template(cluster.url(), urls))
        finally:
            cluster.remove()
            remove_folder(local / "software")


def manage(environment: dict[str, str], *command: str) -> str:
    """Run `manage.py`-like commands of Django in their own process; its output."""
    done = subprocess.run(
        [sys.executable, "-m", "django", *command],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout
