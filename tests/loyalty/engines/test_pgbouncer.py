"""Behind PgBouncer in transaction mode, as shipped: many share two sessions and leave nothing in them."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from urllib.parse import unquote, urlsplit

import pytest
from django.core.management import call_command
from django.db import connection, connections

from common.idempotency import run_job_once
from loyalty.engines.places import reachable_folder, remove_folder, server_account
from loyalty.engines.servers import HOST, port_to_use, wait_until
from points.models import Posting
from points.refusals import InsufficientPoints
from points.selectors.audit import audit
from points.services.expiry import expire_due_lots
from tests.conftest import ADMIN_URL, APP_URL, NAME
from tests.databases import signed_in
from tests.factories import NOW, balance, give, make_member, make_program, make_unit, redeem
from tests.schemas import PROJECT

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
# Two sessions for everybody, so that each is handed from client to client all the time.
SESSIONS = 2
LEFT_BEHIND = """
SELECT pg_backend_pid(), current_setting('search_path'), current_setting('lock_timeout'),
       current_setting('statement_timeout'), current_setting('enable_nestloop'),
       current_setting('default_transaction_isolation'), current_setting('timezone'),
       (SELECT count(*) FROM pg_prepared_statements),
       (SELECT count(*) FROM pg_cursors WHERE name <> ''),
       (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
       (SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND pg_table_is_visible(oid))
"""
CLEAN = ('"$user", public', "3s", "1min", "on", "read committed", "UTC", 0, 0, 0, 0)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        PGBOUNCER is None, reason="PgBouncer is not installed (Debian: apt install pgbouncer)"
    ),
]


@pytest.fixture
def pool(django_db_setup, tmp_path) -> Iterator[str]:
    """The URL of loyalty_app behind a PgBouncer with the shipped settings, before the tests' server."""
    account = server_account()
    named = tmp_path / "pool"
    folder = reachable_folder(named, account)
    server, app = urlsplit(ADMIN_URL), urlsplit(APP_URL)
    port = port_to_use(folder / "port")
    changed = {
        "loyalty": f"host={server.hostname} port={server.port} dbname={NAME}",
        "listen_addr": HOST,
        "listen_port": str(port),
        "auth_file": str(folder / "users"),
        "default_pool_size": str(SESSIONS),
        "reserve_pool_size": "0",
    }
    shipped = (PROJECT / "deploy" / "pgbouncer" / "pgbouncer.ini").read_text().splitlines()
    lines = [
        f"{name} = {changed[name]}" if (name := line.split(" = ")[0]) in changed else line for line in shipped
    ]
    (folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
    (folder / "users").write_text(f'"{app.username}" "{unquote(app.password or "")}"\n')
    for file in folder.iterdir():
        account.owns(file)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(PGBOUNCER), str(folder / "pgbouncer.ini")],
            cwd=folder,
            stdout=log,
            stderr=log,
            **account.identity(),
        )
    try:
        assert wait_until(lambda: b"process up" in (folder / "log").read_bytes(), seconds=20)
        yield f"postgresql://{app.username}:{app.password}@{HOST}:{port}/loyalty"
    finally:
        process.terminate()
        process.wait(timeout=20)
        remove_folder(named)


@pytest.fixture
def through_the_pool(pool, monkeypatch) -> Iterator[str]:
    """Django signs in at the pool, as the web and the workers do with PGBOUNCER=true."""
    link = connections["default"]
    link.close()
    parts = urlsplit(pool)
    for name, value in {
        "NAME": parts.path.strip("/"),
        "PORT": str(parts.port),
        "OPTIONS": {},
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }.items():
        monkeypatch.setitem(link.settings_dict, name, value)
    with signed_in(ADMIN_URL) as admin, admin.cursor() as cursor:
        # Past the pool the connection sets the tests' clock free; a role's settings reach any session.
        cursor.execute(f"ALTER ROLE loyalty_app IN DATABASE \"{NAME}\" SET loyalty.clock = 'free'")
        yield pool
        link.close()
        cursor.execute(f'ALTER ROLE loyalty_app IN DATABASE "{NAME}" RESET loyalty.clock')


def what_is_left(pool: str) -> set[tuple[object, ...]]:
    """The state of every session, each held by a transaction so that the next client gets another one."""
    found = {}
    with signed_in(pool) as one, signed_in(pool) as two, one.cursor() as first, two.cursor() as second:
        for cursor in (first, second):
            cursor.execute("BEGIN")
            cursor.execute(LEFT_BEHIND)
            pid, *state = cursor.fetchone()
            found[pid] = tuple(state)
        for cursor in (first, second):
            cursor.execute("COMMIT")
    assert len(found) == SESSIONS
    return set(found.values())


def test_a_race_through_two_sessions_is_won_as_often_as_points_last(through_the_pool):
    unit = make_unit()
    program = make_program(owner=unit)
    member = make_member()
    give(member, program, 1000)
    gate = Barrier(8)

    def till(number: int) -> list[str]:
        gate.wait()
        outcomes = []
        for sale in range(5):
            try:
                redeem(member, program, 100, unit=unit, source_ref=f"{number}-{sale}")
            except InsufficientPoints:
                outcomes.append("insufficient")
            else:
                outcomes.append("posted")
        connection.close()
        return outcomes

    with ThreadPoolExecutor(8) as tills:
        outcomes = Counter(outcome for part in tills.map(till, range(8)) for outcome in part)

    assert outcomes == {"posted": 10, "insufficient": 30}
    assert balance(member, program) == 0
    assert audit().is_clean


def test_jobs_audits_and_exports_leave_nothing_in_the_sessions(through_the_pool, tmp_path):
    unit = make_unit()
    program = make_program(owner=unit, expiry_kind="days", expiry_count=30)
    member = make_member()
    give(member, program, 600)
    redeem(member, program, 100, unit=unit)
    run_job_once(
        job="expire_points",
        period="2026-08-15",
        at=NOW,
        stale_after=timedelta(minutes=50),
        work=lambda: {"lots": expire_due_lots(at=NOW + timedelta(days=60)).lots},
    )
    assert audit().is_clean
    journal = tmp_path / "journal.jsonl"
    with journal.with_suffix(".log").open("w") as log:
        call_command("export_journal", "--out", str(journal), stderr=log)

    assert what_is_left(through_the_pool) == {CLEAN}
    assert journal.read_text().count('"type" : "posting"') == Posting.objects.count() == 3


def test_a_setting_that_a_client_leaves_behind_would_be_seen(through_the_pool):
    """The probe works: this is what the two tests above would find."""
    with signed_in(through_the_pool) as link, link.cursor() as cursor:
        cursor.execute("SET lock_timeout = '7s'")
        cursor.execute("SELECT pg_advisory_lock(1)")

    left = what_is_left(through_the_pool)

    assert left != {CLEAN}


def test_the_shipped_pool_hands_sessions_out_by_transaction():
    text = (PROJECT / "deploy" / "pgbouncer" / "pgbouncer.ini").read_text()

    assert "pool_mode = transaction" in text
    assert Path(PROJECT / "deploy" / "pgbouncer" / "Dockerfile").exists()
