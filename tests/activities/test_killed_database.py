"""`kill -9` of PostgreSQL in the middle of an import: the next run ends with the very same books."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest

from loyalty.engines import PostgresCluster
from tests.activities.shopping import AMOUNT, BASKETS, POINTS, shopping_rows, write_rows
from tests.databases import provisioned
from tests.schemas import fill_with_schema

PROJECT = Path(__file__).resolve().parents[2]
SET_UP = """
import csv, sys
from tests.activities.shopping import make_mall
with open(sys.argv[-1]) as stream:
    make_mall(sorted({row["member_ref"] for row in csv.DictReader(stream)}))
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(tmp_path):
    cluster = PostgresCluster(tmp_path / "postgres").start()
    yield cluster
    cluster.remove()


@pytest.fixture
def environment(cluster):
    """The variables that lead to a migrated database of a server of our own."""
    urls = provisioned(
        cluster.url(), database="books", passwords=cluster.passwords(), variable="DATABASE_ADMIN_URL"
    )
    environment = {**os.environ, **urls, "LOYALTY_FAKE_NOW": "2026-06-15T12:00:00+08:00"}
    environment |= {"DJANGO_SETTINGS_MODULE": "loyalty.settings", "BROKER_URL": "memory://"}
    fill_with_schema(environment, admin_url=cluster.url(database="books"))
    return environment


def start(environment, *command):
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(environment, *command):
    process = start(environment, *command)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    return output


def ask(cluster, query):
    link = psycopg2.connect(cluster.url(database="books"))
    try:
        with link.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()
    finally:
        link.close()


def test_the_database_killed_in_mid_import_loses_and_doubles_nothing(cluster, environment, tmp_path):
    path = write_rows(tmp_path / "baskets.csv", shopping_rows())
    script = tmp_path / "set_up.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(PROJECT)!r})\nimport django\ndjango.setup()\n{SET_UP}"
    )
    run(environment, str(script), str(path))
    command = ("manage.py", "import_activities", str(path), "--unit", "MALL")

    running = start(environment, *command)
    deadline = time.monotonic() + 60
    while (ask(cluster, "SELECT max(last_row) FROM common_importrun")[0] or 0) <= 1:
        assert time.monotonic() < deadline, "no chunk was committed in time"
        time.sleep(0.02)
    cluster.kill()
    output, _ = running.communicate(timeout=60)
    cluster.start()
    kept = ask(cluster, "SELECT last_row - 1 FROM common_importrun")[0]
    run(environment, *command)

    assert running.returncode == 1
    assert "CommandError" in output.splitlines()[-1]
    assert "Traceback" not in output
    assert 0 < kept < BASKETS
    assert ask(cluster, "SELECT count(*), sum(amount)::text FROM activities_activity") == (BASKETS, AMOUNT)
    assert ask(cluster, "SELECT sum(points)::int, count(*) FROM points_posting")[0] == POINTS
    assert ask(cluster, "SELECT sum(balance)::int FROM points_wallet") == (POINTS,)
    assert ask(cluster, "SELECT sum(remaining)::int FROM points_lot") == (POINTS,)
