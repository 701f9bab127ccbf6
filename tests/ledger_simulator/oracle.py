"""What must happen: the rules of the ledger in plain Python, one operation after the other."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from tests.ledger_simulator import world
from tests.ledger_simulator.books import NOTHING, Verdict, refused
from tests.ledger_simulator.carrying import Carrying
from tests.ledger_simulator.operations import Answer, LotFacts, Op
from tests.ledger_simulator.shelf import (
    Hold,
    Lot,
    Posted,
    Share,
    Wallet,
    dies_at,
    effects,
    first_of,
    grace_ends,
    shown,
    standing,
)

HOLD_LIFE = timedelta(minutes=15)


class Oracle(Carrying):
    """The books as they must be. `ask` answers an operation and changes them accordingly.

    After an operation that made lots, `name_lots` tells their ids.
    """

    def ask(self, op: Op) -> Verdict:
        verdict: Verdict = getattr(self, f"_{op.kind}")(op)
        return verdict

    # --- earning ---

    def _accrue(self, op: Op) -> Verdict:
        if op.member == world.FROZEN_MEMBER:
            return refused("member_not_active")
        if stopped := self._inactive(op):
            return stopped
        if dies_at(world.program_by_code(op.program), op.at) <= (op.available_at or op.at):
            return refused("instant_out_of_range")  # nobody could ever spend them
        return self._give(op)

    def _accrue_many(self, op: Op) -> Verdict:
        if stopped := self._inactive(op):
            return stopped
        singles = [self.part_of_batch(op, number) for number in range(len(op.grants))]
        outcomes = []
        for single in singles:
            # A batch looks at the range before the reference.
            in_range = 1 <= (single.points or 0) <= world.POINTS_MAX
            outcomes.append(self._give(single)[0].outcome if in_range else "points_out_of_range")
        return Answer("posted", items=tuple(outcomes)), NOTHING

    @staticmethod
    def part_of_batch(op: Op, number: int) -> Op:
        """One grant of a batch as an accrual of its own."""
        grant = op.grants[number]
        return replace(op, kind="accrue", grants=(), ref=grant.ref, member=grant.member, points=grant.points)

    def _give(self, op: Op) -> Verdict:
        if earlier := self.posted.get((op.unit, "accrual", op.ref)):
            return self.again(earlier.op, earlier.points, op), NOTHING
        assert op.points is not None
        if not 1 <= op.points <= world.POINTS_MAX:
            return refused("points_out_of_range")
        wallet, program = self.wallet(op.member, op.program), world.program_by_code(op.program)
        repaid = min(wallet.debt, op.points)
        facts = LotFacts(
            op.program, op.unit, op.points, op.at, op.available_at or op.at, dies_at(program, op.at),
            program.rolls,
        )  # fmt: skip
        lot = self.new_lot(wallet, facts, op.points - repaid)
        wallet.balance += op.points
        wallet.debt -= repaid
        self.renew(wallet, op.at)
        self.posted[op.unit, "accrual", op.ref] = Posted(op, op.points, lot=lot)
        draws = ((lot, repaid),) if repaid else ()
        return Answer("posted"), effects({op.program: op.points}, draws)

    # --- spending ---

    def _quote(self, op: Op) -> Verdict:
        if stopped := self._may_not_spend(op):
            return stopped
        assert op.points is not None
        if not 1 <= op.points <= world.POINTS_MAX:
            return refused("points_out_of_range")
        shares, short = self.allocate(op.member, op.program, op.points, op.at)
        if short:
            return refused("insufficient_points", short=short)
        return Answer("posted", shown(shares)), NOTHING

    def _redeem(self, op: Op) -> Verdict:
        earlier = self.posted.get((op.unit, "redemption", op.ref))
        if stopped := self._may_not_spend(op) or self._quote_is_dead(op):
            is_same = earlier and self.again(earlier.op, earlier.points, op).outcome == "replayed"
            return (Answer("replayed", earlier.shown), NOTHING) if earlier and is_same else stopped
        if earlier:
            answer = self.again(earlier.op, earlier.points, op)
            return (
                replace(answer, shares=earlier.shown) if answer.outcome == "replayed" else answer
            ), NOTHING
        if (op.unit, op.ref) in self.holds:
            return refused("reference_reused")
        shares = self._agreed(op)
        if isinstance(shares, tuple):
            return shares
        for share in shares:
            self.renew(share.wallet, op.at)
        return self._spend(op, op.ref, shares)

    def _hold(self, op: Op) -> Verdict:
        if stopped := self._may_not_spend(op) or self._quote_is_dead(op):
            return stopped
        if earlier := self.holds.get((op.unit, op.ref)):
            assert earlier.op.points is not None
            answer = self.again(earlier.op, earlier.op.points, op)
            is_same = answer.outcome == "replayed"
            return (replace(answer, shares=shown(earlier.shares)) if is_same else answer), NOTHING
        if (op.unit, "redemption", op.ref) in self.posted:
            return refused("reference_reused")
        shares = self._agreed(op)
        if isinstance(shares, tuple):
            return shares
        hold = Hold(op, tuple(shares), op.at + HOLD_LIFE)
        self.holds[op.unit, op.ref] = self.open_holds[op.unit, op.ref] = hold
        for share in shares:
            for lot, points in share.lots:
                lot.held += points
        return Answer("posted", shown(shares)), effects({}, [pair for s in shares for pair in s.lots])

    def _capture(self, op: Op) -> Verdict:  # noqa: PLR0911 -- one line a refusal
        hold = self.holds.get((op.unit, op.original))
        if hold is None:
            return refused("hold_not_found")
        price = hold.op.points if op.points is None else op.points
        assert price is not None
        assert hold.op.points is not None
        if hold.status == "captured":
            earlier = self.posted[op.unit, "redemption", op.original]
            if earlier.points != price:
                return refused("reference_reused")
            return Answer("replayed", earlier.shown), NOTHING
        if hold.status != "open" or hold.ends_at <= op.at:
            return refused("hold_not_open")
        if not 1 <= price <= world.POINTS_MAX:
            return refused("points_out_of_range")
        if price > hold.op.points:
            return refused("capture_exceeds_hold")
        self._end(hold, "captured")
        spending = replace(hold.op, points=price)
        shares = standing(hold.shares, price)
        for share in shares:
            self.renew(share.wallet, op.at)
        return self._spend(spending, op.original, shares)

    def _void(self, op: Op) -> Verdict:
        hold = self.holds.get((op.unit, op.original))
        if hold is None:
            return refused("hold_not_found")
        if hold.status == "captured":
            return refused("hold_not_open")
        if hold.status == "open":
            self._end(hold, "voided")
        return Answer("posted"), NOTHING

    def _time_out(self, op: Op) -> Verdict:
        due = [hold for hold in self.open_holds.values() if hold.ends_at <= op.at]
        for hold in due:
            self._end(hold, "timed_out")
        return Answer("posted", counts=(len(due),)), NOTHING

    # --- taking back, putting back, dying ---

    def _take_back(self, op: Op) -> Verdict:
        original = self.posted.get((op.unit, "accrual", op.original))
        if original is None:
            return refused("not_reversible")
        assert op.points is not None
        if stopped := self._cannot_reverse(op, original):
            return stopped
        program = world.program_by_code(original.op.program)
        wallet = self.wallet(original.op.member, program.code)
        mine = [original.lot] if original.lot in wallet.lots and original.lot.free else []
        living = [lot for lot in wallet.lots if lot.free and lot.facts.expires_at > op.at]
        others = sorted((lot for lot in living if lot is not original.lot), key=lambda lot: lot.order)
        draws = first_of([*mine, *others], op.points)
        short = op.points - sum(points for _, points in draws)
        if short and program.reversal == "refuse":
            return refused("insufficient_points", short=short)
        owed = short if program.reversal == "debt" else 0
        counts = (op.points - short, owed, short - owed)
        for lot, points in draws:
            wallet.take(lot, points)
        wallet.balance -= counts[0] + owed
        wallet.debt += owed
        original.reversed += op.points
        self.posted[op.unit, "reversal", op.ref] = Posted(op, op.points, counts=counts)
        entries = {program.code: -counts[0] - owed} if counts[0] + owed else {}
        return Answer("posted", counts=counts), effects(entries, draws)

    def _put_back(self, op: Op) -> Verdict:
        original = self.posted.get((op.unit, "redemption", op.original))
        if original is None:
            return refused("not_reversible")
        assert op.points is not None
        if stopped := self._cannot_reverse(op, original):
            return stopped
        until = grace_ends(world.program_by_code(original.op.program), op.at)
        stood = original.points - original.reversed
        before = {s.wallet.program: s for s in standing(original.shares, stood)}
        after = {s.wallet.program: s for s in standing(original.shares, stood - op.points)}
        entries: dict[str, int] = {}
        back: list[tuple[Lot, int]] = []
        told = []
        for program, share in before.items():
            stays = after.get(program)
            left = dict(stays.lots) if stays else {}
            covered = share.covered - (stays.covered if stays else 0)
            points = share.spent - (stays.spent if stays else 0)
            if covered:
                told.append((program, points, covered))
            if points:
                entries[program] = points
            share.wallet.balance += points
            for lot, drawn in share.lots:
                returned = drawn - left.get(lot, 0)
                if not returned:
                    continue
                if until is not None and lot.facts.expires_at <= op.at and not lot.facts.is_graced:
                    # A grace is a grace: it does not roll, and no other follows it.
                    facts = replace(
                        lot.facts,
                        points=returned,
                        available_at=op.at,
                        expires_at=until,
                        rolls=False,
                        is_graced=True,
                    )
                    self.new_lot(share.wallet, facts, returned)
                else:
                    share.wallet.give_back(lot, returned)
                    back.append((lot, -returned))
        original.reversed += op.points
        self.posted[op.unit, "reversal", op.ref] = Posted(op, op.points, shown=tuple(told))
        return Answer("posted", tuple(told)), effects(entries, back)

    def _sweep(self, op: Op) -> Verdict:
        lots = points = 0
        for wallet in self.wallets.values():
            for lot in [lot for lot in wallet.lots if lot.facts.expires_at <= op.at and lot.free]:
                lots += 1
                points += self.expire(wallet, lot)
        return Answer("posted", counts=(lots, points)), NOTHING

    @staticmethod
    def expire(wallet: Wallet, lot: Lot) -> int:
        """End what is free of a lot; the points that died."""
        points = lot.free
        wallet.balance -= points
        wallet.take(lot, points)
        lot.is_partly_dead = True
        return points

    def end_hold(self, unit: str, ref: str, status: str) -> None:
        """A hold ended without a posting: voided or timed out."""
        self._end(self.open_holds[unit, ref], status)

    # --- what several need ---

    @staticmethod
    def _inactive(op: Op) -> Verdict | None:
        if op.unit == world.CLOSED_UNIT:
            return refused("unit_not_active")
        return None if world.program_by_code(op.program).is_active else refused("program_not_active")

    def _may_not_spend(self, op: Op) -> Verdict | None:
        return refused("member_not_active") if op.member == world.FROZEN_MEMBER else self._inactive(op)

    @staticmethod
    def _quote_is_dead(op: Op) -> Verdict | None:
        is_dead = op.quoted_until is not None and op.at >= op.quoted_until
        return refused("quote_expired") if is_dead else None

    def _agreed(self, op: Op) -> Verdict | list[Share]:
        assert op.points is not None
        if not 1 <= op.points <= world.POINTS_MAX:
            return refused("points_out_of_range")
        shares, short = self.allocate(op.member, op.program, op.points, op.at)
        if short:
            return refused("insufficient_points", short=short)
        if op.token is not None and op.quoted != shown(shares):
            return refused("quote_changed")
        return shares

    def _spend(self, op: Op, ref: str, shares: Sequence[Share]) -> Verdict:
        assert op.points is not None
        for share in shares:
            share.wallet.balance -= share.spent
            for lot, points in share.lots:
                share.wallet.take(lot, points)
        told = shown(shares)
        self.posted[op.unit, "redemption", ref] = Posted(op, op.points, tuple(shares), shown=told)
        entries = {share.wallet.program: -share.spent for share in shares}
        return Answer("posted", told), effects(entries, [pair for share in shares for pair in share.lots])

    def _end(self, hold: Hold, status: str) -> None:
        hold.status = status
        del self.open_holds[hold.op.unit, hold.op.ref]
        for share in hold.shares:
            for lot, points in share.lots:
                lot.held -= points

    def _cannot_reverse(self, op: Op, original: Posted) -> Verdict | None:
        assert op.points is not None
        if earlier := self.posted.get((op.unit, "reversal", op.ref)):
            is_same = (earlier.op.kind, earlier.op.original, earlier.points) == (
                op.kind,
                op.original,
                op.points,
            )
            if is_same:
                return Answer("replayed", earlier.shown, counts=earlier.counts), NOTHING
            return refused("reference_reused")
        if op.points < 1 or original.reversed + op.points > original.points:
            return refused("reversal_exceeds_original")
        return None
