"""The books of the oracle: wallets, lots, what stands under which reference, and what many rules need."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from tests.ledger_simulator import world
from tests.ledger_simulator.operations import Answer, Effects, LotFacts, Op
from tests.ledger_simulator.shelf import (
    Hold,
    Lot,
    Posted,
    Share,
    Wallet,
    as_made,
    dies_at,
    first_of,
)

Verdict = tuple[Answer, Effects]
NOTHING = Effects()


def refused(code: str, **facts: int) -> Verdict:
    return Answer(code, **facts), NOTHING


class Books:
    """Who has what, and what was posted.

    `numbers` are the wallets' in the database, as far as they are known: they break ties.
    """

    def __init__(self, numbers: Mapping[tuple[int, str], int]) -> None:
        self.numbers = numbers
        self.wallets: dict[tuple[int, str], Wallet] = {}
        self.of_member: dict[int, list[Wallet]] = {}
        self.posted: dict[tuple[str, str, str], Posted] = {}
        self.holds: dict[tuple[str, str], Hold] = {}
        self.open_holds: dict[tuple[str, str], Hold] = {}
        self.lots: dict[str, Lot] = {}
        self.unnamed: list[Lot] = []
        self.exchanges: dict[tuple[int, str, str], list[tuple[datetime, int]]] = {}
        self.transfers: dict[tuple[int, str], list[tuple[datetime, int]]] = {}

    def name_lots(self, named: Iterable[tuple[str, LotFacts, str]]) -> None:
        """Tell the ids of the lots just made, and of those they came from; equal lots may swap theirs.

        :raises AssertionError: other lots were made
        """
        real = sorted(((as_made(facts), origin), identity) for identity, facts, origin in named)
        mine = sorted(self.unnamed, key=lambda lot: (as_made(lot.facts), lot.origin))
        self.unnamed = []
        told = [(as_made(lot.facts), lot.origin) for lot in mine]
        assert [made for made, _ in real] == told, f"lots {real}, not {told}"
        for (_, identity), lot in zip(real, mine, strict=True):
            lot.id = identity
            self.lots[identity] = lot

    # --- who has what ---

    def wallet(self, member: int, program: str) -> Wallet:
        wallet = self.wallets.get((member, program))
        if wallet is None:
            wallet = self.wallets[member, program] = Wallet(program)
            wallet.number = self.numbers.get((member, program), 0)
            self.of_member.setdefault(member, []).append(wallet)
        return wallet

    def new_lot(self, wallet: Wallet, facts: LotFacts, remaining: int, origin: str = "") -> Lot:
        lot = Lot(facts, remaining, origin=origin)
        self.unnamed.append(lot)
        if remaining:
            wallet.lots.append(lot)
        return lot

    def allocate(self, member: int, program: str, price: int, at: datetime) -> tuple[list[Share], int]:
        """Who pays a price and what is short: the price's own points first, then soonest expiry first."""
        shares, rest = [], price
        own = self.wallets.get((member, program))
        if own is not None:
            usable = own.usable(at)
            spent = min(rest, own.bound(at), sum(lot.free for lot in usable))
            if spent > 0:
                shares.append(Share(own, spent, spent, Fraction(1), first_of(usable, spent)))
                rest -= spent
        others = []
        for wallet in self.of_member.get(member, ()):
            found = self.rate_between(wallet.program, program, at)
            rate = found and found.value
            usable = wallet.usable(at)
            if wallet.program != program and rate and usable:
                others.append((usable[0].facts.expires_at, wallet.number, wallet, rate, usable))
        for _, _, wallet, rate, usable in sorted(others, key=lambda found: found[:2]):
            points = min(wallet.bound(at), sum(lot.free for lot in usable))
            covered = min(rest, int(points * rate))
            if covered > 0:
                spent = -(-covered // rate)
                shares.append(Share(wallet, spent, covered, rate, first_of(usable, spent)))
                rest -= covered
        return shares, rest

    @staticmethod
    def rate_between(source: str, target: str, at: datetime) -> world.Rate | None:
        """The rate in force."""
        pair = (rate for rate in world.RATES if (rate.source, rate.target) == (source, target))
        return next((rate for rate in pair if rate.is_in_force(at)), None)

    def renew(self, wallet: Wallet, at: datetime) -> None:
        """An activity at `at` renews what lives of a rolling wallet; so do the later ones, after it."""
        program = world.program_by_code(wallet.program)
        if program.expiry != "rolling":
            return
        wallet.activities.append(at)
        for when in sorted(activity for activity in wallet.activities if activity >= at):
            until = dies_at(program, when)
            for lot in wallet.lots:
                if lot.facts.rolls and when < lot.facts.expires_at < until and not lot.is_partly_dead:
                    lot.facts = replace(lot.facts, expires_at=until)

    # --- what was said before ---

    @staticmethod
    def again(earlier: Op, points: int, op: Op) -> Answer:
        is_same = (earlier.member, earlier.program, points) == (op.member, op.program, op.points)
        return Answer("replayed" if is_same else "reference_reused")
