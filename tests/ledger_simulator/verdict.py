"""After a run of many: were all answers true, and is every posting what the oracle says, in their order?"""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass

from tests.ledger_simulator import ledger, world
from tests.ledger_simulator.operations import DONE, LOST, Answer, Op
from tests.ledger_simulator.oracle import Oracle
from tests.ledger_simulator.shelf import settled

Reference = tuple[str, str, str]
REMEMBERED = 30
FOUND_MAX = 20


@dataclass(slots=True)
class Heard:
    """What was asked under a reference, and what was answered."""

    asked: list[Op]
    done: list[tuple[Op, Answer, str]]
    lost: int = 0


class Verdict:
    """Hears what every process asked and was answered, then replays the ledger in its own order."""

    def __init__(self) -> None:
        self.heard: dict[Reference, Heard] = {}
        self.voided: set[tuple[str, str]] = set()
        self.swept: Counter[str] = Counter()
        self.sweeps_lost = 0
        self.timed_out_until = world.START
        self.swept_until = world.START
        self.found: list[str] = []
        self.events = 0
        self.ids: dict[Reference, str] = {}
        self.past: dict[int, deque[ledger.Event]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self.oracle = Oracle({
            (world.member_number(member), program): row[0]
            for (member, program), row in ledger.wallets().items()
        })  # fmt: skip

    # --- listening ---

    def hear(self, op: Op, answer: Answer) -> None:
        match op.kind:
            case "accrue_many":
                self._hear_batch(op, answer)
            case "void":
                self.voided.add((op.unit, op.original))
            case "time_out":
                self.timed_out_until = max(self.timed_out_until, op.at)
            case "sweep":
                self.swept_until = max(self.swept_until, op.at)
                self.sweeps_lost += answer.outcome == LOST
                self.swept.update(dict(zip(("lots", "points"), answer.counts, strict=False)))
            case "quote":
                pass
            case _:
                reference = op.reference or (op.unit, "hold", op.ref)
                self._hear_one(reference, op, answer, answer.posted[0] if answer.posted else "")

    def _hear_batch(self, op: Op, answer: Answer) -> None:
        for number in range(len(op.grants)):
            part = self.oracle.part_of_batch(op, number)
            if answer.outcome == LOST or not answer.items:
                self._hear_one((part.unit, "accrual", part.ref), part, answer, "")
            else:
                one = Answer(answer.items[number])
                self._hear_one((part.unit, "accrual", part.ref), part, one, answer.posted[number])

    def _hear_one(self, reference: Reference, op: Op, answer: Answer, posted: str) -> None:
        heard = self.heard.setdefault(reference, Heard([], []))
        if op not in heard.asked:
            heard.asked.append(op)
        if answer.outcome in DONE:
            heard.done.append((op, answer, posted))
        heard.lost += answer.outcome == LOST

    # --- judging ---

    def judge(self) -> list[str]:
        """Everything that disagrees, in words; the first with the past that shows it."""
        self.posted = ledger.Posted()
        for event in ledger.events():
            self.events += 1
            self.past[event.member].append(event)
            try:
                self._replay(event)
            except (AssertionError, KeyError) as wrong:
                # What follows would be judged by books that are no longer the ledger's.
                return [f"{type(wrong).__name__}: {wrong}", *self._trace(event)]
        self._judge_answers()
        return self.found[:FOUND_MAX]

    def _replay(self, event: ledger.Event) -> None:
        if event.what == "ended":
            self._replay_end(event)
        elif event.kind == "expiry":
            self._replay_expiry(event)
        else:
            self._replay_asked(event)

    def _replay_asked(self, event: ledger.Event) -> None:
        heard = self.heard.get(event.reference)
        assert heard is not None, f"nobody asked for {event}"
        assert event.reference not in self.ids, f"{event} stands under a reference that is taken"
        op = next((op for op in heard.asked if self._is_asked(op, event)), None)
        assert op is not None, (
            f"{event} is not what was asked: {[op.told(event.member) for op in heard.asked]}"
        )
        answer, done = self.oracle.ask(op)
        assert answer.outcome == "posted", f"{event} stands, but the oracle answers {answer.said}"
        self.oracle.name_lots(self.posted.lots.pop(event.id, ()))
        is_hold = event.what == "held"
        happened = self.posted.of_hold(event.id) if is_hold else self.posted.effects(event.id)
        assert happened == settled(done), f"{event} did {happened}, the oracle {settled(done)}"
        self.ids[event.reference] = event.id

    def _is_asked(self, op: Op, event: ledger.Event) -> bool:
        if op.kind == "capture":
            hold = self.oracle.holds.get((op.unit, op.original))
            points = hold.op.points if hold and op.points is None else op.points
            return (points, op.at) == (event.points, event.at)
        return (op.member, op.program, op.points, op.at) == (
            event.member,
            event.program,
            event.points,
            event.at,
        )

    def _replay_end(self, event: ledger.Event) -> None:
        hold = self.oracle.holds[event.unit, event.ref]
        if event.kind == "captured":
            assert hold.status == "captured", f"{event}, the oracle: {hold.status}"
            return
        assert hold.status == "open", f"{event}, the oracle: {hold.status}"
        if event.kind == "voided":
            assert (event.unit, event.ref) in self.voided, f"{event}, but nobody voided it"
        else:
            is_due = hold.ends_at <= event.at <= self.timed_out_until
            assert is_due, f"{event}, but it was good until {hold.ends_at}"
        self.oracle.end_hold(event.unit, event.ref, event.kind)

    def _replay_expiry(self, event: ledger.Event) -> None:
        """One wallet's lots of one issuer and instant, each wholly but for what is held."""
        assert event.at <= self.swept_until, f"{event} before any sweep asked for it"
        wallet = self.oracle.wallets[event.member, event.program]
        due = [
            lot
            for lot in wallet.lots
            if (lot.facts.issuer, lot.facts.expires_at) == (event.unit, event.at) and lot.free
        ]
        expected = sorted((lot.id, lot.free) for lot in due)
        happened = self.posted.effects(event.id)
        assert sorted(happened.draws) == expected, f"{event} drew {happened.draws}, the oracle {expected}"
        entries = ((event.program, -event.points),)
        assert happened.entries == entries, f"{event} posted {happened.entries}, not {entries}"
        assert sum(self.oracle.expire(wallet, lot) for lot in due) == event.points
        self.swept["lots"] -= len(due)
        self.swept["points"] -= event.points

    def _judge_answers(self) -> None:
        for reference, heard in self.heard.items():
            posted = self.ids.get(reference)
            firsts = 0
            for op, answer, said in heard.done:
                firsts += answer.outcome == "posted" and op.kind != "accrue"
                if said != posted:
                    self.found.append(f"{op.told(op.member)} was answered {said}, the ledger has {posted}")
                elif op.kind != "accrue":
                    self._judge_answer(reference, op, answer)
            if posted and not heard.done:
                self.found.append(f"{reference} stands, but nobody was told so: {posted}")
            if posted and firsts > 1:
                self.found.append(f"{reference} was posted {firsts} times by its answers")
        if self.swept["points"] > 0 or (not self.sweeps_lost and self.swept["points"]):
            self.found.append(f"sweeps and ledger differ by {dict(self.swept)}")

    def _judge_answer(self, reference: Reference, op: Op, answer: Answer) -> None:
        if op.kind == "hold":
            expected: tuple[object, ...] = (
                tuple(s.shown for s in self.oracle.holds[op.unit, op.ref].shares),
                (),
            )
        else:
            stands = self.oracle.posted[reference]
            expected = (stands.shown, stands.counts)
        if (answer.shares, answer.counts) != expected:
            told = (answer.shares, answer.counts)
            self.found.append(f"{op.told(op.member)} was answered {told}, it is {expected}")

    def _trace(self, event: ledger.Event) -> list[str]:
        return [f"last of member {event.member}:", *(f"  {past}" for past in self.past[event.member])]
