"""What each of the three roles may do, on any server from version 15 on."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege

from loyalty.engines import EngineError, PostgresCluster
from loyalty.engines.provisioning import check_server, provision, signed_in_as
from tests.loyalty.engines.conftest import PROJECT, clean_environment, start_user

POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")


def run(url, *statements):
    """The rows of the last statement."""
    with closing(psycopg2.connect(url)) as link, link, link.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def urls(cluster):
    """The URLs of the roles, after provisioning twice; the owner has made a table and a function."""
    passwords = cluster.passwords()
    for _ in range(2):
        provision(cluster.url(), database="loyalty", passwords=passwords, variable="test")
    by_role = {role: cluster.url(role, "loyalty") for role in passwords}
    run(
        by_role["loyalty_owner"],
        "CREATE TABLE wallet (id bigint GENERATED ALWAYS AS IDENTITY, points int)",
        "CREATE FUNCTION mint() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    )
    return by_role


def test_the_app_reads_and_writes_what_the_owner_made(urls):
    rows = run(urls["loyalty_app"], "INSERT INTO wallet (points) VALUES (7)", "SELECT points FROM wallet")

    assert rows == [(7,)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine ()",
        "TRUNCATE wallet",
        "ALTER TABLE wallet ADD COLUMN more int",
        "DROP TABLE wallet",
        "SELECT mint()",
        "CREATE ROLE another",
        "CREATE DATABASE another",
        "SET session_replication_role = replica",
        "SET ROLE loyalty_owner",
    ],
)
def test_the_app_may_not(urls, statement):
    with closing(psycopg2.connect(urls["loyalty_app"])) as link, link.cursor() as cursor:
        link.autocommit = True

        with pytest.raises(InsufficientPrivilege):
            cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO wallet (points) VALUES (1)", "UPDATE wallet SET points = 0", "DELETE FROM wallet"],
)
def test_the_auditor_only_reads(urls, statement):
    assert run(urls["loyalty_auditor"], "SELECT count(*) FROM wallet")

    with pytest.raises(InsufficientPrivilege):
        run(urls["loyalty_auditor"], statement)


def test_the_apps_time_limits_belong_to_its_role(urls):
    rows = run(
        urls["loyalty_app"],
        "SELECT current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')",
    )

    assert rows == [("3s", "15s")]


def test_nobody_else_may_connect(urls, cluster):
    run(cluster.url(), "CREATE ROLE stranger LOGIN PASSWORD 'stranger'")

    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        run(signed_in_as(cluster.url(), "stranger", "stranger", "loyalty"))


def test_a_role_that_is_a_superuser_is_refused(tmp_path):
    made = PostgresCluster(tmp_path / "postgres").start()
    try:
        run(made.url(), "CREATE ROLE loyalty_app SUPERUSER")

        with pytest.raises(EngineError, match="loyalty_app is a superuser"):
            provision(made.url(), database="loyalty", passwords=made.passwords(), variable="test")
    finally:
        made.remove()


def test_a_superusers_url_is_provisioned_and_swapped_for_the_app(cluster):
    url = cluster.url()
    user = start_user(DATABASE_URL=url, BROKER_URL="memory://")

    line = user.stdout.readline()
    user.communicate("done\n", timeout=60)

    assert '"DATABASE_URL": "postgresql://loyalty_app:' in line
    assert '"DATABASE_OWNER_URL": "postgresql://loyalty_owner:' in line
    assert f'"DATABASE_ADMIN_URL": "{url}"' in line


def test_the_command_prints_the_urls_to_set(tmp_path):
    made = PostgresCluster(tmp_path / "postgres").start()
    try:
        done = subprocess.run(
            [sys.executable, "manage.py", "provision_database", "--admin-url", made.url()],
            env=clean_environment(),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
        printed = dict(line.split("=", 1) for line in done.stdout.splitlines())

        assert sorted(printed) == ["DATABASE_AUDITOR_URL", "DATABASE_OWNER_URL", "DATABASE_URL"]
        assert check_server(printed["DATABASE_URL"], variable="test") is False
        assert urlsplit(printed["DATABASE_OWNER_URL"]).username == "loyalty_owner"
    finally:
        made.remove()


@pytest.mark.slow
@pytest.mark.skipif(not POSTGRES_15.is_dir(), reason="Debian's PostgreSQL 15 is not installed")
def test_every_migration_runs_on_version_15(tmp_path):
    made = PostgresCluster(tmp_path / "postgres", programs=POSTGRES_15).start()
    try:
        provision(made.url(), database="loyalty", passwords=made.passwords(), variable="test")
        done = subprocess.run(
            [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"],
            env=clean_environment(
                DATABASE_URL=made.url("loyalty_app", "loyalty"),
                DATABASE_OWNER_URL=made.url("loyalty_owner", "loyalty"),
                BROKER_URL=os.environ["BROKER_URL"],
            ),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        assert run(made.url("loyalty_app", "loyalty"), "SELECT count(*) > 20 FROM django_migrations") == [
            (True,)
        ]
    finally:
        made.remove()
