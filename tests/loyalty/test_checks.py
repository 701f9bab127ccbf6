"""Production refuses to start on anything unsafe, and says each fault in one sentence."""

import base64
import os
import secrets
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from loyalty import checks
from loyalty.engines import PostgresCluster, provisioned

PROJECT = Path(__file__).resolve().parents[2]
GOOD = {
    "LOYALTY_ENV": "production",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "BLIND_INDEX_KEY": secrets.token_urlsafe(48),
    "FIELD_KEYS": base64.b64encode(bytes(range(128, 160))).decode(),
    "LEDGER_SEAL_KEY": base64.b64encode(bytes(range(160, 192))).decode(),
    "ALLOWED_HOSTS": "points.example.com",
}


def start(command, dsn, **changes):
    """Run `command` in a production environment that is good but for `changes`."""
    hidden = ("DATABASE_", "DJANGO_", "LOYALTY_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    environment = {**kept, **GOOD, "DATABASE_URL": dsn, **changes}
    return subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def faults(done):
    """The sentences a refused start said."""
    assert done.returncode == checks.EXIT_CODE, done.stderr
    assert "Traceback" not in done.stderr
    return [line.removeprefix("error: ") for line in done.stderr.splitlines() if line.startswith("error: ")]


def test_good_production_settings_pass_the_deployment_checks(app_dsn):
    done = start(["manage.py", "check", "--deploy", "--fail-level", "WARNING"], app_dsn)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


WEB = ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "loyalty.wsgi:application"]
WORKER = ["-m", "celery", "--app", "loyalty", "worker"]
BEAT = ["-m", "celery", "--app", "loyalty", "beat", "--pidfile="]


@pytest.mark.parametrize(
    "command", [WEB, WORKER, BEAT, ["manage.py", "shell"]], ids=["web", "worker", "beat", "shell"]
)
def test_every_process_refuses_a_known_key_when_it_starts(command, app_dsn):
    done = start(command, app_dsn, SECRET_KEY="", PORT="0")

    assert faults(done) == ["SECRET_KEY is a published key: set a random one."]


@pytest.fixture
def production(settings):
    """Settings in which nothing is at fault."""
    settings.SECRET_KEY = GOOD["SECRET_KEY"]
    settings.BLIND_INDEX_KEY = GOOD["BLIND_INDEX_KEY"]
    settings.FIELD_KEYS = [GOOD["FIELD_KEYS"]]
    settings.LEDGER_SEAL_KEY = GOOD["LEDGER_SEAL_KEY"]
    settings.LEDGER_SEAL_PUBLIC_KEYS = []
    settings.ALLOWED_HOSTS = [GOOD["ALLOWED_HOSTS"]]
    settings.LOYALTY_FAKE_NOW = ""
    assert checks.setting_faults() == []
    return settings


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("SECRET_KEY", "demo-only-" + "not-a-secret-" * 4, "SECRET_KEY is a published key"),
        ("SECRET_KEY", "django-insecure-" + "x" * 64, "SECRET_KEY is a published key"),
        ("SECRET_KEY", "ab" * 40, "SECRET_KEY is too short or too plain"),
        ("BLIND_INDEX_KEY", "demo-only-" + "not-a-secret-" * 4, "BLIND_INDEX_KEY is a published key"),
        ("BLIND_INDEX_KEY", "short", "BLIND_INDEX_KEY is too short"),
        ("BLIND_INDEX_KEY", GOOD["SECRET_KEY"], "SECRET_KEY and BLIND_INDEX_KEY are the same"),
        ("FIELD_KEYS", ["ZGVtby1vbmx5LWtleS1ub3QtYS1zZWNyZXQtMzJieXQ="], "FIELD_KEYS: key 1 is a published"),
        ("FIELD_KEYS", [base64.b64encode(bytes(32)).decode()], "FIELD_KEYS: key 1 is a published"),
        ("FIELD_KEYS", ["c2hvcnQ="], "FIELD_KEYS: key 1 is not base64 of 32 bytes"),
        ("FIELD_KEYS", [GOOD["FIELD_KEYS"], "!"], "FIELD_KEYS: key 2 is not base64 of 32 bytes"),
        ("FIELD_KEYS", [], "FIELD_KEYS is empty"),
        ("LEDGER_SEAL_KEY", "", "LEDGER_SEAL_KEY is empty"),
        ("LEDGER_SEAL_KEY", "c2hvcnQ=", "LEDGER_SEAL_KEY is not base64 of 32 bytes"),
        ("LEDGER_SEAL_KEY", "ZGVtby1vbmx5LXNlYWwta2V5LW5vdC1hLXNlY3JldCE=", "LEDGER_SEAL_KEY is a published"),
        ("LEDGER_SEAL_PUBLIC_KEYS", ["!"], "LEDGER_SEAL_PUBLIC_KEYS: key 1 is not base64 of 32 bytes"),
        ("LOYALTY_FAKE_NOW", "2026-01-01T00:00:00+08:00", "LOYALTY_FAKE_NOW moves the clock"),
        ("DEBUG", True, "DEBUG shows secrets"),
        ("ALLOWED_HOSTS", ["*"], "ALLOWED_HOSTS must name"),
        ("ALLOWED_HOSTS", [], "ALLOWED_HOSTS must name"),
        ("CELERY_BROKER_URL", "memory://", "BROKER_URL is missing"),
    ],
    ids=range(20),
)
def test_each_fault_of_the_settings_is_named(name, value, fault, production):
    setattr(production, name, value)

    (found,) = checks.setting_faults()

    assert found.startswith(fault)


@pytest.mark.parametrize("variable", ["DATABASE_OWNER_URL", "DATABASE_ADMIN_URL"])
@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_only_migrate_may_know_a_privileged_login(variable, suffix, monkeypatch):
    for name in ("DATABASE_OWNER_URL", "DATABASE_ADMIN_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(f"{variable}{suffix}", "x")

    assert checks.login_faults("") == [f"{variable} is set: only `manage.py migrate` may know it."]
    assert checks.login_faults("migrate") == []


def test_a_misspelt_environment_is_refused(app_dsn):
    found = faults(start(["-c", "import loyalty.wsgi"], app_dsn, LOYALTY_ENV="prod"))

    assert found == ["LOYALTY_ENV is 'prod': it must be one of development, test, production."]


@pytest.mark.parametrize("faked", ["2026-03-31T08:00:00", "tomorrow"])
def test_a_faked_clock_without_its_offset_is_refused_in_one_sentence(faked, app_dsn):
    done = start(["-c", "import loyalty.wsgi"], app_dsn, LOYALTY_ENV="development", LOYALTY_FAKE_NOW=faked)

    assert faults(done) == [
        "LOYALTY_FAKE_NOW must be an instant with its offset, such as 2026-03-31T08:00:00+08:00."
    ]


def test_all_faults_are_told_at_once():
    found = faults(
        start(
            WEB, "", SECRET_KEY="", BROKER_URL="", ALLOWED_HOSTS="*", DATABASE_OWNER_URL="postgresql://a@b/c"
        )
    )

    assert [words.split()[0] for words in found] == [
        "SECRET_KEY",
        "ALLOWED_HOSTS",
        "BROKER_URL",
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
    ]


def test_an_unreachable_database_is_a_fault(app_dsn):
    found = faults(start(WEB, "postgresql://a:secret@127.0.0.1:1/loyalty"))

    assert found[0].startswith("DATABASE_URL: cannot use the database")
    assert "secret" not in found[0]


@pytest.mark.parametrize("right", ["UPDATE", "UPDATE ({column})", "DELETE", "TRUNCATE"])
def test_a_login_that_may_change_the_journal_is_refused(right, app_dsn, owner_connection):
    with owner_connection.cursor() as cursor:
        rights = [(right.format(column=first_column(cursor, table)), table) for table in checks.JOURNAL]
        cursor.execute(";".join(f"GRANT {one} ON {table} TO loyalty_app" for one, table in rights))
    try:
        found = right_faults(app_dsn)
    finally:
        with owner_connection.cursor() as cursor:
            cursor.execute(";".join(f"REVOKE {one} ON {table} FROM loyalty_app" for one, table in rights))

    assert found == [
        f"The login of DATABASE_URL may change the journal table {table}: use loyalty_app."
        for table in checks.JOURNAL
    ]


def first_column(cursor, table):
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1", [f"public.{table}"]
    )
    return cursor.fetchone()[0]


def test_the_journal_is_every_table_that_the_app_role_may_only_add_to(owner_connection):
    with owner_connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
              AND has_table_privilege('loyalty_app', oid, 'INSERT')
              AND NOT has_any_column_privilege('loyalty_app', oid, 'UPDATE')
              AND NOT has_table_privilege('loyalty_app', oid, 'DELETE, TRUNCATE')
            """
        )
        only_grow = {name for (name,) in cursor.fetchall()}

    assert only_grow - set(checks.JOURNAL) == set()


def test_the_app_role_owns_nothing_and_may_not_touch_the_journal(app_dsn):
    assert right_faults(app_dsn) == []


def test_an_owner_of_the_tables_is_refused(owner_dsn):
    assert right_faults(owner_dsn)[0] == "DATABASE_URL signs in as an owner of the schema: use loyalty_app."


def test_a_superuser_is_refused(app_dsn):
    admin = urlsplit(os.environ["DATABASE_ADMIN_URL"])._replace(path=urlsplit(app_dsn).path).geturl()

    assert right_faults(admin) == ["DATABASE_URL signs in as a superuser: use loyalty_app."]


def right_faults(url):
    with closing(psycopg2.connect(url)) as link, link.cursor() as cursor:
        return checks._right_faults(cursor)


@pytest.fixture(scope="module")
def careless_server(tmp_path_factory):
    """The app's URL on a server that does not wait for its disk."""
    made = PostgresCluster(
        tmp_path_factory.mktemp("careless") / "postgres", settings={"fsync": "off", "full_page_writes": "off"}
    ).start()
    yield provisioned(made.url(), database="loyalty", passwords=made.passwords(), variable="test")[
        "DATABASE_URL"
    ]
    made.remove()


def test_a_server_that_may_lose_postings_is_refused(careless_server):
    assert faults(start(WEB, careless_server)) == [
        "The server's fsync is off: a power cut would lose or tear postings.",
        "The server's full_page_writes is off: a power cut would lose or tear postings.",
    ]


def test_the_image_is_built_without_any_secret(tmp_path):
    done = start(
        ["manage.py", "collectstatic", "--no-input", "--dry-run"],
        "",
        SECRET_KEY="",
        STATIC_ROOT=str(tmp_path),
    )

    assert done.returncode == 0, done.stderr


def test_development_starts_on_the_demo_keys(app_dsn):
    done = start(["-c", "import loyalty.wsgi"], app_dsn, LOYALTY_ENV="development", SECRET_KEY="demo")

    assert done.returncode == 0, done.stderr
