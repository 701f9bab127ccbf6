"""What must hold at the end, however the run went: oracle, audit and replayer agree, nothing is stuck."""

import json
import os
import subprocess
import sys
from pathlib import Path

from points.selectors.audit import audit
from tests.ledger_simulator import ledger, world
from tests.ledger_simulator.oracle import Oracle
from tests.schemas import PROJECT


def differences(oracle: Oracle, folder: Path) -> list[str]:
    """Everything that disagrees, in words; empty: all is proved."""
    return [*unlike(oracle), *audited(), *replayed(folder)]


def unlike(oracle: Oracle) -> list[str]:
    """Where the ledger's wallets, lots and holds are not the oracle's."""
    return [*_wallets(oracle), *_lots(oracle), *_holds(oracle)]


def _wallets(oracle: Oracle) -> list[str]:
    real = {key: row[1:] for key, row in ledger.wallets().items()}
    mine = {
        (str(world.member_id(member)), program): (wallet.balance, wallet.debt)
        for (member, program), wallet in oracle.wallets.items()
    }
    found = [
        f"wallet {key}: (balance, debt) {real.get(key)}, oracle {mine.get(key)}"
        for key in sorted(real.keys() | mine.keys())
        if real.get(key) != mine.get(key)
    ]
    below = [f"wallet {key} is negative beyond its debt" for key, row in real.items() if row[0] < -row[1]]
    return found + below


def _lots(oracle: Oracle) -> list[str]:
    """Streams them by: a million lots are already in the oracle's memory."""
    found, met = [], 0
    for identity, real in ledger.lots():
        lot = oracle.lots.get(identity)
        mine = lot and (lot.facts, lot.remaining, lot.held)
        met += lot is not None
        if real != mine:
            found.append(f"lot {identity}: (facts, remaining, held) {real}, oracle {mine}")
    if met != len(oracle.lots):
        found.append(f"the oracle has {len(oracle.lots)} lots, the ledger {met} of them")
    return found


def _holds(oracle: Oracle) -> list[str]:
    real = set(ledger.open_holds())
    return [f"hold {key} is open in one of the books only" for key in real ^ set(oracle.open_holds)]


def audited() -> list[str]:
    """What the ledger's own audit finds."""
    return [f"audit: {row}" for row in audit().disagreements]


def replayed(folder: Path) -> list[str]:
    """What the replayer finds in an export. Both are programs of their own, so others may work meanwhile."""
    path = folder / "journal.jsonl"
    exported = _run("manage.py", "export_journal", "--out", str(path))
    if exported.returncode:
        return [f"the export failed: {exported.stderr}"]
    done = _run("tools/replay_journal.py", str(path), "--json")
    if done.returncode not in {0, 1}:
        return [f"the replayer failed: {done.stderr}"]
    return [f"replayer: {row}" for row in json.loads(done.stdout)["disagreements"]]


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT, env=os.environ | {"DJANGO_SETTINGS_MODULE": "loyalty.settings"}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
