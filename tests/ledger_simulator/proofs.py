"""What must hold at the end, however the run went: oracle, audit and replayer agree, nothing is stuck."""

import json
import subprocess
import sys
from pathlib import Path

from django.core.management import call_command

from points.selectors.audit import audit
from tests.databases import PROJECT
from tests.ledger_simulator import ledger, world
from tests.ledger_simulator.oracle import Oracle


def differences(oracle: Oracle, folder: Path) -> list[str]:
    """Everything that disagrees, in words; empty: all is proved."""
    return [*unlike(oracle), *unproved(folder)]


def unlike(oracle: Oracle) -> list[str]:
    """Where the ledger's wallets, lots and holds are not the oracle's."""
    return [*_wallets(oracle), *_lots(oracle), *_holds(oracle)]


def unproved(folder: Path) -> list[str]:
    """What the ledger's own audit and the replayer of its export find."""
    return [*_audited(), *_replayed(folder)]


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


def _audited() -> list[str]:
    return [f"audit: {row}" for row in audit().disagreements]


def _replayed(folder: Path) -> list[str]:
    path = folder / "journal.jsonl"
    with (folder / "export.log").open("w") as log:
        call_command("export_journal", out=path, stderr=log)
    done = subprocess.run(
        [sys.executable, str(PROJECT / "tools" / "replay_journal.py"), str(path), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in {0, 1}:
        return [f"the replayer failed: {done.stderr}"]
    return [f"replayer: {row}" for row in json.loads(done.stdout)["disagreements"]]
