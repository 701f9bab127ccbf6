"""One of the processes that ask at once: throws, asks, asks again what it does not know, writes all down.

Run by crowd.py as `python -m tests.ledger_simulator.worker NAME SEED OPS FOLDER MEMBERS BATCH SWEEP`.
"""

import os
import pickle
import sys
import time
from pathlib import Path
from random import Random
from typing import BinaryIO

import django

django.setup()

from django.db import DatabaseError, InterfaceError, connection  # noqa: E402 -- needs the set-up above

from tests.ledger_simulator.dice import Chance, Dice  # noqa: E402 -- the same
from tests.ledger_simulator.operations import LOST, Answer, Op  # noqa: E402 -- the same
from tests.ledger_simulator.performer import Performer, is_away  # noqa: E402 -- the same

DROPPED = 0.01  # answers that are thrown away, as when a till's line breaks
AWAY_SECONDS_MAX = 120
MEETING_SECONDS_MAX = 0.1


class Worker:
    """A process's own dice, connection and record."""

    def __init__(self, name: str, chance: Chance, seed: str, record: BinaryIO, pace: "Pace") -> None:
        self.dice = Dice(chance, seed=seed, name=name)
        self.luck = Random(f"{seed}/{name}/luck")
        self.performer = performer_once_there()
        self.record = record
        self.pace = pace
        self.unknown: list[Op] = []

    def step(self, progress: float) -> int:
        """Ask one operation; for how many it counts."""
        op = self.dice.throw(progress)
        if self.dice.meets:
            self.pace.meet(self.dice.serial)
        answer = self.ask(op)
        if answer.outcome == LOST and self.luck.random() < 0.7:
            answer = self.ask_until_known(op)
        if answer.outcome == LOST:
            self.unknown.append(op)
        elif op.kind != "sweep" and self.unknown and self.luck.random() < 0.01:
            self.ask_until_known(self.unknown.pop(0))
        self.dice.learn(op, answer)
        return op.size

    def finish(self) -> None:
        """Learn what became of everything whose answer was lost."""
        for op in self.unknown:
            self.ask_until_known(op)

    def ask_until_known(self, op: Op) -> Answer:
        while (answer := self.ask(op)).outcome == LOST:
            pass
        return answer

    def ask(self, op: Op) -> Answer:
        answer = self.performer.ask(op)
        if answer.outcome == LOST:
            await_server()
        elif self.luck.random() < DROPPED:
            answer = Answer(LOST)
        pickle.dump((op, answer), self.record, protocol=pickle.HIGHEST_PROTOCOL)
        return answer


def await_server() -> None:
    """Until the server takes connections again.

    :raises DatabaseError: it did not within AWAY_SECONDS_MAX
    """
    deadline = time.monotonic() + AWAY_SECONDS_MAX
    while True:
        try:
            connection.ensure_connection()
        except DatabaseError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def performer_once_there() -> Performer:
    """A performer: others are at work already, so a server may be killed while it reads who there is."""
    while True:
        try:
            return Performer()
        except (DatabaseError, InterfaceError) as broken:
            if not is_away(broken):
                raise
            connection.close()
            await_server()


class Pace:
    """How far each process is, in a file each: for the coordinator, and so that they can meet."""

    def __init__(self, folder: Path, name: str) -> None:
        self.mine = os.open(folder / f"{name}.progress", os.O_CREAT | os.O_RDWR)
        self.folder, self.name = folder, name
        self.others: list[int] = []

    def tell(self, done: int) -> None:
        """`done` operations are answered."""
        os.pwrite(self.mine, done.to_bytes(8, "big"), 0)

    def leave(self) -> None:
        """Nobody need wait for me any more."""
        os.pwrite(self.mine, b"\xff" * 8, 8)

    def meet(self, serial: int) -> None:
        """Wait a moment for those who have not come to their operation number `serial`."""
        os.pwrite(self.mine, serial.to_bytes(8, "big"), 8)
        if not self.others:
            paths = [path for path in self.folder.glob("*.progress") if path.stem != self.name]
            self.others = [os.open(path, os.O_RDONLY) for path in paths]
        deadline = time.monotonic() + MEETING_SECONDS_MAX
        while time.monotonic() < deadline:
            if all(int.from_bytes(os.pread(other, 8, 8), "big") >= serial for other in self.others):
                return
            time.sleep(0.0002)


def main(name: str, seed: str, ops: int, folder: Path, chance: Chance) -> None:
    pace = Pace(folder, name)
    with (folder / f"{name}.record").open("wb") as record:
        worker = Worker(name, chance, seed, record, pace)
        done = 0
        while done < ops:
            done += worker.step(done / ops)
            pace.tell(done)
        pace.leave()
        worker.finish()


if __name__ == "__main__":
    thrown = Chance(int(sys.argv[5]), int(sys.argv[6]), float(sys.argv[7]))
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), thrown)
