"""The quick way of judging: what activities that answer the rules alike have in common is worked out once.

A plan holds whole numbers: points = (a × hundredths + b) // c. It is made from what the slow way
(`earning.Case`) says of the first such activity, so that there is one set of rules and not two.
"""

from bisect import bisect_right
from fractions import Fraction
from typing import NamedTuple

from activities.rules.earn_book import Book
from activities.rules.earn_counters import Counters
from activities.rules.earn_facts import TRACE_SCALE, Deed, Outcome, Parcel, label_of
from activities.rules.earning import Case, Weighed, judge, names_of


class _Lot(NamedTuple):
    proto: Parcel
    per_cent: int
    constant: int
    divisor: int


class _Program(NamedTuple):
    """`trace` has a place for each number; `numbers` say how they are reckoned; `below`: under one point."""

    lots: tuple[_Lot, ...]
    trace: str
    numbers: tuple[tuple[int, int, int], ...]
    below: str


class _Plan(NamedTuple):
    is_quick: bool
    programs: tuple[_Program, ...] = ()


def assess(book: Book, deed: Deed) -> Outcome:
    """What `deed` earns by itself, by `book`: the same as `judge`, mostly without its work.

    Where the member's other activities have a say, the outcome says so, and is what it would be without them.
    """
    money = deed.cents - deed.paid_cents
    if deed.lines or money <= 0:
        return judge(book, deed)
    key = (book.dims(deed), deed.category, bisect_right(book.minimums, money))
    plan: _Plan | None = book.plans.get(key)
    if plan is None:
        plan = _plan_of(book, deed, money)
        if len(book.plans) >= 50_000:
            book.plans.clear()
        book.plans[key] = plan
    return _quickly(plan, money) if plan.is_quick else judge(book, deed)


def _plan_of(book: Book, deed: Deed, money: int) -> _Plan:
    case = Case(book, deed, counters=Counters())
    weighed = case.weigh_all(book.standing(deed, book.dims(deed)))
    if not all(one.is_in_proportion for one in weighed) or any(one.needs_history for one in weighed):
        return _Plan(is_quick=False)
    return _Plan(is_quick=True, programs=tuple(_program_of(one, money) for one in weighed))


def _program_of(weighed: Weighed, money: int) -> _Program:
    named = names_of(weighed)
    lots = []
    for parcel in sorted(weighed.loose, key=lambda one: (one[0], one[1] or 0)):
        linear, fixed = weighed.loose[parcel]
        per_cent, constant, divisor = _whole_numbers(linear / money, fixed)
        proto = Parcel(weighed.program_id, label_of(weighed.program, parcel), 0, *parcel, named[parcel])
        lots.append(_Lot(proto, per_cent, constant, divisor))
    trace, below, numbers = [], [], []
    for rule, reason, linear, fixed in weighed.given:
        said = f'[{rule.rule_id},"{reason}"'
        if linear or fixed:
            numbers.append(_whole_numbers(linear / money * TRACE_SCALE, fixed * TRACE_SCALE))
            trace.append(f"{said},%d]")
            small = reason in {"base_rate", "multiplier"}
            below.append(f'[{rule.rule_id},"below_one_point"]' if small else f"{said}]")
        else:
            trace.append(f"{said}]")
            below.append(f"{said}]")
    return _Program(tuple(lots), ",".join(trace), tuple(numbers), ",".join(below))


def _whole_numbers(per_cent: Fraction, constant: int) -> tuple[int, int, int]:
    """(a, b, c): a number of hundredths h gives (a × h + b) // c."""
    return per_cent.numerator, constant * per_cent.denominator, per_cent.denominator


def _quickly(plan: _Plan, money: int) -> Outcome:
    parcels: list[Parcel] = []
    trace: list[str] = []
    for program in plan.programs:
        total = 0
        for proto, per_cent, constant, divisor in program.lots:
            points = (per_cent * money + constant) // divisor
            if points:
                total += points
                program_id, label, _none, pending, expires, rule = proto
                parcels.append(Parcel(program_id, label, points, pending, expires, rule))
        if total:
            trace.append(program.trace % tuple([(a * money + b) // c for a, b, c in program.numbers]))
        else:
            trace.append(program.below)
    return Outcome(tuple(parcels), f"[{','.join(trace)}]")
