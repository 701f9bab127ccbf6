"""A standby has all that was acknowledged: the primary is killed under load, and the standby goes on."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest

from loyalty.engines import PostgresCluster
from loyalty.engines.places import local_folder, postgres_programs, server_account
from loyalty.engines.postgres import APP
from loyalty.engines.servers import wait_until
from tests.databases import provisioned, signed_in
from tests.schemas import PROJECT, fill_with_schema

pytestmark = pytest.mark.slow

BOOKS = "books"
STANDBY = "standby1"
CLIENTS = 4
ACKNOWLEDGED_BEFORE_THE_KILL = 300
PEOPLE = """
INSERT INTO units_businessunit (code, name_zh, name_en, sector, currency, is_active, created_at)
    VALUES ('MALL', '商场', 'Mall', 'mall', 'CNY', true, now());
INSERT INTO points_program (code, name_zh, name_en, owner_id, expiry_kind, expiry_count, time_zone, unit_cost,
                            currency, reversal_policy, grace_days, is_active)
    SELECT 'MALL', '积分', 'Points', id, 'never', 0, 'Asia/Shanghai', 0.01, 'CNY', 'debt', 0, true
    FROM units_businessunit;
INSERT INTO members_member (id, number, status, name, gender, address, is_generated, joined_at, created_at)
    SELECT points_uuid7(), lpad(n::text, 12, '0'), 'active', '', '', '', true, '2000-01-01', now()
    FROM generate_series(1, 20) n
"""
EARN = """
SELECT outcome FROM members_member m, points_program p, LATERAL points_accrue(
    m.id, p.id, p.owner_id, 100, %(reference)s, %(at)s, %(at)s, NULL, 0.01, 'test', 'test')
WHERE m.number = %(member)s
"""


@pytest.fixture
def primary(tmp_path) -> Iterator[PostgresCluster]:
    """A server with the product's schema."""
    cluster = PostgresCluster(tmp_path / "primary", settings=_settings()).start()
    urls = provisioned(cluster.url(), database=BOOKS, passwords=cluster.passwords(), variable="primary")
    fill_with_schema(urls, admin_url=cluster.url(database=BOOKS))
    with signed_in(cluster.url(database=BOOKS)) as link, link.cursor() as cursor:
        cursor.execute(PEOPLE)
        cursor.execute("CREATE ROLE loyalty_replicator REPLICATION LOGIN PASSWORD 'copy'")
    yield cluster
    cluster.remove()


@pytest.fixture
def standby(primary, tmp_path) -> Iterator[PostgresCluster]:
    """A server that follows the primary, made by the script that operators use; commits wait for it."""
    cluster = PostgresCluster(tmp_path / "standby", settings=_settings())
    (cluster.folder / "passwords.json").write_text((primary.folder / "passwords.json").read_text())
    account = server_account()
    account.owns(cluster.folder)
    programs = postgres_programs(local_folder(), account)
    url = f"postgresql://loyalty_replicator:copy@127.0.0.1:{primary.port}/postgres"
    # From the standard input: the account that runs servers need not reach this folder.
    subprocess.run(
        ["/bin/bash", "-s", url, str(cluster.data), STANDBY],
        input=(PROJECT / "deploy" / "standby" / "make_standby.sh").read_text(),
        text=True,
        cwd=cluster.folder,
        env={"PATH": f"{programs}:{os.environ['PATH']}"},
        check=True,
        **account.identity(),
    )
    cluster.start()
    with signed_in(primary.url()) as link, link.cursor() as cursor:
        for name, value in _conf("synchronous_standby_names", "synchronous_commit").items():
            cursor.execute(f"ALTER SYSTEM SET {name} = %s", [value])
        cursor.execute("SELECT pg_reload_conf()")

        def is_synchronous() -> bool:
            cursor.execute(
                "SELECT sync_state FROM pg_stat_replication WHERE application_name = %s", [STANDBY]
            )
            return cursor.fetchall() == [("sync",)]

        assert wait_until(is_synchronous, seconds=30)
    yield cluster
    cluster.remove()


def test_what_was_acknowledged_is_on_both_when_the_primary_is_killed(primary, standby):
    with (
        signed_in(standby.url(APP, BOOKS)) as link,
        link.cursor() as cursor,
        pytest.raises(psycopg2.errors.ReadOnlySqlTransaction),
    ):
        _earn(cursor, "too early")
    acknowledged: list[str] = []
    tried: list[str] = []
    clients = [
        threading.Thread(target=_earn_until_cut_off, args=(primary.url(APP, BOOKS), n, acknowledged, tried))
        for n in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    assert wait_until(lambda: len(acknowledged) >= ACKNOWLEDGED_BEFORE_THE_KILL, seconds=60)
    primary.kill()
    for client in clients:
        client.join()

    with signed_in(standby.url()) as link, link.cursor() as cursor:
        cursor.execute("SELECT pg_promote()")

    posted = set(_column(standby, "SELECT source_ref FROM points_posting"))
    assert set(acknowledged) <= posted <= set(tried)
    # Whoever had no answer asks again, at the new primary: once each, whatever had become of the first call.
    with signed_in(standby.url(APP, BOOKS)) as link, link.cursor() as cursor:
        outcomes = {reference: _earn(cursor, reference) for reference in tried}
    assert {reference for reference, outcome in outcomes.items() if outcome == "replayed"} == posted
    assert sorted(_column(standby, "SELECT source_ref FROM points_posting")) == sorted(tried)
    assert _column(standby, "SELECT sum(balance)::bigint FROM points_wallet") == [100 * len(tried)]
    assert _audit(standby)["clean"]


def _settings() -> dict[str, str]:
    return _conf("max_slot_wal_keep_size", "wal_keep_size", "wal_log_hints")


def _conf(*names: str) -> dict[str, str]:
    """Settings of the shipped file."""
    lines = (PROJECT / "deploy" / "standby" / "primary.conf").read_text().splitlines()
    told = dict(line.split(" = ", 1) for line in lines if line and not line.startswith("#"))
    return {name: told[name].strip("'") for name in names}


def _earn(cursor: object, reference: str) -> str:
    number = sum(map(ord, reference)) % 20 + 1
    cursor.execute(
        EARN, {"reference": reference, "member": f"{number:012d}", "at": datetime(2026, 1, 1, tzinfo=UTC)}
    )
    (outcome,) = cursor.fetchone()
    return outcome


def _earn_until_cut_off(url: str, client: int, acknowledged: list[str], tried: list[str]) -> None:
    with signed_in(url) as link, link.cursor() as cursor:
        for number in range(100_000):
            reference = f"{client}-{number}"
            tried.append(reference)
            try:
                outcome = _earn(cursor, reference)
            except psycopg2.OperationalError:
                return
            assert outcome == "posted"
            acknowledged.append(reference)


def _column(cluster: PostgresCluster, query: str) -> list[object]:
    with signed_in(cluster.url(database=BOOKS)) as link, link.cursor() as cursor:
        cursor.execute(query)
        return [value for (value,) in cursor.fetchall()]


def _audit(cluster: PostgresCluster) -> dict[str, object]:
    return json.loads(manage({"DATABASE_URL": cluster.url(APP, BOOKS)}, "audit_ledger", "--json"))


def manage(urls: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, str(Path(PROJECT) / "manage.py"), *command],
        cwd=PROJECT,
        env={**os.environ, **urls, "BROKER_URL": "memory://"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
