"""The decision: which rights, receipts, vouchers and points pay for a stay, and what money is left.

Best for the member means, in this order: the least money; then the fewest points; then the least scarce
rights, which is: the fewest vouchers, the least cash-off face value, the fewest voucher minutes, the fewest
minutes of entitlements, and the fewest receipts (they are worth nothing tomorrow). What ends sooner is used
first.

Free minutes shorten the stay at its end: so many of them are worth the fee of the whole stay less that of the
shorter one. A cash-off voucher that asks for a bill of some height looks at what is due before it, after the
free minutes, so it may be better to use fewer of them: that is decided here, too. Nothing is rounded:
hundredths, minutes and points are whole.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final, NamedTuple

from parking.rules.bits import highest_to, lowest_from, split, sums_of
from parking.rules.offers import (
    Bill,
    Line,
    Plan,
    ReceiptOffer,
    Source,
    Sources,
    VoucherOffer,
)

VOUCHERS_ENTRY_MAX: Final = 5


_Kind = tuple[int, int, int, str]


class Cost(NamedTuple):
    """What is compared, the most weighty first."""

    money: int
    points: int
    vouchers: int
    face: int
    voucher_minutes: int
    right_minutes: int
    receipts: int


@dataclass(frozen=True, slots=True)
class _Way:
    cost: Cost
    chosen: tuple[VoucherOffer, ...]
    right_minutes: int
    steps: int


@dataclass(frozen=True, slots=True)
class _Case:
    """A bill and what may pay it, ready to be tried with one set of vouchers after another.

    `rising[f]`: what is due with f free minutes, negated, so that it can be bisected; more than the last of
    them do not count. `prefixes[i]`: the sums of minutes that the first i rights can give. `steps`: how many
    times the receipts give their minutes.
    """

    sources: Sources
    rising: tuple[int, ...]
    prefixes: tuple[int, ...]
    receipts: tuple[ReceiptOffer, ...]
    steps: int

    @property
    def limit(self) -> int:
        return len(self.rising) - 1

    def due(self, free: int) -> int:
        return -self.rising[min(free, self.limit)]

    def most_free(self, cents: int) -> int:
        """The most free minutes that leave `cents` due at least."""
        return bisect_right(self.rising, -cents) - 1

    def least_free(self, cents: int) -> int:
        """The fewest free minutes that leave `cents` due at most."""
        return bisect_left(self.rising, -cents)

    @property
    def rights(self) -> int:
        return self.prefixes[-1]

    @property
    def step(self) -> int:
        return self.sources.limits.receipt_minutes

    def most_minutes(self, most: int | None) -> int:
        """The most minutes that rights and receipts can give, `most` at most."""
        if most is None:
            return self.rights.bit_length() - 1 + self.steps * self.step
        return max(
            found + n * self.step
            for n in range(self.steps + 1)
            if (found := highest_to(self.rights, most - n * self.step)) is not None
        )

    def cheapest(self, least: int, most: int | None) -> tuple[int, int]:
        """(minutes of rights, steps of receipts) that give at least `least`: the fewest of the first."""
        ways = []
        for n in range(self.steps + 1):
            minutes = lowest_from(self.rights, least - n * self.step)
            if minutes is not None and (most is None or minutes + n * self.step <= most):
                ways.append((minutes, n))
        return min(ways)

    def receipts_for(self, steps: int) -> list[ReceiptOffer]:
        """The fewest receipts that give `steps` steps, the last of them as small as suffices."""
        want = steps * self.sources.limits.receipt_cents
        used: list[ReceiptOffer] = []
        for receipt in self.receipts:
            if want <= 0:
                break
            if receipt.cents >= want:
                used.append(min((r for r in self.receipts if r.cents >= want and r not in used),
                                key=lambda r: r.cents))  # fmt: skip
                break
            used.append(receipt)
            want -= receipt.cents
        return used


def decide(bill: Bill, sources: Sources) -> Plan:
    """The best plan for `bill`; its lines add up to what is due, to the cent."""
    due = bill.due(0)
    covered = [Line(Source.PASS, "pass", bill.covered_cents)] if bill.covered_cents else []
    if due == 0:
        return Plan(tuple(covered), bill.covered_cents)
    case = _case_of(bill, sources)
    best: _Way | None = None
    for chosen in _voucher_sets(sources):
        best = _better(case, chosen, best)
        # Sets come from the least scarce on: whatever follows costs more rights for nothing.
        if best is not None and best.cost.money == best.cost.points == 0:
            break
    assert best is not None, "no voucher at all is always a way"
    plan = Plan((*covered, *_lines(case, best)), bill.covered_cents + due)
    assert sum(line.cents for line in plan.lines) == plan.cents, "the lines add up to what is due"
    return plan


def _case_of(bill: Bill, sources: Sources) -> _Case:
    limits = sources.limits
    timed = 0 if bill.curve is None else bill.minutes
    cap = timed if limits.free_minutes is None else min(timed, max(0, limits.free_minutes))
    prefixes = [1]
    for right in sources.rights:
        prefixes.append(
            sums_of(prefixes[-1], right.unit, min(right.minutes // right.unit, -(-cap // right.unit)))
        )
    usable = sorted(sources.receipts, key=lambda one: (-one.cents, one.key))[: limits.receipts]
    steps = 0
    if limits.receipt_cents and limits.receipt_minutes:
        steps = min(
            sum(one.cents for one in usable) // limits.receipt_cents, -(-cap // limits.receipt_minutes)
        )
        if limits.receipt_minutes_max is not None:
            steps = min(steps, limits.receipt_minutes_max // limits.receipt_minutes)
    hours = sum(sorted((v.minutes for v in sources.vouchers), reverse=True)[: limits.vouchers])
    most = min(cap, prefixes[-1].bit_length() - 1 + steps * limits.receipt_minutes + hours)
    rising = tuple(-bill.due(free) for free in range(most + 1))
    return _Case(sources, rising, tuple(prefixes), tuple(usable), steps)


def _voucher_sets(sources: Sources) -> Iterator[tuple[VoucherOffer, ...]]:
    """Every set of vouchers that may be used together, the least scarce first.

    Of vouchers that are alike only the first of the offers are tried: the soonest to end.
    """
    yield ()
    serial: dict[_Kind, int] = {}
    numbered: list[tuple[_Kind, int, VoucherOffer]] = []
    for voucher in sources.vouchers:
        kind = (voucher.minutes, voucher.cents, voucher.min_cents, voucher.batch)
        numbered.append((kind, serial.setdefault(kind, 0), voucher))
        serial[kind] += 1
    for size in range(1, min(sources.limits.vouchers, VOUCHERS_ENTRY_MAX, len(numbered)) + 1):
        sets = []
        for some in combinations(numbered, size):
            there = {(kind, n) for kind, n, _one in some}
            fits = all(
                sum(o.batch == one.batch for _k, _n, o in some) <= one.batch_max for _k, _n, one in some
            )
            if fits and all(n == 0 or (kind, n - 1) in there for kind, n, _one in some):
                sets.append(tuple(one for _kind, _n, one in some))
        yield from sorted(sets, key=lambda s: (sum(v.cents for v in s), sum(v.minutes for v in s)))


def _better(case: _Case, chosen: tuple[VoucherOffer, ...], best: _Way | None) -> _Way | None:
    """`best`, or the best way that uses exactly the `chosen` vouchers, where that is better."""
    hours = sum(voucher.minutes for voucher in chosen)
    face = sum(voucher.cents for voucher in chosen)
    floor = _bill_asked(chosen)
    if case.due(hours) < floor:
        return best
    # So many more minutes may be free that the bill stays as high as the vouchers ask; None: any number.
    most = case.most_free(floor) - hours if -case.rising[-1] < floor else None
    left = max(0, case.due(hours + case.most_minutes(most)) - face)
    points = case.sources.points
    money, spent = points.pay(left)
    if best is not None and (money, spent) > (best.cost.money, best.cost.points):
        return best
    # The bill may stay a little higher than at its lowest, within what the same points cover.
    enough = face + (points.cents_within(spent) if money == 0 else left)
    least = max(0, case.least_free(enough) - hours)
    minutes, steps = case.cheapest(least, most)
    receipts = len(case.receipts_for(steps))
    way = _Way(Cost(money, spent, len(chosen), face, hours, minutes, receipts), chosen, minutes, steps)
    return way if best is None or way.cost < best.cost else best


def _cash_in_turn(chosen: tuple[VoucherOffer, ...]) -> list[VoucherOffer]:
    """Cash-off vouchers in the order in which they together ask for the lowest bill.

    The first asks for its own minimum, the next for its minimum after the first, and so on: as in scheduling
    with delivery times, the largest minimum less its own value goes first.
    """
    cash = [voucher for voucher in chosen if voucher.cents]
    return sorted(cash, key=lambda one: one.cents - one.min_cents)


def _bill_asked(chosen: tuple[VoucherOffer, ...]) -> int:
    """What must be due after the free minutes, so that each cash-off voucher finds its minimum."""
    before = asked = 0
    for voucher in _cash_in_turn(chosen):
        asked = max(asked, voucher.min_cents and before + voucher.min_cents)
        before += voucher.cents
    return asked


def _lines(case: _Case, way: _Way) -> Iterator[Line]:
    free, due = 0, case.due(0)
    for source, key, minutes in _timed(case, way):
        before, free = min(free, case.limit), free + minutes
        now = case.due(free)
        yield Line(source, key, due - now, minutes=minutes, counted=min(free, case.limit) - before)
        due = now
    for voucher in _cash_in_turn(way.chosen):
        off = min(voucher.cents, due)
        yield Line(Source.VOUCHER_CASH, voucher.key, off)
        due -= off
    money, spent = case.sources.points.pay(due)
    if spent:
        yield Line(Source.POINTS, "points", due - money, points=spent)
    if money:
        yield Line(Source.MONEY, "money", money)


def _timed(case: _Case, way: _Way) -> Iterator[tuple[Source, str, int]]:
    """Whatever gives free minutes, in the order in which it is told."""
    units = [right.unit for right in case.sources.rights]
    given = split(case.prefixes, units, way.right_minutes)
    for right, minutes in zip(case.sources.rights, given, strict=True):
        if minutes:
            yield Source.RIGHT, right.key, minutes
    limits, cents, done = case.sources.limits, 0, 0
    for receipt in case.receipts_for(way.steps):
        cents += receipt.cents
        steps = min(way.steps, cents // limits.receipt_cents)
        yield Source.RECEIPT, receipt.key, (steps - done) * case.step
        done = steps
    for voucher in way.chosen:
        if voucher.minutes:
            yield Source.VOUCHER_HOURS, voucher.key, voucher.minutes
