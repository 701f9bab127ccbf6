"""Three roles and one database, made idempotently on any PostgreSQL from version 15 on.

`loyalty_owner` owns every object and runs migrations; `loyalty_app` is what web and workers use and owns
nothing; `loyalty_auditor` only reads. Objects that the owner makes later inherit their rights from here;
the migrations of `points` take back what nobody may do to the journal.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 spells its class in lower case
from psycopg2.extensions import cursor as Cursor  # noqa: N812 -- the same

from loyalty.engines.errors import EngineError
from loyalty.engines.postgres import APP, AUDITOR, OWNER

ROLES = (OWNER, APP, AUDITOR)
VERSION_MIN = 15
EXTENSIONS = ("btree_gist", "pg_trgm")
_CONNECT_SECONDS = 5
_LOCK = 7_061_966  # any number: two provisioners on one server wait for each other

# Behind PgBouncer a session cannot bring its own settings, so they belong to the role.
_APP_SETTINGS = {
    "lock_timeout": "3s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "15s",
    "timezone": "UTC",  # Django would set it on every pooled session
}


def signed_in_as(url: str, role: str, password: str, database: str) -> str:
    """`url` with another role and database; host, port and options stay."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(
        parts._replace(netloc=f"{role}:{quote(password, safe='')}@{place}", path=f"/{database}")
    )


@contextmanager
def connected(url: str, *, variable: str) -> Iterator[Connection]:
    """An autocommit connection to `url`, which came from `variable`.

    :raises EngineError: the URL is malformed, or the server is unreachable or refuses
    """
    like = f"{variable} must look like postgresql://role:password@host:5432/database."
    try:
        parts = urlsplit(url)
    except ValueError as malformed:
        raise EngineError(like) from malformed
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise EngineError(like)
    try:
        link = psycopg2.connect(url, connect_timeout=_CONNECT_SECONDS)
    except psycopg2.Error as refused:
        reason = " ".join(str(refused).split()).rpartition("FATAL: ")[2].strip()
        place = parts.netloc.rpartition("@")[2]
        raise EngineError(f"{variable}: cannot use PostgreSQL at {place}{parts.path}: {reason}") from refused
    with closing(link):
        link.autocommit = True
        yield link


def check_server(url: str, *, variable: str) -> bool:
    """Refuse a server that is too old or lacks our roles. Returns whether the login is a superuser.

    :raises EngineError: with the sentence to show
    """
    with connected(url, variable=variable) as link, link.cursor() as cursor:
        _refuse_old(link, variable)
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        is_superuser = bool(_one(cursor))
        if not is_superuser:
            cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(ROLES)])
            absent = sorted(set(ROLES) - {name for (name,) in cursor.fetchall()})
            if absent:
                raise EngineError(
                    f"{variable}: the server has no role {', '.join(absent)}; "
                    "run `manage.py provision_database --admin-url URL` once."
                )
    return is_superuser


def provision(admin_url: str, *, database: str, passwords: Mapping[str, str], variable: str) -> None:
    """Make the three roles (with `passwords`), `database` and its rights. Safe to repeat, at any time.

    :raises EngineError: the server is unreachable, too old, or the login may not do this
    """
    try:
        with connected(admin_url, variable=variable) as link, link.cursor() as cursor:
            _refuse_old(link, variable)
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            for role in ROLES:
                _make_role(cursor, role, passwords[role])
            _make_database(cursor, database)
            parts = urlsplit(admin_url)
            inside = urlunsplit(parts._replace(path=f"/{database}"))
            with connected(inside, variable=variable) as second, second.cursor() as inner:
                _set_rights(inner, database)
    except psycopg2.Error as refused:
        raise EngineError(
            f"{variable}: this login cannot make roles and databases: {str(refused).splitlines()[0]}"
        ) from refused


def _refuse_old(link: Connection, variable: str) -> None:
    if link.server_version < VERSION_MIN * 10_000:
        raise EngineError(
            f"{variable}: the server is PostgreSQL {link.server_version // 10_000}, "
            f"and {VERSION_MIN} is the oldest that serves."
        )


def _make_role(cursor: Cursor, role: str, password: str) -> None:
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [role])
    known = cursor.fetchone()
    if known is None:
        cursor.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    elif known[0]:
        raise EngineError(f"The role {role} is a superuser on this server: it must not be one.")
    cursor.execute(
        sql.SQL("ALTER ROLE {} LOGIN NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            sql.Identifier(role), sql.Literal(password)
        )
    )
    for name, value in _APP_SETTINGS.items() if role == APP else ():
        cursor.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(
                sql.Identifier(role), sql.Identifier(name), sql.Literal(value)
            )
        )


def _make_database(cursor: Cursor, database: str) -> None:
    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
    if cursor.fetchone() is None:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not _one(cursor):
            cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(OWNER)))
        cursor.execute("SELECT datctype FROM pg_database WHERE datname = 'template0'")
        # A server in the C locale would not see Chinese letters in trigram searches.
        plain = _one(cursor) in {"C", "POSIX"}
        cursor.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0 {}").format(
                sql.Identifier(database),
                sql.Identifier(OWNER),
                sql.SQL("LC_CTYPE 'C.UTF-8'" if plain else ""),
            )
        )
    cursor.execute(
        sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), sql.Identifier(OWNER))
    )


def _set_rights(cursor: Cursor, database: str) -> None:
    for extension in EXTENSIONS:
        cursor.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
    cursor.execute(
        sql.SQL(
            """
            REVOKE ALL ON DATABASE {database} FROM PUBLIC;
            GRANT CONNECT ON DATABASE {database} TO {app}, {auditor};
            GRANT TEMPORARY ON DATABASE {database} TO {app};
            ALTER SCHEMA public OWNER TO {owner};
            REVOKE ALL ON SCHEMA public FROM PUBLIC;
            GRANT USAGE ON SCHEMA public TO {app}, {auditor};
            ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
            ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
                GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
            ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
                GRANT USAGE, SELECT ON SEQUENCES TO {app};
            ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public
                GRANT SELECT ON TABLES TO {auditor};
            """
        ).format(
            database=sql.Identifier(database),
            owner=sql.Identifier(OWNER),
            app=sql.Identifier(APP),
            auditor=sql.Identifier(AUDITOR),
        )
    )


def _one(cursor: Cursor) -> object:
    row = cursor.fetchone()
    assert row is not None
    return row[0]
