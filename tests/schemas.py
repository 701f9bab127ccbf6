"""The product's schema in an empty database: migrated once a version, afterwards restored from a dump."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import psycopg2

from loyalty.engines import EngineError
from loyalty.engines.places import local_folder, postgres_programs, server_account

PROJECT: Final = Path(__file__).resolve().parent.parent
# What the schema is made from; a change of any of it asks for a new one.
SOURCES: Final = (
    "*/migrations/*.py", "*/sql/*.sql", "loyalty/engines/provisioning.py", "requirements.txt",
)  # fmt: skip
_DUMPS: Final = PROJECT / "build" / "schemas"
_DUMPS_KEPT: Final = 3


@cache
def schema_version() -> str:
    """Names the schema that the present migrations make."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for source in sorted(PROJECT.glob(pattern)):
            digest.update(str(source.relative_to(PROJECT)).encode() + source.read_bytes())
    return digest.hexdigest()[:16]


def fill_with_schema(urls: Mapping[str, str], *, admin_url: str) -> None:
    """Bring the provisioned, empty database of `admin_url` to where the owner's `migrate` brings it.

    Migrating takes half a minute of CPU, restoring its outcome two seconds, and many tests want a server of
    their own. `urls` are DATABASE_URL, DATABASE_OWNER_URL and so on of the database, `admin_url` its
    superuser's.

    :raises RuntimeError: migrating, dumping or restoring failed; with its output
    """
    programs = _programs()
    dump = _DUMPS / f"{schema_version()}-{_server_version(admin_url)}.dump"
    if programs is not None and dump.exists():
        _run(str(programs / "pg_restore"), "--exit-on-error", "--dbname", admin_url, str(dump))
        return
    migrate(urls)
    if programs is not None:
        _keep(dump, programs / "pg_dump", admin_url)


def migrate(urls: Mapping[str, str]) -> None:
    """Run the product's own `migrate` with the variables `urls`."""
    _run(
        sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0",
        environment={**os.environ, **urls},
    )  # fmt: skip


def _keep(dump: Path, program: Path, admin_url: str) -> None:
    """Complete, or not there: two processes may do this at once."""
    _DUMPS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_DUMPS) as room:
        made = Path(room) / dump.name
        _run(str(program), "--format", "custom", "--file", str(made), admin_url)
        made.replace(dump)
    by_age = sorted(_DUMPS.glob("*.dump"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in by_age[_DUMPS_KEPT:]:
        old.unlink(missing_ok=True)


def _server_version(url: str) -> int:
    link = psycopg2.connect(url)
    try:
        return int(link.server_version)
    finally:
        link.close()


def _programs() -> Path | None:
    """Where `pg_dump` and `pg_restore` of the embedded server are; None where it is not installed."""
    try:
        return postgres_programs(local_folder(), server_account())
    except EngineError:
        return None


def _run(*command: str, environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed:\n{done.stdout}\n{done.stderr}")
