"""Alive is alive; ready means database, migrations and broker."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError

from loyalty import health


def test_alive_answers_without_touching_the_database(client):
    response = client.get("/livez")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_ready_when_everything_is_there(client):
    response = client.get("/readyz")

    assert response.status_code == 200, response.content
    assert response.json() == {
        "status": "ok",
        "checks": {"database": "ok", "migrations": "ok", "broker": "ok"},
    }


@pytest.mark.django_db
def test_a_waiting_migration_is_503_and_counted(client, monkeypatch):
    applied = MigrationRecorder.applied_migrations

    def without_one(self):
        return {key: row for key, row in applied(self).items() if key != ("common", "0001_initial")}

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", without_one)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert "not applied" in response.json()["checks"]["migrations"]


def test_a_lost_database_is_503_without_its_address(client, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OperationalError("connection to server at 10.0.0.1, user loyalty_app failed")

    monkeypatch.setattr(connection, "cursor", refuse)
    monkeypatch.setattr(health.MigrationLoader, "__init__", refuse)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "the database does not answer"
    assert "10.0.0.1" not in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("error", [BrokerError("redis://:secret@10.0.0.2 refused"), ConnectionRefusedError()])
def test_a_lost_broker_is_503_without_its_address(client, monkeypatch, error):
    class Broker:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def ensure_connection(self, **_):
            raise error

    monkeypatch.setattr(health.app, "connection_for_write", lambda **_: Broker())

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"] == {
        "database": "ok",
        "migrations": "ok",
        "broker": "the broker does not answer",
    }


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://guest@127.0.0.1:1//"])
def test_a_broker_that_nobody_listens_at_is_503_soon(client, monkeypatch, url):
    monkeypatch.setattr(health.app, "connection_for_write", lambda **options: Connection(url, **options))

    assert client.get("/readyz").status_code == 503


def test_health_is_only_read(client):
    assert client.post("/livez").status_code == 405
    assert client.post("/readyz").status_code == 405
