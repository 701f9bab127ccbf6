"""Throws what happens next. The same seed and the same answers give the same operations again."""

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from tests.ledger_simulator import world
from tests.ledger_simulator.operations import DONE, LOST, Answer, Grant, Op

REMEMBERED = 300
LONG = 200_000
SHARED_EVERY = 40  # one operation in so many is one that all processes ask
_PROGRAMS = tuple(program.code for program in world.PROGRAMS)
_WEIGHTS = {
    "accrue": 22, "batch": 3, "redeem": 18, "quote": 5, "hold": 9, "capture": 6, "void": 2, "time_out": 1,
    "take_back": 8, "put_back": 8, "exchange": 4, "transfer": 4, "adjust": 3, "mature": 2, "move": 0.7,
    "unmove": 0.6, "again": 5, "wrong": 4,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chance:
    """How a run is thrown: `members` people, batches of at most `batch` accruals, how often a sweep."""

    members: int
    batch: int = 40
    sweep: float = 0.4

    @classmethod
    def of_run(cls, ops: int) -> "Chance":
        """People enough that wallets stay as full as real ones; long runs batch more and sweep less."""
        batch = 40 if ops < LONG else 100
        return cls(max(3, ops // 150), batch, min(0.4, 20_000 / max(1, ops)))


class Dice:
    """One process's source of operations. `learn` tells it the answers, so that it can build on them."""

    def __init__(self, chance: Chance, *, seed: str, name: str) -> None:
        self.chance, self.name, self.seed = chance, name, seed
        self.random = Random(f"{seed}/{name}")
        self.serial = 0
        self.at = world.START
        self.accruals: deque[Op] = deque(maxlen=REMEMBERED)
        self.redemptions: deque[Op] = deque(maxlen=REMEMBERED)
        self.holds: deque[Op] = deque(maxlen=40)
        self.moves: deque[Op] = deque(maxlen=40)
        self.quotes: deque[Op] = deque(maxlen=10)
        self.asked: deque[Op] = deque(maxlen=200)
        weights = _WEIGHTS | {"sweep": chance.sweep}
        self._kinds, self._weights = zip(*weights.items(), strict=True)

    def throw(self, progress: float) -> Op:
        """What to ask next, when `progress` (0 to 1) of the run is done."""
        self.serial += 1
        now = world.START + world.SPAN * progress
        self.at = max(self.at, now) + timedelta(microseconds=self.random.randrange(10**6))
        if self.random.random() < 0.02:
            self.at = now + timedelta(days=self.random.uniform(0, 40))  # the clock jumps, later it jumps back
        elif self.at > now + timedelta(days=5):
            self.at = now
        if self.meets:
            return self._shared(self.serial // SHARED_EVERY)
        kind = self.random.choices(self._kinds, self._weights)[0]
        op = getattr(self, f"_{kind}")()
        self.asked.append(op)
        return op

    @property
    def meets(self) -> bool:
        """The operation just thrown is one that all processes ask."""
        return self.serial % SHARED_EVERY == 0

    def learn(self, op: Op, answer: Answer) -> None:
        """Remember what can be built upon. Of a lost answer nobody knows: it is asked again elsewhere."""
        if answer.outcome not in DONE or answer.outcome == LOST or op.is_shared:
            return
        if op.kind == "accrue":
            self.accruals.append(op)
        elif op.kind == "redeem":
            self.redemptions.append(op)
        elif op.kind == "capture":
            self.redemptions.append(replace(op, kind="redeem", ref=op.original))
        elif op.kind == "hold":
            self.holds.append(op)
        elif op.kind == "move":
            self.moves.append(op)
        elif op.kind == "quote":
            self.quotes.append(
                replace(
                    op, token=answer.token, quoted=answer.shares, quoted_until=op.at + timedelta(minutes=5)
                )
            )

    # --- one method a kind ---

    def _accrue(self) -> Op:
        later = timedelta(days=self.random.randrange(1, 15)) if self.random.random() < 0.15 else None
        return Op(
            "accrue", self.at, **self._who(), ref=self._ref("a"), points=self._points(),
            available_at=later and self.at + later,
        )  # fmt: skip

    def _batch(self) -> Op:
        grants = [
            Grant(self._ref(f"b{number:03d}"), self._member(), self._points())
            for number in range(self.random.randrange(1, self.chance.batch + 1))
        ]
        # One reference twice in a batch: with the same content, or with another.
        if self.random.random() < 0.2:
            again = self.random.choice(grants)
            grants.append(replace(again, points=again.points + self.random.randrange(2)))
        if self.random.random() < 0.1:
            grants.insert(0, replace(grants[-1], points=self.random.choice((0, world.POINTS_MAX + 1))))
        unit, program = self.random.choice(world.UNITS), self.random.choice(_PROGRAMS)
        return Op("accrue_many", self.at, unit=unit, program=program, grants=tuple(grants))

    def _redeem(self) -> Op:
        if self.quotes and self.random.random() < 0.6:
            quoted = self.quotes.popleft()
            late = timedelta(minutes=self.random.choice((0, 1, 4, 5, 7)))
            kind = self.random.choice(("redeem", "redeem", "hold"))
            return replace(quoted, kind=kind, ref=self._ref("q"), at=quoted.at + late)
        return Op("redeem", self.at, **self._who(), ref=self._ref("r"), points=self._price())

    def _quote(self) -> Op:
        return Op("quote", self.at, **self._who(), points=self._price())

    def _hold(self) -> Op:
        return Op("hold", self.at, **self._who(), ref=self._ref("h"), points=self._price())

    def _capture(self) -> Op:
        if not self.holds:
            return self._hold()
        held = self.random.choice(self.holds)
        part = self.random.choice((None, held.points, self.random.randrange(1, held.points + 2)))
        late = timedelta(minutes=self.random.choice((0, 0, 1, 5, 14, 15, 60)))
        return replace(
            held, kind="capture", at=held.at + late, original=held.ref, ref="", points=part, token=None,
            quoted_until=None,
        )  # fmt: skip

    def _void(self) -> Op:
        if not self.holds:
            return self._hold()
        held = self.random.choice(self.holds)
        return Op("void", self.at, unit=held.unit, original=held.ref, member=held.member)

    def _time_out(self) -> Op:
        return Op("time_out", self.at - timedelta(minutes=self.random.choice((0, 0, 10, 10_000))))

    def _take_back(self) -> Op:
        return self._reversal("take_back", self.accruals)

    def _put_back(self) -> Op:
        return self._reversal("put_back", self.redemptions)

    def _reversal(self, kind: str, known: deque[Op]) -> Op:
        if not known:
            return self._accrue()
        old = self.random.choice(known)
        whole = old.points or 1000
        points = self.random.choice((whole, self.random.randrange(1, whole + 1), -(-whole // 3)))
        return Op(
            kind, max(self.at, old.at), unit=old.unit, ref=self._ref("v"), member=old.member,
            program=old.program, points=points, original=old.ref,
        )  # fmt: skip

    def _exchange(self) -> Op:
        rate = self.random.choice(world.RATES)
        return Op(
            "exchange", self.at, unit=world.program_by_code(rate.target).owner, ref=self._ref("x"),
            member=self._member(), program=rate.source, target=rate.target, points=self._points(),
        )  # fmt: skip

    def _adjust(self) -> Op:
        return Op("adjust", self.at, **self._who(), ref=self._ref("j"), points=self._sign() * self._points())

    def _sign(self) -> int:
        return self.random.choice((1, -1))

    def _transfer(self) -> Op:
        return Op(
            "transfer", self.at, **self._who(), ref=self._ref("t"), to=self._member(), points=self._points()
        )

    def _mature(self) -> Op:
        pending = [op for op in self.accruals if op.available_at is not None and op.available_at > self.at]
        if not pending:
            return self._accrue()
        old = self.random.choice(pending)
        return Op(
            "mature", self.at, unit=old.unit, ref=self._ref("m"), member=old.member, program=old.program,
            original=old.ref,
        )  # fmt: skip

    def _move(self) -> Op:
        return Op("move", self.at, **self._who(), ref=self._ref("w"), to=self._member())

    def _unmove(self) -> Op:
        if not self.moves:
            return self._move()
        old = self.random.choice(self.moves)
        return Op(
            "unmove", max(self.at, old.at), unit=old.unit, ref=self._ref("u"), member=old.member,
            program=old.program, original=old.ref,
        )  # fmt: skip

    def _sweep(self) -> Op:
        return Op("sweep", self.at - timedelta(days=self.random.choice((0, 0, 0, 3, 60))))

    def _again(self) -> Op:
        return self.random.choice(self.asked) if self.asked else self._accrue()

    def _wrong(self) -> Op:
        """Something to be refused."""
        op = self.random.choice((self._accrue, self._redeem, self._hold, self._take_back, self._put_back))()
        old = self.random.choice(self.asked or [op])
        spoilt = [
            lambda: replace(op, points=self.random.choice((0, -1, -(2**70), world.POINTS_MAX + 1, 2**63))),
            lambda: replace(op, unit=world.CLOSED_UNIT, token=None, quoted_until=None),
            lambda: replace(op, original="never-was"),
            lambda: replace(op, points=10**9),
            lambda: replace(op, ref=old.ref or op.ref, unit=old.unit or op.unit),
            lambda: replace(op, quoted_until=op.at, token="forged"),
        ]
        if op.kind in {"accrue", "redeem", "hold"}:
            spoilt += [
                lambda: replace(op, member=world.FROZEN_MEMBER, token=None, quoted_until=None),
                lambda: replace(op, program=world.CLOSED_PROGRAM.code, token=None, quoted_until=None),
            ]
        wrong = self.random.choice(spoilt)()
        is_quoted = wrong.kind in {"redeem", "hold"} and wrong.token is not None
        if is_quoted and (wrong.unit, wrong.points, wrong.program) != (op.unit, op.points, op.program):
            return replace(wrong, quoted_until=wrong.at)  # the token is for something else: as good as dead
        return wrong if is_quoted else replace(wrong, token=None, quoted_until=None)

    def _shared(self, number: int) -> Op:
        """What all processes ask at about the same moment, of the same member: twins, and rivals."""
        family, step = divmod(number, 8)
        fate = Random(f"{self.seed}/family/{family}")
        points = fate.randrange(50, 500)
        at = world.START + timedelta(hours=family)
        whom = {
            "unit": fate.choice(world.UNITS), "program": fate.choice(_PROGRAMS),
            "member": fate.randrange(1, self.chance.members + 1), "is_shared": True,
        }  # fmt: skip
        same, mine = f"shared-{family}", f"{self._ref('s')}"
        return (
            Op("accrue", at, ref=same, points=points, **whom),
            Op("redeem", at, ref=same, points=points // 2, **whom),
            Op("put_back", at, ref=mine, original=same, points=points // 2, **whom),
            Op("hold", at, ref=f"{same}-held", points=points // 3, **whom),
            self._rival(at, f"{same}-held", whom),
            Op("redeem", at, ref=mine, points=points, **whom),
            Op("take_back", at, ref=mine, original=same, points=points, **whom),
            Op("sweep", at + timedelta(days=25)),
        )[step]

    def _rival(self, at: datetime, held: str, whom: dict[str, object]) -> Op:
        """One captures all of a hold, another a part, a third lets it go."""
        unit, member = whom["unit"], whom["member"]
        kind, points = self.random.choice((("capture", None), ("capture", 10), ("void", 0)))
        return Op(kind, at, unit=unit, member=member, original=held, points=points, is_shared=True)

    # --- what they are made of ---

    def _who(self) -> dict[str, object]:
        return {
            "member": self._member(),
            "program": self.random.choice(_PROGRAMS),
            "unit": self.random.choice(world.UNITS),
        }

    def _member(self) -> int:
        if self.random.random() < 0.15:
            return self.random.randrange(1, min(4, self.chance.members + 1))  # some wallets are busy
        return self.random.randrange(1, self.chance.members + 1)

    def _points(self) -> int:
        return self.random.choice((self.random.randrange(1, 20), self.random.randrange(20, 1000)))

    def _price(self) -> int:
        return self.random.choice(
            (self.random.randrange(1, 50), self.random.randrange(50, 600), self.random.randrange(600, 3000))
        )

    def _ref(self, kind: str) -> str:
        return f"{self.name}-{self.serial:07d}-{kind}"
