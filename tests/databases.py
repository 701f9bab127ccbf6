"""Fresh databases for the tests: migrated once into a template, copied per process, cleaned by the superuser.

The tests themselves sign in as loyalty_app, as the web does: no CREATE, no TRUNCATE, nothing on the journal.
"""

import io
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 spells it so

from loyalty.engines import provisioned
from loyalty.engines.provisioning import ROLES, signed_in_as
from tests.schemas import fill_with_schema, schema_version

PREFIX = "loyalty_test_"
TEMPLATE_PREFIX = "loyalty_template_"
# Made by migrations, never changed by tests.
KEPT = ("django_migrations", "django_content_type", "auth_permission")
_TEMPLATES_KEPT = 3


def url_of(database: str, url: str) -> str:
    """`url` with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@contextmanager
def signed_in(url: str) -> Iterator[Connection]:
    """An autocommit connection, closed at the end."""
    with closing(psycopg2.connect(url)) as link:
        link.autocommit = True
        yield link


def ensure_template(admin_url: str, urls: dict[str, str]) -> str:
    """The name of a database with the present migrations applied, made by the owner's `migrate`.

    `urls` are those of the three roles (DATABASE_URL, DATABASE_OWNER_URL, ...), on any database.
    """
    name = TEMPLATE_PREFIX + schema_version()
    passwords = {role: unquote(urlsplit(url).password or "") for role, url in _by_role(urls).items()}
    with signed_in(admin_url) as link, link.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [TEMPLATE_PREFIX])
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is None:
            unfinished = f"{name}_{os.getpid()}"
            made = provisioned(
                admin_url, database=unfinished, passwords=passwords, variable="DATABASE_ADMIN_URL"
            )
            fill_with_schema(made, admin_url=url_of(unfinished, admin_url))
            cursor.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
        _drop_leftovers(link, keep=name)
    return name


def create_database(admin_url: str, name: str, *, template: str) -> None:
    """A copy of `template`. Rights on the database itself are not copied, so they are granted again."""
    with signed_in(admin_url) as link, link.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" OWNER loyalty_owner TEMPLATE "{template}"')
        cursor.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
        cursor.execute(f'GRANT CONNECT ON DATABASE "{name}" TO loyalty_app, loyalty_auditor')
        cursor.execute(f'GRANT TEMPORARY ON DATABASE "{name}" TO loyalty_app')


def drop_database(admin_url: str, name: str) -> None:
    with signed_in(admin_url) as link, link.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Cleaner:
    """Brings a test database back to what the migrations left, past triggers and foreign keys."""

    def __init__(self, admin_url: str) -> None:
        """Remember what the migrations put into the database of `admin_url`."""
        self._url = admin_url
        with signed_in(self._url) as link:
            self._reference = {table: self._copied(link, table) for table in self._filled(link)}

    def clean(self) -> None:
        """Empty every table a test filled; put back what the migrations had put there."""
        with closing(psycopg2.connect(self._url)) as link, link, link.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica; SET lock_timeout = '10s'")
            changed = [
                table
                for table in self._filled(link) | set(self._reference)
                if self._copied(link, table, rows=10_000) != self._reference.get(table)
            ]
            for table in changed:
                cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                if table in self._reference:
                    command = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
                    cursor.copy_expert(command, io.BytesIO(self._reference[table]))

    def _filled(self, link: Connection) -> set[str]:
        """Names of the tables that have rows."""
        with link.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                "AND relkind = 'r' AND relname <> ALL (%s)",
                [list(KEPT)],
            )
            probes = [
                sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(
                    sql.Literal(name), sql.Identifier(name)
                )
                for (name,) in cursor.fetchall()
            ]
            cursor.execute(sql.SQL(" UNION ALL ").join(probes))
            return {name for (name,) in cursor.fetchall()}

    def _copied(self, link: Connection, table: str, rows: int | None = None) -> bytes:
        """The rows of `table` as COPY writes them, `rows` at most."""
        content = io.BytesIO()
        command = sql.SQL("COPY (SELECT * FROM {} LIMIT {}) TO STDOUT")
        with link.cursor() as cursor:
            cursor.copy_expert(command.format(sql.Identifier(table), sql.Literal(rows)), content)
        return content.getvalue()


def _by_role(urls: dict[str, str]) -> dict[str, str]:
    by_login = {urlsplit(url).username or "": url for url in urls.values()}
    return {role: by_login[role] for role in ROLES}


def _drop_leftovers(link: Connection, *, keep: str) -> None:
    """Drop the databases of test runs whose process is gone, and all but the newest templates."""
    with link.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'loyalty\\_te%' ORDER BY oid DESC")
        names = [name for (name,) in cursor.fetchall()]
        templates = [name for name in names if name.startswith(TEMPLATE_PREFIX) and name != keep]
        local = urlsplit(os.environ["DATABASE_URL"]).hostname in {"127.0.0.1", "localhost"}
        stale = [n for n in names if local and n.startswith(PREFIX) and not _alive(int(n.split("_")[2]))]
        for name in stale + templates[_TEMPLATES_KEPT:]:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


__all__ = [
    "PREFIX",
    "Cleaner",
    "create_database",
    "drop_database",
    "ensure_template",
    "signed_in",
    "signed_in_as",
    "url_of",
]
