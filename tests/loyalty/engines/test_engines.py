"""Many processes share the private servers; the last to leave stops them; no kill is fatal."""

import json
import os
import signal
import stat
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from loyalty.engines import PostgresCluster, ValkeyBroker
from loyalty.engines.places import server_account
from tests.loyalty.engines.conftest import connects, eventually, start_user

pytestmark = pytest.mark.slow


def urls_of(user):
    line = user.stdout.readline()
    assert line, user.stderr.read()
    return json.loads(line)


def finish(user):
    user.communicate("done\n", timeout=60)
    return user.returncode


def test_each_variable_leads_to_its_own_role(local):
    user = start_user(LOYALTY_LOCAL_DIR=str(local))

    urls = urls_of(user)

    logins = {name: urlsplit(url).username for name, url in urls.items()}
    assert logins == {
        "DATABASE_URL": "loyalty_app",
        "DATABASE_OWNER_URL": "loyalty_owner",
        "DATABASE_AUDITOR_URL": "loyalty_auditor",
        "DATABASE_ADMIN_URL": "postgres",
        "BROKER_URL": "",
    }
    assert all(connects(url) for name, url in urls.items() if name != "BROKER_URL")
    assert finish(user) == 0


def test_nothing_runs_after_the_last_user_has_left(local):
    user = start_user(LOYALTY_LOCAL_DIR=str(local))
    urls = urls_of(user)

    finish(user)

    assert not connects(urls["DATABASE_URL"])
    assert PostgresCluster(local / "postgres").pid is None
    assert ValkeyBroker(local / "broker").pid is None


def test_a_server_that_the_environment_names_leaves_no_folder_for_a_private_one(cluster, tmp_path):
    user = start_user(LOYALTY_LOCAL_DIR=str(tmp_path), DATABASE_URL=cluster.url())
    urls_of(user)

    assert finish(user) == 0

    assert not (tmp_path / "postgres").exists()
    ValkeyBroker(tmp_path / "broker").remove()


def test_two_that_start_at_the_same_moment_share_one_server(local):
    first, second = (start_user(LOYALTY_LOCAL_DIR=str(local)) for _ in range(2))

    same = urls_of(first) == urls_of(second)
    finish(first)
    still_there = PostgresCluster(local / "postgres").pid is not None
    finish(second)

    assert same
    assert still_there
    assert PostgresCluster(local / "postgres").pid is None


def test_a_killed_users_server_is_adopted_and_then_stopped(local):
    killed = start_user(LOYALTY_LOCAL_DIR=str(local))
    urls_of(killed)
    killed.kill()
    killed.wait()
    orphan = PostgresCluster(local / "postgres").pid
    assert orphan is not None

    heir = start_user(LOYALTY_LOCAL_DIR=str(local))
    urls_of(heir)
    adopted = PostgresCluster(local / "postgres").pid
    finish(heir)

    assert adopted == orphan
    assert PostgresCluster(local / "postgres").pid is None


def test_kill_of_everything_loses_nothing_committed(local):
    user = start_user(LOYALTY_LOCAL_DIR=str(local))
    with psycopg2.connect(urls_of(user)["DATABASE_OWNER_URL"]) as link, link.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 7 AS n")
    link.close()
    user.kill()
    user.wait()
    os.kill(PostgresCluster(local / "postgres").pid, signal.SIGKILL)
    os.kill(ValkeyBroker(local / "broker").pid, signal.SIGKILL)

    heir = start_user(LOYALTY_LOCAL_DIR=str(local))
    with psycopg2.connect(urls_of(heir)["DATABASE_OWNER_URL"]) as link, link.cursor() as cursor:
        cursor.execute("SELECT n FROM kept")
        found = cursor.fetchone()
    link.close()

    assert found == (7,)
    assert finish(heir) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_user_stops_the_engines(local, number):
    user = start_user(LOYALTY_LOCAL_DIR=str(local))
    urls_of(user)

    user.send_signal(number)
    user.wait(timeout=60)

    assert user.returncode != 0
    assert PostgresCluster(local / "postgres").pid is None
    assert ValkeyBroker(local / "broker").pid is None


def test_a_lock_file_with_a_strangers_pid_is_not_believed(cluster):
    cluster.kill()
    lock = cluster.data / "postmaster.pid"
    lines = lock.read_text().splitlines()
    # PostgreSQL itself already ignores the processes of other accounts.
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **server_account().identity())
    lock.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
    try:
        cluster.start()
    finally:
        stranger.kill()
        stranger.wait()

    assert connects(cluster.url())


def test_a_taken_port_is_left_to_its_owner(cluster, tmp_path):
    before = cluster.port
    cluster.stop()
    other = PostgresCluster(tmp_path / "other")
    try:
        other.start()
        other.stop()
        (other.folder / "port").write_text(str(before))
        other.start()
        cluster.start()

        assert other.port == before
        assert cluster.port != before
        assert connects(cluster.url())
    finally:
        other.remove()


def test_the_server_keeps_checksums_fsync_and_sees_chinese(cluster):
    with psycopg2.connect(cluster.url()) as link, link.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute(
            "SELECT current_setting('data_checksums'), current_setting('fsync'), "
            "current_setting('server_encoding'), cardinality(show_trgm('会员积分')) > 0"
        )
        found = cursor.fetchone()
    link.close()

    assert found == ("on", "on", "UTF8", True)


def test_passwords_are_asked_for(cluster):
    parts = urlsplit(cluster.url())
    wrong = parts._replace(netloc=f"postgres:wrong@{parts.hostname}:{parts.port}").geturl()

    assert not connects(wrong)
    assert stat.S_IMODE((cluster.folder / "passwords.json").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another account")
def test_root_leaves_every_parent_folder_as_it_was(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    folders = [closed, *closed.parents]
    before = [stat.S_IMODE(folder.stat().st_mode) for folder in folders]
    made = PostgresCluster(closed / "postgres")
    try:
        made.start()
        uid = Path(f"/proc/{made.pid}").stat().st_uid

        assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == before
        assert uid != 0
        assert (closed / "postgres").is_symlink()
    finally:
        elsewhere = made.folder
        made.remove()
    assert not elsewhere.exists()
    assert eventually(lambda: not (closed / "postgres").is_symlink())
