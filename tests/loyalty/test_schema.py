"""A command on a database that lacks migrations: a private one migrates itself, any other says so."""

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from loyalty.engines import EngineError
from loyalty.schema import ensure_schema

pytestmark = pytest.mark.django_db


@pytest.fixture
def forgotten():
    """The last migration of the ledger looks unapplied."""
    ((app, name),) = MigrationLoader(connection).graph.leaf_nodes("points")
    MigrationRecorder(connection).record_unapplied(app, name)


@pytest.fixture(autouse=True)
def kept_open(monkeypatch):
    # The test's transaction lives on this connection.
    monkeypatch.setattr(connection, "close", lambda: None)


def test_somebodys_own_database_is_not_migrated_behind_their_back(forgotten):
    with pytest.raises(EngineError, match="lacks 1 migrations"):
        ensure_schema("seed", is_private=False)


def test_a_private_database_is_brought_up_to_date(forgotten, monkeypatch):
    called = []
    monkeypatch.setattr("loyalty.schema.call_command", lambda *args, **_options: called.append(args))

    ensure_schema("seed", is_private=True)

    assert called == [("migrate",)]


@pytest.mark.parametrize("command", ["", "--version", "migrate", "help", "demo"])
def test_what_needs_no_schema_asks_for_none(forgotten, command, django_assert_num_queries):
    with django_assert_num_queries(0):
        ensure_schema(command, is_private=False)


def test_an_up_to_date_database_is_left_alone(monkeypatch):
    called = []
    monkeypatch.setattr("loyalty.schema.call_command", lambda *args, **_options: called.append(args))

    ensure_schema("seed", is_private=True)

    assert called == []
