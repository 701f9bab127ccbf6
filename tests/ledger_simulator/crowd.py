"""Many processes at once, with faults: nothing acknowledged is lost, nothing is doubled, nothing is stuck."""

import pickle
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from tests.ledger_simulator import world
from tests.ledger_simulator.dice import Chance
from tests.ledger_simulator.faults import Faults
from tests.ledger_simulator.operations import LOST, Answer, Grant, Op
from tests.ledger_simulator.performer import Performer
from tests.ledger_simulator.place import Place
from tests.ledger_simulator.proofs import audited, replayed, unlike
from tests.ledger_simulator.settlers import settle
from tests.ledger_simulator.verdict import Verdict
from tests.schemas import PROJECT

Record = tuple[Op, Answer]
_POLL_SECONDS = 0.02
_BATCH = 500


def run_crowd(place: Place, *, ops: int, kills: int, processes: int, seed: str) -> list[str]:
    """What disagreed in `ops` operations of `processes`; empty: nothing did."""
    chance = Chance.of_run(ops)
    settle(chance.members)
    performer = Performer()
    first = [(op, performer.ask(op)) for op in _first_points(chance.members)]
    faults = Faults(place, kills=kills, seed=seed)
    started = time.monotonic()
    names = [f"p{number}" for number in range(processes)]
    failed = _run_workers(place, names, faults, chance=chance, ops=ops, seed=seed)
    seconds = time.monotonic() - started
    print(
        f"crowd: {ops} operations, {processes} processes, {ops / seconds:.0f}/s; {dict(faults.done)}",
        flush=True,
    )
    if failed:
        return failed
    last = [(op, performer.ask(op)) for op in (Op("time_out", world.END), Op("sweep", world.END))]
    started = time.monotonic()
    with ThreadPoolExecutor(1) as aside:
        replay = aside.submit(replayed, place.folder)
        found = _judged(chain(first, _written(place.folder, names), last))
        found = found or [*audited(), *replay.result()]
    print(f"  judged, audited and replayed in {time.monotonic() - started:.0f} s", flush=True)
    return found


def _judged(heard: Iterable[Record]) -> list[str]:
    verdict = Verdict()
    outcomes: Counter[str] = Counter()
    for op, answer in heard:
        verdict.hear(op, answer)
        outcomes[f"{op.kind} {answer.outcome}"] += 1
    print("  " + ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items())), flush=True)
    found = verdict.judge() or unlike(verdict.oracle)
    lost = sum(count for name, count in outcomes.items() if name.endswith(LOST))
    print(f"  {lost} answers lost, {verdict.events} events", flush=True)
    return found


def _first_points(members: int) -> Iterator[Op]:
    """Everybody begins with a few points of each program, so that all wallets exist."""
    for program in world.PROGRAMS:
        for start in range(1, members + 1, _BATCH):
            grants = [
                Grant(f"first-{program.code}-{number:07d}", number, 200)
                for number in range(start, min(start + _BATCH, members + 1))
            ]
            yield Op("accrue_many", world.START, unit="MALL", program=program.code, grants=tuple(grants))


def _run_workers(
    place: Place, names: list[str], faults: Faults, *, chance: Chance, ops: int, seed: str
) -> list[str]:
    share = -(-ops // len(names))
    arguments = [seed, share, place.folder, chance.members, chance.batch, chance.sweep]
    workers = {}
    for name in names:
        with (place.folder / f"{name}.errors").open("w") as errors:
            workers[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.ledger_simulator.worker", name, *map(str, arguments)],
                cwd=PROJECT, env=place.environment, stderr=errors,
            )  # fmt: skip
    try:
        while any(worker.poll() is None for worker in workers.values()):
            faults.happen(sum(_progress(place.folder, name) for name in names) / ops)
            if any(worker.poll() for worker in workers.values()):
                break
            time.sleep(_POLL_SECONDS)
    finally:
        for worker in workers.values():
            if worker.poll() is None:
                worker.kill()
            worker.wait()
    return [
        f"{name} failed: {(place.folder / f'{name}.errors').read_text()[-3000:]}"
        for name, worker in workers.items()
        if worker.returncode
    ]


def _progress(folder: Path, name: str) -> int:
    path = folder / f"{name}.progress"
    return int.from_bytes(path.read_bytes()[:8], "big") if path.exists() else 0


def _written(folder: Path, names: list[str]) -> Iterator[Record]:
    for name in names:
        with (folder / f"{name}.record").open("rb") as record:
            while True:
                try:
                    yield pickle.load(record)
                except EOFError:
                    break
