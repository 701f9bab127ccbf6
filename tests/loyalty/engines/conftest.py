"""Programs of their own, on engines of their own: nothing here touches those of the test run."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from loyalty.engines import PostgresCluster, ValkeyBroker
from loyalty.engines.places import remove_folder

PROJECT = Path(__file__).resolve().parents[3]
# Prints the variables it got, then waits for a line on stdin.
USER = """
import json, os, sys
from loyalty.engines import EngineError, engines
try:
    with engines():
        print(json.dumps({k: v for k, v in os.environ.items() if k.endswith("_URL")}), flush=True)
        sys.stdin.readline()
except EngineError as refusal:
    sys.exit(f"error: {refusal}")
"""


def clean_environment(**changes: str) -> dict[str, str]:
    """This environment without anything that leads to a database or a broker."""
    ours = ("DATABASE_", "BROKER_", "LOYALTY_", "PYTEST_", "DJANGO_", "PORT")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(PROJECT), **changes}


def start_user(**changes: str) -> "subprocess.Popen[str]":
    """A process that uses the engines until it reads a line (or its stdin ends)."""
    return subprocess.Popen(
        [sys.executable, "-c", USER],
        cwd=PROJECT,
        env=clean_environment(**changes),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refusal_of(**changes: str) -> str:
    """What a process says that must not get its engines: one line on stderr, exit code 1, no traceback."""
    user = start_user(**changes)
    said, words = user.communicate(timeout=60)
    assert user.returncode == 1, said + words
    assert words.startswith("error: "), words
    assert words.count("\n") == 1, words
    return words


def connects(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=3).close()
    except psycopg2.OperationalError:
        return False
    return True


def eventually(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A `.local` folder for the module; whatever still runs in it at the end is stopped and removed."""
    folder = tmp_path_factory.mktemp("local")
    yield folder
    PostgresCluster(folder / "postgres").remove()
    ValkeyBroker(folder / "broker").remove()
    remove_folder(folder / "software")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresCluster]:
    """A throw-away PostgreSQL, running, not provisioned."""
    made = PostgresCluster(tmp_path_factory.mktemp("cluster") / "postgres").start()
    yield made
    made.remove()
