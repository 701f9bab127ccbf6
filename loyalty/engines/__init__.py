"""PostgreSQL and the broker: those the environment names, else private ones under `.local/`.

`with engines():` is the first thing every entry point does. It imports nothing of Django and leaves these
variables set, whichever way the servers came about: DATABASE_URL (role loyalty_app), BROKER_URL and, unless
the environment named a database with an ordinary login, DATABASE_OWNER_URL (loyalty_owner, for migrations),
DATABASE_AUDITOR_URL (loyalty_auditor) and DATABASE_ADMIN_URL (superuser: tests and provisioning only).
"""

import hmac
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from loyalty.engines.broker import ValkeyBroker, check_broker
from loyalty.engines.errors import EngineError
from loyalty.engines.places import local_folder, remove_folder
from loyalty.engines.postgres import APP, AUDITOR, DATABASE, OWNER, PostgresCluster
from loyalty.engines.provisioning import ROLES, check_server, provision, signed_in_as
from loyalty.engines.sharing import gate, in_use, shared
from loyalty.engines.signals import ended_by_signals

__all__ = [
    "EngineError",
    "PostgresCluster",
    "ValkeyBroker",
    "engines",
    "given",
    "provisioned",
    "reset_engines",
    "revive_engines",
]

_NAMES = {APP: "DATABASE_URL", OWNER: "DATABASE_OWNER_URL", AUDITOR: "DATABASE_AUDITOR_URL"}
_PROVISIONED = "provisioned"
# Raise it when provisioning.py changes: every embedded cluster is then provisioned anew at its next start.
_PROVISIONING = "2"


@contextmanager
def engines() -> Iterator[None]:
    """PostgreSQL and a broker for the length of the block, and the variables that lead to them.

    Safe in many processes at once and within itself. On SIGTERM and SIGHUP the block ends like on Ctrl-C.

    :raises EngineError: a server is unreachable, too old, lacks a role, or cannot be started
    """
    found: dict[str, str] = {}
    database, broker = given("DATABASE_URL"), given("BROKER_URL")
    _refuse_incomplete_production(database, broker)
    if database is not None:
        found |= _named_database(database)
    if broker is not None:
        check_broker(broker)
    with ended_by_signals(), _embedded(postgres=database is None, valkey=broker is None) as started:
        before = {name: os.environ.get(name) for name in (*found, *started)}
        os.environ.update(found | started)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def given(name: str) -> str | None:
    """What the environment says for `name`, or what the file says that `name`_FILE names."""
    file = os.environ.get(f"{name}_FILE")
    if file:
        try:
            return Path(file).read_text().strip()
        except OSError as refused:
            raise EngineError(
                f"{name}_FILE names {file}, which cannot be read ({refused.strerror})."
            ) from refused
    return os.environ.get(name) or None


def provisioned(
    admin_url: str, *, database: str, passwords: Mapping[str, str], variable: str
) -> dict[str, str]:
    """Provision the server of `admin_url`; the variables that lead to `database` in each role."""
    provision(admin_url, database=database, passwords=passwords, variable=variable)
    return {name: signed_in_as(admin_url, role, passwords[role], database) for role, name in _NAMES.items()}


def revive_engines() -> None:
    """Start again what has died of the embedded engines we are using (a supervisor's duty).

    :raises EngineError: it cannot be started, or its old port was taken meanwhile
    """
    local = local_folder()
    with gate(local):
        for name, variable in (("postgres", "DATABASE_URL"), ("broker", "BROKER_URL")):
            if not (local / name).is_dir():
                continue
            server = PostgresCluster(local / name) if name == "postgres" else ValkeyBroker(local / name)
            if server.pid is None and _url_of(server) == os.environ.get(variable):
                server.start()
                if _url_of(server) != os.environ.get(variable):
                    raise EngineError(f"The embedded {name} died and its port was taken: start again.")


def reset_engines() -> None:
    """Remove the embedded engines and all their data.

    :raises EngineError: somebody uses them
    """
    local = local_folder()
    if in_use(local):
        raise EngineError("The embedded engines are in use: stop `make demo`, `make up` or the tests first.")
    for name, server in (("postgres", PostgresCluster), ("broker", ValkeyBroker)):
        if (local / name).exists():
            server(local / name).remove()
    for name in ("postgres", "broker", "software", "log", "seals"):
        remove_folder(local / name)


def _url_of(server: PostgresCluster | ValkeyBroker) -> str | None:
    """The URL that `engines()` gave for `server` when it last ran."""
    if not (server.folder / "port").exists():
        return None
    return server.url(APP, DATABASE) if isinstance(server, PostgresCluster) else server.url


def _refuse_incomplete_production(database: str | None, broker: str | None) -> None:
    if os.environ.get("LOYALTY_ENV") == "production":
        for name, value in (("DATABASE_URL", database), ("BROKER_URL", broker)):
            if value is None:
                raise EngineError(f"Production needs {name}: the embedded engines are for development only.")


def _named_database(url: str) -> dict[str, str]:
    """Use the server that DATABASE_URL names. A superuser's login is swapped for our roles."""
    is_superuser = check_server(url, variable="DATABASE_URL")
    if not is_superuser or os.environ.get("LOYALTY_ENV") == "production":
        return {}
    parts = urlsplit(url)
    named = unquote(parts.path.strip("/"))
    database = DATABASE if named in {"postgres", "template1"} else named
    # Derived from the superuser's password: every checkout on this server arrives at the same ones.
    seed = unquote(parts.password or "").encode()
    passwords = {role: hmac.new(seed, role.encode(), "sha256").hexdigest() for role in ROLES}
    urls = provisioned(url, database=database, passwords=passwords, variable="DATABASE_URL")
    return {**urls, "DATABASE_ADMIN_URL": url}


@contextmanager
def _embedded(*, postgres: bool, valkey: bool) -> Iterator[dict[str, str]]:
    """Start or join the private servers asked for; yields their variables."""
    if not (postgres or valkey):
        yield {}
        return
    local = local_folder()
    cluster = PostgresCluster(local / "postgres") if postgres else None
    broker = ValkeyBroker(local / "broker") if valkey else None
    variables: dict[str, str] = {}

    def start() -> None:
        if cluster is not None:
            variables.update(_start_database(cluster))
        if broker is not None:
            variables["BROKER_URL"] = broker.start().url

    def stop() -> None:
        # Those who use only one of the two may be the last: whoever leaves last stops both. Looking at one
        # that was never there would make its folder.
        for name, server in (("broker", ValkeyBroker), ("postgres", PostgresCluster)):
            if (local / name).exists():
                server(local / name).stop()

    with shared(local, start=start, stop=stop):
        yield variables


def _start_database(cluster: PostgresCluster) -> dict[str, str]:
    """Start `cluster` and provision it once."""
    cluster.start()
    passwords = cluster.passwords()
    mark = cluster.folder / _PROVISIONED
    admin = cluster.url()
    if not mark.exists() or mark.read_text() != _PROVISIONING:
        provision(admin, database=DATABASE, passwords=passwords, variable="The embedded PostgreSQL")
        mark.write_text(_PROVISIONING)
    urls = {name: cluster.url(role, DATABASE) for role, name in _NAMES.items()}
    return {**urls, "DATABASE_ADMIN_URL": admin}
