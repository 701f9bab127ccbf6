"""The quick way of judging receipts: lines that no rule tells apart earn in proportion, worked out once.

As in rules/earn_plan.py a plan is made from what the slow way says of the first such receipt, and holds whole
numbers: points = (Σ a × hundredths of each class of lines × paid + b × all) // (c × all).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from activities.rules.earn_book import Book
from activities.rules.earn_counters import Counters
from activities.rules.earn_facts import TRACE_SCALE, Deed, Outcome, Parcel, label_of
from activities.rules.earn_finish import names_of, weights_told
from activities.rules.earn_given import Given, LotKey, Weighed
from activities.rules.earn_terms import BASE, EXCLUSION, MULTIPLIER
from activities.rules.earning import Case, judge

_SHAPES_MAX = 20_000
_NOTHING = Fraction(0)


class _Sum(NamedTuple):
    """A number in proportion to classes of lines, and a constant: all of `divisor` parts."""

    per_class: tuple[tuple[int, int], ...]
    constant: int
    divisor: int

    def of(self, sums: Mapping[int, int], money: int, whole: int) -> int:
        """The number, rounded down."""
        linear = sum([a * sums[number] for number, a in self.per_class])
        return (linear * money + self.constant * whole) // (self.divisor * whole)


class _Rule(NamedTuple):
    """What one rule gives: by class of lines for each hundredth paid, and fixed points on some classes."""

    by_class: dict[int, Fraction]
    fixed: int
    classes: tuple[int, ...]


class _Program(NamedTuple):
    """`trace` has a place for each number; `below`: under one point."""

    program_id: int
    trace: str
    numbers: tuple[_Sum, ...]
    below: str
    rules: tuple[_Rule, ...]


class _Plan(NamedTuple):
    is_quick: bool
    lots: tuple[tuple[_Sum, Parcel], ...] = ()
    programs: tuple[_Program, ...] = ()


class Shape(NamedTuple):
    """Receipts of the same classes of lines; `thresholds` (classes, hundredths) tell their plans apart."""

    thresholds: tuple[tuple[tuple[int, ...], int], ...]
    plans: dict[tuple[bool, ...], _Plan]


def assess_lines(book: Book, deed: Deed) -> Outcome:
    """What a receipt earns by itself: the same as `judge`, mostly without its work."""
    money, whole = deed.cents - deed.paid_cents, 0
    sums: defaultdict[int, int] = defaultdict(int)
    for line in deed.lines:
        sums[book.line_class(line)] += line.cents
        whole += line.cents
    if money <= 0 or whole <= 0:
        return judge(book, deed)
    present = tuple(sorted([(number, cents > 0) for number, cents in sums.items()]))
    key = (book.dims(deed), present, book.line_class(deed.lines[0]))
    shape = book.shapes.get(key)
    if shape is None:
        shape = _shape_of(book, deed)
        if len(book.shapes) >= _SHAPES_MAX:
            book.shapes.clear()
        book.shapes[key] = shape
    met = tuple(
        [
            sum([sums[number] for number in classes]) * money >= asked * whole
            for classes, asked in shape.thresholds
        ]
    )
    plan = shape.plans.get(met)
    if plan is None:
        plan = shape.plans[met] = _plan_of(book, deed)
    return _Receipt(plan, book, deed, sums, whole) if plan.is_quick else judge(book, deed)


class _Receipt(Outcome):
    """An outcome by a plan: points at once, the rest when it is asked for."""

    __slots__ = ("_book", "_deed", "_money", "_plan", "_points", "_sums", "_whole")

    def __init__(self, plan: _Plan, book: Book, deed: Deed, sums: Mapping[int, int], whole: int) -> None:
        self._plan, self._book, self._deed, self._sums, self._whole = plan, book, deed, sums, whole
        self._money = money = deed.cents - deed.paid_cents
        self._points = [told.of(sums, money, whole) for told, _proto in plan.lots]
        self._parcels, self.needs_history = None, False

    @property
    def parcels(self) -> tuple[Parcel, ...]:
        """One a lot that gets points."""
        if self._parcels is None:
            self._parcels = tuple(
                proto._replace(points=points)
                for (_sum, proto), points in zip(self._plan.lots, self._points, strict=True)
                if points
            )
        return self._parcels

    @property
    def trace(self) -> str:
        """Compact JSON."""
        given = {parcel.program_id for parcel in self.parcels}
        told = [
            program.trace % tuple([n.of(self._sums, self._money, self._whole) for n in program.numbers])
            if program.program_id in given
            else program.below
            for program in self._plan.programs
        ]
        return f"[{','.join(told)}]"

    @property
    def weights(self) -> str:
        """What each line gave, where that is not its amount."""
        lines = self._deed.lines
        if len(lines) < 2:
            return "[]"
        told = []
        for program in self._plan.programs:
            per_cent = self._per_cent(program)
            if len(set(per_cent.values())) > 1:
                given = [line.cents * per_cent[self._book.line_class(line)] for line in lines]
                told.append(weights_told(program.program_id, given, lines))
        return f"[{','.join(filter(None, told))}]"

    def _per_cent(self, program: _Program) -> dict[int, Fraction]:
        """What each hundredth of a class of lines gave."""
        scale = Fraction(self._money, self._whole)
        per_cent = {
            number: scale * sum((rule.by_class.get(number, _NOTHING) for rule in program.rules), _NOTHING)
            for number, cents in self._sums.items()
        }
        for rule in program.rules:
            money = sum(self._sums[number] for number in rule.classes)
            for number in rule.classes if rule.fixed and money else ():
                per_cent[number] += Fraction(rule.fixed, money)
        return per_cent


def _shape_of(book: Book, deed: Deed) -> Shape:
    """The minimums that rules ask of some classes of lines: of bases without what is excluded."""
    classes = {book.line_class(line): book.rules_of_line(line) for line in deed.lines}
    able = [rule for rule, reason in book.standing(deed, book.dims(deed)) if not reason]
    excluding = [rule for rule in able if rule.effect == EXCLUSION]
    thresholds = set()
    for rule in able:
        minimum = rule.terms.conditions.minimum_spend
        if minimum is None or rule.effect not in {BASE, MULTIPLIER}:
            continue
        mine = [
            number
            for number, ours in classes.items()
            if rule.rule_id in ours
            and not (
                rule.effect == BASE
                and any(one.rule_id in ours for one in excluding if one.program_id == rule.program_id)
            )
        ]
        thresholds.add((tuple(sorted(mine)), int(minimum * 100)))
    return Shape(tuple(sorted(thresholds)), {})


def _plan_of(book: Book, deed: Deed) -> _Plan:
    case = Case(book, deed, counters=Counters())
    weighed = case.weigh_all(book.standing(deed, book.dims(deed)))
    if not all(one.is_in_proportion for one in weighed) or any(one.needs_history for one in weighed):
        return _Plan(is_quick=False)
    # One line of each class that has money says what all of them earn.
    first: dict[int, int] = {}
    numbers = [book.line_class(line) for line in deed.lines]
    for n, (number, line) in enumerate(zip(numbers, deed.lines, strict=True)):
        if line.cents:
            first.setdefault(number, n)
    money = {n: Fraction(case.money[n]) for n in first.values()}
    return _Plan(
        is_quick=True,
        lots=tuple(lot for one in weighed for lot in _lots_of(one, first, money)),
        programs=tuple(_program_of(one, first, money, numbers) for one in weighed),
    )


def _lots_of(
    weighed: Weighed, first: Mapping[int, int], money: Mapping[int, Fraction]
) -> list[tuple[_Sum, Parcel]]:
    by_line: defaultdict[LotKey, defaultdict[int, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for part in weighed.loose_parts():
        for n, given in part.by_line.items():
            by_line[part.lot][n] += given
    named = names_of(weighed)
    return [
        (
            _sum(_by_class(by_line[lot], first, money), weighed.loose[lot].fixed),
            Parcel(weighed.program_id, label_of(weighed.program, lot), 0, *lot, named[lot]),
        )
        for lot in sorted(weighed.loose, key=lambda one: (one[0], one[1] or 0))
    ]


def _program_of(
    weighed: Weighed, first: Mapping[int, int], money: Mapping[int, Fraction], numbers: Sequence[int]
) -> _Program:
    taken: dict[int, Given] = {one.rule.rule_id: one for one in (*weighed.bases, *weighed.adding)}
    trace, below, sums = [], [], []
    for rule, reason, linear, fixed in weighed.given:
        said = f'[{rule.rule_id},"{reason}"'
        if linear or fixed:
            by_class = _by_class(taken[rule.rule_id].by_line, first, money)
            sums.append(
                _sum({number: part * TRACE_SCALE for number, part in by_class.items()}, fixed * TRACE_SCALE)
            )
            trace.append(f"{said},%d]")
            small = reason in {"base_rate", "multiplier"}
            below.append(f'[{rule.rule_id},"below_one_point"]' if small else f"{said}]")
        else:
            trace.append(f"{said}]")
            below.append(f"{said}]")
    rules = tuple(
        _Rule(
            _by_class(given.by_line, first, money),
            given.fixed,
            tuple(sorted({numbers[n] for n in given.lines})),
        )
        for given in taken.values()
    )
    return _Program(weighed.program_id, ",".join(trace), tuple(sums), ",".join(below), rules)


def _by_class(
    by_line: Mapping[int, Fraction], first: Mapping[int, int], money: Mapping[int, Fraction]
) -> dict[int, Fraction]:
    """What each hundredth paid for a class of lines gives."""
    return {number: by_line[n] / money[n] for number, n in first.items() if by_line.get(n)}


def _sum(by_class: Mapping[int, Fraction], constant: int) -> _Sum:
    divisor = lcm(*(part.denominator for part in by_class.values())) if by_class else 1
    per_class = tuple((number, int(part * divisor)) for number, part in by_class.items())
    return _Sum(per_class, constant * divisor, divisor)
