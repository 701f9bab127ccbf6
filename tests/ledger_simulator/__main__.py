"""`python -m tests.ledger_simulator --ops N --kills K --seed S --processes P`: try to break the ledger."""

import argparse
import os
import secrets
import sys
import time
from importlib import import_module

import django

from tests.ledger_simulator.place import Place, made_place


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.ledger_simulator", description=__doc__)
    parser.add_argument("--ops", type=int, default=10_000, help="operations of the crowd")
    parser.add_argument("--kills", type=int, default=1, help="how often PostgreSQL is killed meanwhile")
    parser.add_argument("--seed", default="", help="what a run printed, to do the same again")
    parser.add_argument("--processes", type=int, default=4, help="how many ask at once")
    parser.add_argument("--serial-ops", type=int, default=1_000, help="operations one at a time, first")
    asked = parser.parse_args()
    seed = asked.seed or secrets.token_hex(4)
    print(f"seed {seed}", flush=True)
    started = time.monotonic()
    with made_place() as place:
        os.environ.update(place.environment)
        django.setup()
        found = _run(place, asked, seed)
    for line in found:
        print(line)
    again = f"--ops {asked.ops} --kills {asked.kills} --seed {seed} --processes {asked.processes}"
    again += f" --serial-ops {asked.serial_ops}"
    print(f"{'FAILED' if found else 'passed'} in {time.monotonic() - started:.0f} s: {again}")
    return 1 if found else 0


def _run(place: Place, asked: argparse.Namespace, seed: str) -> list[str]:
    # Models can be imported only now that the settings lead to the place.
    serial = import_module("tests.ledger_simulator.serial")
    found: list[str] = []
    if asked.serial_ops:
        found = serial.run_serial(place, ops=asked.serial_ops, seed=seed)
    if asked.ops and not found:
        place.empty()
        crowd = import_module("tests.ledger_simulator.crowd")
        found = crowd.run_crowd(place, ops=asked.ops, kills=asked.kills, processes=asked.processes, seed=seed)
    return found


if __name__ == "__main__":
    sys.exit(main())
