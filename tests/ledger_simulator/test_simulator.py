"""A short run of the simulator, and the proof that it can fail: it finds bugs planted in the kernel."""

import subprocess
import sys
from contextlib import contextmanager

import pytest
from django.db import DatabaseError

from tests.databases import PROJECT
from tests.ledger_simulator.dice import Chance
from tests.ledger_simulator.proofs import differences
from tests.ledger_simulator.serial import Disagreed, Serial
from tests.ledger_simulator.settlers import settle

SEED = "planted"
# (function, what it says, what a slip of the pen would make of it)
PLANTED = {
    "the latest expiry is spent first": (
        "points_allocate", "ORDER BY l.expires_at,", "ORDER BY l.expires_at DESC,",
    ),
    "dead lots are spent": ("points_allocate", "l.expires_at > p_at", "l.expires_at >= '-infinity'"),
    "pending lots are spent": ("points_allocate", "l.available_at <= p_at", "true"),
    "another wallet's share is rounded down": (
        "points_allocate", "(v_cover * v_wallet.den + v_wallet.num - 1)", "(v_cover * v_wallet.den)",
    ),
    "a debt is not repaid": ("points_accrue", "v_repaid := least(v_debt, p_points)", "v_repaid := 0"),
    "a refund begins with other lots": (
        "points_reverse_accrual", "l.posting_id <> p_original,", "l.posting_id = p_original,",
    ),
    "a second refund is not counted": (
        "points_reverse_accrual", "WHERE p.reverses = p_original) + p_points", "WHERE false) + p_points",
    ),
    "a cancelled redemption gives no grace": (
        "points_reverse_redemption", "d.expires_at <= p_at AND p_grace_until IS NOT NULL", "false",
    ),
    "a capture is honoured late": ("points_capture_hold", "OR h.expires_at <= p_at", ""),
    "a void leaves the points held": (
        "points_void_hold", "SET held = l.held - d.points", "SET held = l.held",
    ),
    "a sweep takes what is held": (
        "points_expire", "l.remaining - l.held AS remaining", "l.remaining AS remaining",
    ),
}  # fmt: skip


@pytest.mark.slow
def test_a_short_run_with_a_killed_server_finds_nothing():
    arguments = ["--serial-ops", "200", "--ops", "1500", "--kills", "1", "--processes", "2"]

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


@pytest.mark.parametrize("bug", PLANTED)
def test_a_bug_planted_in_the_kernel_is_found(run, tmp_path, owner_connection, bug):
    function, good, bad = PLANTED[bug]

    with planted(owner_connection, function, good, bad):
        try:
            run.run(1500)
            found = differences(run.oracle, tmp_path)
        except (Disagreed, DatabaseError) as broken:
            found = [str(broken)]

    assert found


@contextmanager
def planted(link, function, good, bad):
    """The kernel with one text of a function changed, for the length of the block."""
    with link.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [function])
        (definition,) = cursor.fetchone()
        assert good in definition, f"{function} no longer says {good!r}"
        cursor.execute(definition.replace(good, bad))
        try:
            yield
        finally:
            cursor.execute(definition)
