"""After a run of many: were all answers true, and is every posting what the oracle says, in their order?"""

from collections import Counter, defaultdict, deque
from typing import NamedTuple

from tests.ledger_simulator import ledger, world
from tests.ledger_simulator.operations import DONE, LOST, Answer, Op
from tests.ledger_simulator.oracle import Oracle
from tests.ledger_simulator.shelf import settled

Reference = tuple[str, str, str]
REMEMBERED = 30
FOUND_MAX = 20


class Said(NamedTuple):
    """One answer to one question; of a batch, that to its grant `number`. A million fit in memory."""

    op: Op
    number: int
    answer: Answer

    @property
    def asked(self) -> Op:
        """What was asked under this reference."""
        return Oracle.part_of_batch(self.op, self.number) if self.op.grants else self.op

    @property
    def outcome(self) -> str:
        if not self.op.grants or self.answer.outcome == LOST or not self.answer.items:
            return self.answer.outcome
        return self.answer.items[self.number]

    @property
    def posted(self) -> str:
        return self.answer.posted[self.number] if self.answer.posted else ""


class Verdict:
    """Hears what every process asked and was answered, then replays the ledger in its own order."""

    def __init__(self) -> None:
        self.heard: dict[Reference, tuple[Said, ...]] = {}
        self.voided: set[tuple[str, str]] = set()
        self.swept: Counter[str] = Counter()
        self.sweeps_lost = 0
        self.timed_out_until = world.START
        self.swept_until = world.START
        self.found: list[str] = []
        self.events = 0
        self.past: dict[int, deque[ledger.Event]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self.oracle = Oracle({
            (world.member_number(member), program): row[0]
            for (member, program), row in ledger.wallets().items()
        })  # fmt: skip

    # --- listening ---

    def hear(self, op: Op, answer: Answer) -> None:
        match op.kind:
            case "accrue_many":
                for number, grant in enumerate(op.grants):
                    self._hear_one((op.unit, "accrual", grant.ref), Said(op, number, answer))
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
                self._hear_one(op.reference or (op.unit, "hold", op.ref), Said(op, 0, answer))

    def _hear_one(self, reference: Reference, said: Said) -> None:
        self.heard[reference] = (*self.heard.get(reference, ()), said)

    # --- judging ---

    def judge(self) -> list[str]:
        """Everything that disagrees, in words; the first with the past that shows it."""
        for event in ledger.events():
            self.events += 1
            self.past[event.member].append(event)
            try:
                self._replay(event)
            except (AssertionError, KeyError) as wrong:
                # What follows would be judged by books that are no longer the ledger's.
                return [f"{type(wrong).__name__}: {wrong}", *self._trace(event)]
        for reference, heard in self.heard.items():
            told = [said.asked.told(said.asked.member) for said in heard if said.outcome in DONE]
            self.found += [
                f"{reference} was answered as done, the ledger has nothing: {words}" for words in told
            ]
        if self.swept["points"] > 0 or (not self.sweeps_lost and self.swept["points"]):
            self.found.append(f"sweeps and ledger differ by {dict(self.swept)}")
        return self.found[:FOUND_MAX]

    def _replay(self, event: ledger.Event) -> None:
        if event.what == "ended":
            self._replay_end(event)
        elif event.kind == "expiry":
            self._replay_expiry(event)
        else:
            self._replay_asked(event)

    def _replay_asked(self, event: ledger.Event) -> None:
        # Judged, it is done with: a second posting under the reference would be one that nobody asked for.
        heard = self.heard.pop(event.reference, None)
        assert heard is not None, f"nobody asked for {event}"
        op = next((said.asked for said in heard if self._is_asked(said.asked, event)), None)
        assert op is not None, (
            f"{event} is not what was asked: {[said.asked.told(event.member) for said in heard]}"
        )
        answer, done = self.oracle.ask(op)
        assert answer.outcome == "posted", f"{event} stands, but the oracle answers {answer.said}"
        self.oracle.name_lots(event.lots)
        assert event.effects == settled(done), f"{event}, the oracle {settled(done)}"
        self._judge_answers(event, heard)

    def _is_asked(self, op: Op, event: ledger.Event) -> bool:
        if op.kind == "capture":
            hold = self.oracle.holds.get((op.unit, op.original))
            points = hold.op.points if hold and op.points is None else op.points
            return (points, op.at) == (event.points, event.at)
        # How much an early release or a move carries is not asked; an adjustment's sign is not its posting's.
        points = event.points if op.kind in {"mature", "move", "unmove"} else abs(op.points or 0)
        asked = (op.member, op.program, points, op.at)
        return asked == (event.member, event.program, event.points, event.at)

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
        happened = event.effects
        assert sorted(happened.draws) == expected, f"{event} drew {happened.draws}, the oracle {expected}"
        entries = ((event.program, -event.points),)
        assert happened.entries == entries, f"{event} posted {happened.entries}, not {entries}"
        assert sum(self.oracle.expire(wallet, lot) for lot in due) == event.points
        self.swept["lots"] -= len(due)
        self.swept["points"] -= event.points

    def _judge_answers(self, event: ledger.Event, heard: tuple[Said, ...]) -> None:
        """What was said of the event, before and after it, to whoever asked."""
        done = [said for said in heard if said.outcome in DONE]
        # The service that accrues does not tell a replay.
        firsts = sum(said.outcome == "posted" and said.op.kind != "accrue" for said in done)
        for said in done:
            if said.posted != event.id:
                told = said.asked.told(event.member)
                self.found.append(f"{told} was answered {said.posted}, the ledger has {event.id}")
            elif said.op.kind not in {"accrue", "accrue_many"}:
                self._judge_answer(event, said)
        if not done:
            self.found.append(f"{event} stands, but nobody was told so")
        if firsts > 1:
            self.found.append(f"{event} was posted {firsts} times by its answers")

    def _judge_answer(self, event: ledger.Event, said: Said) -> None:
        expected: tuple[object, ...]
        if event.what == "held":
            shares = self.oracle.holds[event.unit, event.ref].shares
            expected = (tuple(share.shown for share in shares), ())
        else:
            stands = self.oracle.posted[event.reference]
            expected = (stands.shown, stands.counts)
        if (said.answer.shares, said.answer.counts) != expected:
            told = (said.answer.shares, said.answer.counts)
            self.found.append(f"{said.op.told(event.member)} was answered {told}, it is {expected}")

    def _trace(self, event: ledger.Event) -> list[str]:
        return [f"last of member {event.member}:", *(f"  {past}" for past in self.past[event.member])]
