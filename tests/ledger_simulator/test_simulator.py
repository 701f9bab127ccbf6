"""A short run of the simulator, and the proof that it can fail: it finds bugs planted in the kernel."""

import subprocess
import sys

import pytest
from django.db import DatabaseError

from tests.ledger_simulator.dice import Chance
from tests.ledger_simulator.proofs import differences
from tests.ledger_simulator.serial import Disagreed, Serial
from tests.ledger_simulator.settlers import settle
from tests.planted.bug import planted
from tests.planted.bugs import BY_NAME
from tests.schemas import PROJECT

SEED = "planted"
# Of those in tests/planted: what a run of the simulator must find by itself, whatever else does.
FOUND = (
    "the lot that expires last is spent first",
    "an expired lot that no sweep has met is spent",
    "a pending lot pays alone",
    "another wallet's share is rounded down",
    "a debt is not repaid",
    "a refund begins with other lots",
    "a second refund is not counted",
    "a cancelled redemption gives no grace",
    "a hold that timed out is captured",
    "a void leaves the points held",
    "a sweep takes what is held",
    "a lot that lapsed is renewed",
    "exchanged points live on as the new program's would",
)


@pytest.mark.slow
def test_a_short_run_with_a_killed_server_finds_nothing():
    arguments = ["--serial-ops", "200", "--ops", "900", "--kills", "1", "--processes", "2"]

    done = subprocess.run(
        [sys.executable, "-m", "tests.ledger_simulator", *arguments],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "'server': 1" in done.stdout


@pytest.fixture
def run(transactional_db):
    """A run of one process in the database of the tests."""
    chance = Chance(8)
    settle(chance.members)
    return Serial(chance, SEED)


def test_the_same_seed_asks_the_same(run):
    run.run(150)
    again = Serial(run.dice.chance, SEED).dice

    assert run.history[0][0] == again.throw(0.0)


def test_a_run_of_one_process_is_exactly_what_the_oracle_says(run, tmp_path):
    run.run(400)

    assert differences(run.oracle, tmp_path) == []
    assert run.outcomes["take_back posted"]
    assert run.outcomes["put_back posted"]


def test_a_row_changed_behind_the_ledgers_back_is_named_by_all(run, tmp_path, admin_connection):
    run.run(100)
    with admin_connection.cursor() as cursor:
        cursor.execute(
            "UPDATE points_wallet SET balance = balance + 1 WHERE id = (SELECT min(id) FROM points_wallet)"
        )

    found = differences(run.oracle, tmp_path)

    assert {line.split()[0] for line in found} == {"wallet", "audit:", "replayer:"}


@pytest.mark.parametrize("bug", FOUND)
def test_a_bug_planted_in_the_kernel_is_found(run, tmp_path, owner_connection, bug):
    with planted(owner_connection, BY_NAME[bug]):
        try:
            run.run(1500)
            found = differences(run.oracle, tmp_path)
        except (Disagreed, DatabaseError) as broken:
            found = [str(broken)]

    assert found
