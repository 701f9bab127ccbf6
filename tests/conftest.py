"""Runs before every test: engines, a migrated database per process, and the login loyalty_app."""

import atexit
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 spells it so

from loyalty.engines import EngineError, engines
from tests.databases import (
    PREFIX,
    Cleaner,
    create_database,
    drop_database,
    ensure_template,
    signed_in,
    url_of,
)

# A suite started in the background inherits ignored signals and would hand them on to what it starts.
for _number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler)

# This runs at import, because Django reads DATABASE_URL when pytest-django sets it up, right after.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
_open = ExitStack()
atexit.register(_open.close)
os.environ.setdefault("LOYALTY_ENV", "test")
if settings.configured:
    pytest.exit("error: unset DJANGO_SETTINGS_MODULE: the tests choose the database first.", returncode=1)
if not WORKER:
    try:
        _open.enter_context(engines())
    except EngineError as refusal:
        pytest.exit(f"error: {refusal}", returncode=1)
    if "DATABASE_ADMIN_URL" not in os.environ:
        pytest.exit(
            "error: tests need DATABASE_URL to be a superuser's, or DATABASE_ADMIN_URL.", returncode=1
        )
    # The owner's URL moves out of sight of the code under test, which must live without it.
    os.environ["LOYALTY_TEST_OWNER_URL"] = os.environ.pop("DATABASE_OWNER_URL")
    os.environ["LOYALTY_TEST_RUN"] = str(os.getpid())

NAME = f"{PREFIX}{os.environ['LOYALTY_TEST_RUN']}_{WORKER or 'main'}"
ADMIN_URL = url_of(NAME, os.environ["DATABASE_ADMIN_URL"])
OWNER_URL = url_of(NAME, os.environ["LOYALTY_TEST_OWNER_URL"])
os.environ["DATABASE_URL"] = APP_URL = url_of(NAME, os.environ["DATABASE_URL"])
os.environ["DATABASE_AUDITOR_URL"] = AUDITOR_URL = url_of(NAME, os.environ["DATABASE_AUDITOR_URL"])
os.environ["DJANGO_SETTINGS_MODULE"] = "loyalty.settings"
django.setup()
# An xdist worker that inherited it would read the settings before its own copy of this file.
del os.environ["DJANGO_SETTINGS_MODULE"]

from django.db import connections  # noqa: E402 -- needs the set-up above
from django.test import TransactionTestCase  # noqa: E402 -- the same
from django.utils import translation  # noqa: E402 -- the same


def pytest_unconfigure() -> None:
    _open.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests with engines of their own start first, so that no process waits for another's last one.

    They share nothing with those that pytest-django puts in an order, by how they use the database.
    """
    marks = {item: {mark.name for mark in item.iter_markers()} for item in items}
    items.sort(key=lambda item: "slow" not in marks[item] or "django_db" in marks[item])


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: object) -> Iterator[None]:
    """A copy of the migrated template for this process; TransactionTestCase is cleaned by the superuser."""
    urls = {"DATABASE_URL": APP_URL, "DATABASE_OWNER_URL": OWNER_URL, "DATABASE_AUDITOR_URL": AUDITOR_URL}
    server = url_of("postgres", ADMIN_URL)
    create_database(server, NAME, template=ensure_template(server, urls))
    cleaner = Cleaner(ADMIN_URL)

    def clean(_case: TransactionTestCase) -> None:
        connections["default"].close()
        cleaner.clean()

    # Django would flush with TRUNCATE, which loyalty_app may not do and the journal refuses.
    TransactionTestCase._fixture_teardown = clean
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    drop_database(server, NAME)


@pytest.fixture(autouse=True)
def faked_clock_starts_with_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """LOYALTY_FAKE_NOW counts from the start of the process; a test means from its own start."""
    monkeypatch.setattr("common.clock._started", time.monotonic())
    # Ids made in a moved clock's future would keep those of later tests there.
    monkeypatch.setattr("common.clock._last_uuid_ticks", 0)


@pytest.fixture(autouse=True)
def no_language_left_by_another_test() -> None:
    """A request leaves its language active in the thread; the next test would speak it."""
    translation.deactivate()


@pytest.fixture
def admin_connection(django_db_setup: None) -> Iterator[Connection]:
    """A superuser's psycopg2 connection to the test database, autocommit. It sees only committed rows."""
    with signed_in(ADMIN_URL) as link:
        yield link


@pytest.fixture
def outbox(settings: Any, tmp_path: Path) -> Callable[[], list[Any]]:
    """A function that reads what was sent to phones and mailboxes so far, oldest first."""
    settings.MESSAGE_CHANNEL, settings.MESSAGE_FILE = "file", str(tmp_path / "messages.jsonl")

    def read() -> list[Any]:
        path = Path(settings.MESSAGE_FILE)
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    return read


@pytest.fixture
def owner_connection(django_db_setup: None) -> Iterator[Connection]:
    """loyalty_owner's psycopg2 connection to the test database, autocommit."""
    with signed_in(OWNER_URL) as link:
        yield link


@pytest.fixture
def auditor_connection(django_db_setup: None) -> Iterator[Connection]:
    """loyalty_auditor's psycopg2 connection to the test database, autocommit."""
    with signed_in(AUDITOR_URL) as link:
        yield link


@pytest.fixture
def app_dsn(django_db_setup: None) -> str:
    """The URL with which threads and processes sign in to the test database as loyalty_app."""
    return APP_URL


@pytest.fixture
def owner_dsn(django_db_setup: None) -> str:
    """The owner's URL of the test database, for commands that migrate."""
    return OWNER_URL
