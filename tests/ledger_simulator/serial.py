"""One process, one operation at a time: every answer and every effect is exactly what the oracle says."""

import time
from collections import Counter
from dataclasses import replace

from tests.ledger_simulator import ledger, world
from tests.ledger_simulator.dice import Chance, Dice
from tests.ledger_simulator.operations import DONE, POSTING_KIND, Answer, Effects, Op
from tests.ledger_simulator.oracle import Oracle
from tests.ledger_simulator.performer import Performer
from tests.ledger_simulator.place import Place
from tests.ledger_simulator.proofs import differences
from tests.ledger_simulator.settlers import settle
from tests.ledger_simulator.shelf import settled

HELD_AND_POSTED = {"hold", *POSTING_KIND}
MAKE_LOTS = {"accrue", "accrue_many", "put_back", "adjust", "transfer", "exchange", "mature", "move"}


class Disagreed(Exception):
    """The ledger did something else than the oracle."""

    def __init__(self, words: str, op: Op) -> None:
        super().__init__(words)
        self.op = op


class Serial:
    """A run of one process, and what it has seen so far."""

    def __init__(self, chance: Chance, seed: str) -> None:
        self.dice = Dice(chance, seed=seed, name="serial")
        self.oracle, self.performer = Oracle({}), Performer()
        self.history: list[tuple[Op, str]] = []
        self.outcomes: Counter[str] = Counter()
        self.done = 0

    def run(self, ops: int) -> None:
        """Ask `ops` operations.

        :raises Disagreed: an answer or an effect is not the oracle's
        """
        while self.done < ops:
            self.step(self.dice.throw(self.done / ops))
        for kind in ("time_out", "sweep"):
            self.step(Op(kind, world.END))

    def step(self, op: Op) -> None:
        """Ask one, and compare."""
        real = self.performer.ask(op)
        expected, done = self.oracle.ask(op)
        self.done += op.size
        self.history.append((op, real.outcome))
        self.outcomes[f"{op.kind} {real.outcome}"] += 1
        self.dice.learn(op, real)
        if op.kind == "accrue" and expected.outcome in DONE:
            expected = replace(expected, outcome="posted")  # the service does not tell a replay
        if real.said != expected.said:
            raise Disagreed(f"answered {real.said}, the oracle {expected.said}", op)
        try:
            self._compare_effects(op, real, expected, done)
        except AssertionError as wrong:
            raise Disagreed(str(wrong), op) from wrong

    def _compare_effects(self, op: Op, real: Answer, expected: Answer, done: Effects) -> None:
        made: list[str] = []
        if op.kind == "accrue_many":
            made = [key for key, name in zip(real.posted, real.items, strict=True) if name == "posted"]
        elif op.kind in HELD_AND_POSTED and real.posted and done != Effects():
            made = list(real.posted)
        if op.kind in MAKE_LOTS:
            self.oracle.name_lots(pair for key in made for pair in ledger.new_lots(key))
        for (member, program), wallet in self.oracle.wallets.items() if made else ():
            if not wallet.number:
                wallet.number = ledger.wallets()[str(world.member_id(member)), program][0]
        if op.kind in HELD_AND_POSTED and made:
            read = ledger.effects_of_hold if op.kind == "hold" else ledger.effects_of_posting
            assert (happened := read(made[0])) == settled(done), f"did {happened}, the oracle {settled(done)}"

    def trace(self, op: Op, lines: int = 40) -> list[str]:
        """The last things that happened to the member of `op`: members touch nobody else's points."""
        told = [
            f"{outcome:>26} {past.told(op.member)}"
            for past, outcome in self.history
            if past.concerns(op.member)
        ]
        return told[-lines:]


def run_serial(place: Place, *, ops: int, seed: str) -> list[str]:
    """What disagreed in `ops` operations, with the trace that shows it; empty: nothing did."""
    chance = Chance.of_run(ops)
    settle(chance.members)
    run = Serial(chance, seed)
    started = time.monotonic()
    try:
        run.run(ops)
    except Disagreed as wrong:
        return [f"serial, operation {run.done}: {wrong}", "of:", *run.trace(wrong.op)]
    seconds = time.monotonic() - started
    print(f"serial: {run.done} operations exactly as the oracle says, {run.done / seconds:.0f}/s", flush=True)
    print("  " + ", ".join(f"{count} {name}" for name, count in sorted(run.outcomes.items())), flush=True)
    return differences(run.oracle, place.folder)
