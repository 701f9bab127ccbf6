"""The quick way of judging: what activities that answer the rules alike have in common is worked out once.

A plan holds whole numbers: points = (a × hundredths + b) // c. It is made from what the slow way
(`earning.Case`) says of the first such activity, so that there is one set of rules and not two.
"""

from fractions import Fraction
from typing import NamedTuple

from activities.rules.earn_book import Book
from activities.rules.earn_counters import Counters
from activities.rules.earn_facts import TRACE_SCALE, Deed, Outcome, Parcel, label_of
from activities.rules.earn_finish import names_of
from activities.rules.earn_given import Weighed
from activities.rules.earn_line_plan import assess_lines
from activities.rules.earning import Case, judge

_PLANS_MAX = 50_000
_made = tuple.__new__


class _Program(NamedTuple):
    """Its lots are those from `first` to before `end`. `trace` has a place for each of its `numbers`."""

    first: int
    end: int
    trace: str
    numbers: tuple[tuple[int, int, int], ...]
    below: str


class _Plan(NamedTuple):
    """`numbers` has for each lot (a, b, c); `heads` and `tails` what stands before and behind its points."""

    is_quick: bool
    numbers: tuple[tuple[int, int, int], ...] = ()
    heads: tuple[tuple[int, str], ...] = ()
    tails: tuple[tuple[int, int | None, str], ...] = ()
    programs: tuple[_Program, ...] = ()


def assess(book: Book, deed: Deed) -> Outcome:
    """What `deed` earns by itself, by `book`: the same as `judge`, mostly without its work.

    Where the member's other activities have a say, the outcome says so, and is what it would be without them.
    """
    money = deed.cents - deed.paid_cents
    if deed.lines:
        return assess_lines(book, deed)
    if money <= 0:
        return judge(book, deed)
    key = book.key(deed, money)
    plan: _Plan | None = book.plans.get(key)
    if plan is None:
        plan = _plan_of(book, deed, money)
        if len(book.plans) >= _PLANS_MAX:
            book.plans.clear()
        book.plans[key] = plan
    if not plan.is_quick:
        return judge(book, deed)
    return _Quick(plan, money, [(a * money + b) // c for a, b, c in plan.numbers])


class _Quick(Outcome):
    """An outcome by a plan: points at once, their parcels and the trace when they are asked for."""

    __slots__ = ("_money", "_plan", "_points")

    def __init__(self, plan: _Plan, money: int, points: list[int]) -> None:
        self._plan, self._money, self._points, self._parcels = plan, money, points, None
        self.needs_history, self._weights = False, "[]"

    @property
    def parcels(self) -> tuple[Parcel, ...]:
        """One a lot that gets points."""
        if self._parcels is None:
            plan = self._plan
            # Past the named tuple's own constructor, which costs as much as all the rest.
            self._parcels = tuple(
                [
                    _made(Parcel, (*head, points, *tail))
                    for head, points, tail in zip(plan.heads, self._points, plan.tails, strict=True)
                    if points
                ]
            )
        return self._parcels

    @property
    def trace(self) -> str:
        """Compact JSON; under one point by the words of `below`."""
        money, points = self._money, self._points
        told = [
            trace % tuple([(a * money + b) // c for a, b, c in numbers]) if any(points[first:end]) else below
            for first, end, trace, numbers, below in self._plan.programs
        ]
        return f"[{','.join(told)}]"


def _plan_of(book: Book, deed: Deed, money: int) -> _Plan:
    case = Case(book, deed, counters=Counters())
    weighed = case.weigh_all(book.standing(deed, book.dims(deed)))
    if not all(one.is_in_proportion for one in weighed) or any(one.needs_history for one in weighed):
        return _Plan(is_quick=False)
    numbers: list[tuple[int, int, int]] = []
    protos: list[Parcel] = []
    programs = []
    for one in weighed:
        first = len(protos)
        for mine, proto in _lots_of(one, money):
            numbers.append(mine)
            protos.append(proto)
        programs.append(_program_of(one, money, first, len(protos)))
    return _Plan(
        is_quick=True,
        numbers=tuple(numbers),
        heads=tuple((proto.program_id, proto.label) for proto in protos),
        tails=tuple((proto.pending_days, proto.expires_after_days, proto.rule) for proto in protos),
        programs=tuple(programs),
    )


def _lots_of(weighed: Weighed, money: int) -> list[tuple[tuple[int, int, int], Parcel]]:
    named = names_of(weighed)
    return [
        (
            _whole_numbers(loose.linear / money, loose.fixed),
            Parcel(weighed.program_id, label_of(weighed.program, lot), 0, *lot, named[lot]),
        )
        for lot, loose in sorted(weighed.loose.items(), key=lambda one: (one[0][0], one[0][1] or 0))
    ]


def _program_of(weighed: Weighed, money: int, first: int, end: int) -> _Program:
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
    return _Program(first, end, ",".join(trace), tuple(numbers), ",".join(below))


def _whole_numbers(per_cent: Fraction, constant: int) -> tuple[int, int, int]:
    """(a, b, c): a number of hundredths h gives (a × h + b) // c."""
    return per_cent.numerator, constant * per_cent.denominator, per_cent.denominator
