"""The oracle's rules of points that change hands or state: exchange, adjust, transfer, mature, move."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.ledger_simulator import world
from tests.ledger_simulator.books import NOTHING, Books, Verdict, refused
from tests.ledger_simulator.operations import Answer, LotFacts, Op
from tests.ledger_simulator.shelf import Lot, Posted, Wallet, dies_at, effects, first_of, midnight


class Carrying(Books):
    """Points on their way: each new lot stays what the old one was, but for what the operation changes."""

    def _exchange(self, op: Op) -> Verdict:  # noqa: C901, PLR0911 -- one line a refusal
        assert op.points is not None
        earlier = self.posted.get((op.unit, "exchange", op.ref))
        if earlier:
            same = (earlier.op.target == op.target) and self.again(earlier.op, earlier.points, op)
            if same and same.outcome == "replayed":
                return replace(same, counts=earlier.counts), NOTHING
        if stopped := self._takes_no_part(op):
            return stopped
        if earlier:
            return refused("reference_reused")
        if not 1 <= op.points <= world.POINTS_MAX:
            return refused("points_out_of_range")
        rate = self.rate_between(op.program, op.target, op.at)
        if rate is None:
            return refused("no_exchange_rate")
        if rate.cap is not None and op.points > rate.cap - self._exchanged_on_the_day(op):
            return refused("exchange_cap_reached")
        given = int(op.points * rate.value)
        if not 1 <= given <= world.POINTS_MAX:
            return refused("exchange_too_small" if given < 1 else "points_out_of_range")
        shares, _ = self.allocate(op.member, op.program, op.points, op.at)
        own = next((share for share in shares if share.wallet.program == op.program), None)
        if own is None or own.spent < op.points:
            return refused("insufficient_points", short=op.points - (own.spent if own else 0))
        target, drawn = self.wallet(op.member, op.target), 0
        ends = dies_at(world.program_by_code(op.target), op.at)
        for lot, points in own.lots:
            made = int((drawn + points) * rate.value) - int(drawn * rate.value)
            drawn += points
            if made:
                dies, was = min(lot.facts.expires_at, ends), lot.facts
                facts = LotFacts(op.target, was.issuer, made, was.earned_at, op.at, dies)
                self.new_lot(target, facts, made)
        self._take_all(own.wallet, own.lots)
        own.wallet.balance -= op.points
        target.balance += given
        self.posted[op.unit, "exchange", op.ref] = Posted(op, op.points, counts=(given,))
        self.exchanges.setdefault((op.member, op.program, op.target), []).append((op.at, op.points))
        return Answer("posted", counts=(given,)), effects(
            {op.program: -op.points, op.target: given}, own.lots
        )

    def _exchanged_on_the_day(self, op: Op) -> int:
        starts, ends = _local_day(op.at, op.program)
        before = self.exchanges.get((op.member, op.program, op.target), ())
        return sum(points for at, points in before if starts <= at < ends)

    def _adjust(self, op: Op) -> Verdict:
        assert op.points is not None
        if earlier := self.posted.get((op.unit, "adjustment", op.ref)):
            return self.again(earlier.op, earlier.points, op), NOTHING
        if op.points == 0 or abs(op.points) > world.POINTS_MAX:
            return refused("points_out_of_range")
        draws: list[tuple[Lot, int]] = []
        if op.points > 0:
            wallet, program = self.wallet(op.member, op.program), world.program_by_code(op.program)
            repaid = min(wallet.debt, op.points)
            facts = LotFacts(
                op.program, op.unit, op.points, op.at, op.at, dies_at(program, op.at), program.rolls
            )
            lot = self.new_lot(wallet, facts, op.points - repaid)
            wallet.debt -= repaid
            draws = [(lot, repaid)] if repaid else []
        else:
            taken, short = self._spendable(op.member, op.program, -op.points, op.at)
            if short:
                return refused("insufficient_points", short=short)
            wallet, draws = self.wallet(op.member, op.program), list(taken)
            self._take_all(wallet, taken)
        wallet.balance += op.points
        self.posted[op.unit, "adjustment", op.ref] = Posted(op, op.points)
        return Answer("posted"), effects({op.program: op.points}, draws)

    def _transfer(self, op: Op) -> Verdict:
        assert op.points is not None
        if earlier := self.posted.get((op.unit, "transfer", op.ref)):
            same = self.again(earlier.op, earlier.points, op)
            return (same if earlier.op.to == op.to else Answer("reference_reused")), NOTHING
        if not 1 <= op.points <= world.POINTS_MAX:
            return refused("points_out_of_range")
        if op.to == op.member:
            return refused("same_member")
        if any(op.points > left for left in self._left_to_transfer(op)):
            return refused("transfer_cap_reached")
        taken, short = self._spendable(op.member, op.program, op.points, op.at)
        if short:
            return refused("insufficient_points", short=short)
        giver, receiver = self.wallet(op.member, op.program), self.wallet(op.to, op.program)
        self._take_all(giver, taken)
        owing, repayments = receiver.debt, []
        for lot, points in taken:
            repaid = min(owing, points)
            owing -= repaid
            new = self.new_lot(receiver, _carried(lot, points), points - repaid, lot.id)
            repayments += [(new, repaid)] if repaid else []
        receiver.debt = owing
        giver.balance -= op.points
        receiver.balance += op.points
        self.posted[op.unit, "transfer", op.ref] = Posted(op, op.points)
        self.transfers.setdefault((op.member, op.program), []).append((op.at, op.points))
        entries = [(op.program, -op.points), (op.program, op.points)]
        return Answer("posted"), effects(entries, [*taken, *repayments])

    def _left_to_transfer(self, op: Op) -> list[int]:
        periods = (_local_day(op.at, op.program), _local_month(op.at, op.program))
        before = self.transfers.get((op.member, op.program), ())
        return [
            cap - sum(points for at, points in before if starts <= at < ends)
            for cap, (starts, ends) in zip(world.program_by_code(op.program).caps, periods, strict=True)
            if cap is not None
        ]

    def _mature(self, op: Op) -> Verdict:
        original = self.posted.get((op.unit, "accrual", op.original))
        if original is None:
            return refused("not_reversible")
        if earlier := self.posted.get((op.unit, "maturity", op.ref)):
            is_same = earlier.op.original == op.original
            counts = earlier.counts if is_same else ()
            return Answer("replayed" if is_same else "reference_reused", counts=counts), NOTHING
        wallet, lot = self.wallet(original.op.member, original.op.program), original.lot
        assert lot is not None
        if lot.free <= 0 or not op.at < min(lot.facts.available_at, lot.facts.expires_at):
            return refused("nothing_pending")
        released = lot.free
        wallet.take(lot, released)
        facts = replace(_carried(lot, released), available_at=op.at)
        self.new_lot(wallet, facts, released, lot.id)
        self.posted[op.unit, "maturity", op.ref] = Posted(op, released, counts=(released,))
        return Answer("posted", counts=(released,)), effects((), [(lot, released)])

    def _move(self, op: Op) -> Verdict:
        if earlier := self.posted.get((op.unit, "move", op.ref)):
            mine, theirs = ((o.member, o.program, o.to) for o in (earlier.op, op))
            is_same = mine == theirs
            counts = earlier.counts if is_same else ()
            return Answer("replayed" if is_same else "reference_reused", counts=counts), NOTHING
        if op.to == op.member:
            return refused("same_member")
        giver = self.wallets.get((op.member, op.program)) or Wallet(op.program)
        if any(lot.held for lot in giver.lots):
            return refused("wallet_has_holds")
        moved, debt = sum(lot.remaining for lot in giver.lots), giver.debt
        if not moved + debt:
            return refused("nothing_to_move")
        receiver = self.wallet(op.to, op.program)
        drawn = [(lot, lot.remaining) for lot in sorted(giver.lots, key=lambda lot: lot.order)]
        self._take_all(giver, drawn)
        news = tuple(
            (self.new_lot(receiver, _carried(lot, points), points, lot.id), lot) for lot, points in drawn
        )
        self._carry(giver, receiver, moved, debt)
        self.posted[op.unit, "move", op.ref] = Posted(
            op, moved + debt, counts=(moved, debt), lots=news, debt=debt
        )
        return Answer("posted", counts=(moved, debt)), effects(_both_ways(op.program, moved, debt), drawn)

    def _unmove(self, op: Op) -> Verdict:
        move = self.posted.get((op.unit, "move", op.original))
        if move is None:
            return refused("not_reversible")
        if earlier := self.posted.get((op.unit, "reversal", op.ref)):
            is_same = (earlier.op.kind, earlier.op.original) == ("unmove", op.original)
            counts = earlier.counts if is_same else ()
            return Answer("replayed" if is_same else "reference_reused", counts=counts), NOTHING
        program = move.op.program
        giver, receiver = self.wallet(move.op.to, program), self.wallet(move.op.member, program)
        # What has died in the other wallet ends there.
        left = sorted(
            (
                (new, old)
                for new, old in move.lots
                if new.free and not (new.facts.rolls and new.is_partly_dead)
            ),
            key=lambda pair: pair[0].id,
        )
        moved, debt = sum(new.free for new, _ in left), min(move.debt, giver.debt)
        if not moved + debt:
            return refused("nothing_to_move")
        draws = []
        for new, old in left:
            points = new.free
            if new.facts.rolls and old.facts.expires_at < new.facts.expires_at:
                old.facts = replace(old.facts, expires_at=new.facts.expires_at)
            giver.take(new, points)
            receiver.give_back(old, points)
            draws += [(new, points), (old, -points)]
        self._carry(giver, receiver, moved, debt)
        move.debt -= debt
        self.posted[op.unit, "reversal", op.ref] = Posted(op, moved + debt, counts=(moved, debt))
        return Answer("posted", counts=(moved, debt)), effects(_both_ways(program, moved, debt), draws)

    # --- what several need ---

    def _takes_no_part(self, op: Op) -> Verdict | None:
        return refused("member_not_active") if op.member == world.FROZEN_MEMBER else None

    def _spendable(
        self, member: int, program: str, points: int, at: datetime
    ) -> tuple[tuple[tuple[Lot, int], ...], int]:
        """Lots of one wallet that make up to `points`, in spending order, and what is short."""
        wallet = self.wallets.get((member, program)) or Wallet(program)
        taken = first_of(wallet.usable(at), min(points, max(0, wallet.bound(at))))
        return taken, points - sum(much for _, much in taken)

    @staticmethod
    def _take_all(wallet: Wallet, lots: tuple[tuple[Lot, int], ...] | list[tuple[Lot, int]]) -> None:
        for lot, points in lots:
            wallet.take(lot, points)

    @staticmethod
    def _carry(giver: Wallet, receiver: Wallet, moved: int, debt: int) -> None:
        giver.balance += debt - moved
        receiver.balance += moved - debt
        giver.debt -= debt
        receiver.debt += debt


def _both_ways(program: str, moved: int, debt: int) -> list[tuple[str, int]]:
    return [(program, -moved), (program, debt), (program, moved), (program, -debt)]


def _local_day(at: datetime, program: str) -> tuple[datetime, datetime]:
    zone = ZoneInfo(world.program_by_code(program).zone)
    day = at.astimezone(zone).date()
    return midnight(day, zone), midnight(day + timedelta(days=1), zone)


def _local_month(at: datetime, program: str) -> tuple[datetime, datetime]:
    zone = ZoneInfo(world.program_by_code(program).zone)
    first = at.astimezone(zone).date().replace(day=1)
    return midnight(first, zone), midnight((first + timedelta(days=32)).replace(day=1), zone)


def _carried(lot: Lot, points: int) -> LotFacts:
    """As the lot was; what is left of one that was booked in part rolls no more."""
    return replace(lot.facts, points=points, rolls=lot.facts.rolls and not lot.is_partly_dead)
