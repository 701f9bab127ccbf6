"""One of the processes that ask at once: throws, asks, asks again what it does not know, writes all down.

Run by crowd.py as `python -m tests.ledger_simulator.worker NAME SEED OPS MEMBERS FOLDER`.
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

from django.db import DatabaseError, connection  # noqa: E402 -- needs the set-up above

from tests.ledger_simulator.dice import Chance, Dice  # noqa: E402 -- the same
from tests.ledger_simulator.operations import LOST, Answer, Op  # noqa: E402 -- the same
from tests.ledger_simulator.performer import Performer  # noqa: E402 -- the same

DROPPED = 0.01  # answers that are thrown away, as when a till's line breaks
AWAY_SECONDS_MAX = 120


class Worker:
    """A process's own dice, connection and record."""

    def __init__(self, name: str, chance: Chance, seed: str, record: BinaryIO) -> None:
        self.dice = Dice(chance, seed=seed, name=name)
        self.luck = Random(f"{seed}/{name}/luck")
        self.performer = Performer()
        self.record = record
        self.unknown: list[Op] = []

    def step(self, progress: float) -> int:
        """Ask one operation; for how many it counts."""
        op = self.dice.throw(progress)
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
            self.await_server()
        elif self.luck.random() < DROPPED:
            answer = Answer(LOST)
        pickle.dump((op, answer), self.record, protocol=pickle.HIGHEST_PROTOCOL)
        return answer

    @staticmethod
    def await_server() -> None:
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


def main(name: str, seed: str, ops: int, members: int, sweep: float, folder: Path) -> None:
    progress = os.open(folder / f"{name}.progress", os.O_CREAT | os.O_RDWR)
    with (folder / f"{name}.record").open("wb") as record:
        worker = Worker(name, Chance(members, sweep=sweep), seed, record)
        done = 0
        while done < ops:
            done += worker.step(done / ops)
            os.pwrite(progress, done.to_bytes(8, "big"), 0)
        worker.finish()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), Path(sys.argv[6]))
