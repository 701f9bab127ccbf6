"""How an activity becomes points, rule by rule, and why.

In each program, in this order: tax is taken off; what is excluded earns nothing; **base rules add up** (a
rate for money, fixed points once an activity), each cut by its own caps; **the highest multiplier wins**,
line by line, and adds to what rates gave; the sum **rounds down once**; rules that only cap cut last. What is
counted against a cap is whole points. Only what was paid in money earns. See docs/earning.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby

from activities.rules.earn_book import Book, line_reason
from activities.rules.earn_counters import Counters
from activities.rules.earn_facts import Deed, Outcome, Parcel, label_of, ten_thousandths
from activities.rules.earn_terms import BASE, CAP, EXCLUSION, MULTIPLIER, TAX, Caps, Rule

ALL = Fraction(1)
_DEFAULT = (0, None)
_NO_CAPS = Caps()
_RULE_CHARACTERS_MAX = 80


@dataclass(slots=True)
class _Given:
    """What one taken rule gives: by line for a rate, at once for fixed points; whole where it is capped."""

    rule: Rule
    by_line: dict[int, Fraction] = field(default_factory=dict)
    fixed: int = 0
    whole: int | None = None
    reason: str = ""

    @property
    def linear(self) -> Fraction:
        return sum(self.by_line.values(), Fraction(0))

    @property
    def exact(self) -> Fraction:
        return self.linear + self.fixed if self.whole is None else Fraction(self.whole)


@dataclass(slots=True)
class Weighed:
    """One program's answer before it is rounded down.

    `loose` is what no shared cap touches, before refunds: a part in proportion to the money, and a constant;
    `firm` are whole points that caps and refunds have cut already.
    """

    program_id: int
    program: str
    given: list[tuple[Rule, str, Fraction, int]] = field(default_factory=list)
    loose: dict[tuple[int, int | None], tuple[Fraction, int]] = field(default_factory=dict)
    firm: defaultdict[tuple[int, int | None], int] = field(default_factory=lambda: defaultdict(int))
    able: list[Rule] = field(default_factory=list)

    @property
    def needs_history(self) -> bool:
        """Whether a rule that may be taken looks at other activities too."""
        return any(rule.needs_history for rule in self.able)

    @property
    def is_in_proportion(self) -> bool:
        """Whether twice the money, within the same minimums, would give twice the points of every rate."""
        terms = [rule.terms for rule in self.able]
        return not any(one.full_steps_of is not None or one.caps != _NO_CAPS for one in terms)


def judge(
    book: Book,
    deed: Deed,
    *,
    counters: Counters | None = None,
    is_first: Mapping[str, bool] | None = None,
    share: Fraction = ALL,
) -> Outcome:
    """What `deed` earns by the rules of `book`.

    `counters` is what is left of shared caps (None: all of it), `is_first` whether it is the member's first
    visit, by sector (None: it is), `share` what refunds leave of it.
    """
    assert 0 <= deed.paid_cents <= deed.cents, "the part paid with points lies within the amount"
    case = Case(book, deed, counters=counters or Counters(), is_first=is_first, share=share)
    parcels: list[Parcel] = []
    trace: list[str] = []
    needs_history = False
    for weighed in case.weigh_all(book.standing(deed, book.dims(deed))):
        needs_history |= weighed.needs_history
        mine, lines = _finish(weighed, case)
        parcels += mine
        trace += lines
    return Outcome(tuple(parcels), f"[{','.join(trace)}]", needs_history)


class Case:
    """One activity before its rules."""

    def __init__(
        self,
        book: Book,
        deed: Deed,
        *,
        counters: Counters,
        is_first: Mapping[str, bool] | None = None,
        share: Fraction = ALL,
    ) -> None:
        self.deed, self.counters, self.is_first, self.share = deed, counters, is_first, share
        self.day = book.local(deed).date().isoformat()
        self.lines = deed.as_lines
        whole = sum(line.cents for line in self.lines)
        # The part paid with points lies on all lines alike; what lines do not add up to does too.
        scale = Fraction(deed.cents - deed.paid_cents, whole) if whole else Fraction(0)
        self.money = [line.cents * scale for line in self.lines]
        self.ours = [book.rules_of_line(line) for line in self.lines]

    def weigh_all(self, standing: Sequence[tuple[Rule, str]]) -> list[Weighed]:
        """What each program's rules say, before rounding."""
        return [
            self._weigh(list(ours)) for _program, ours in groupby(standing, key=lambda one: one[0].program_id)
        ]

    def _weigh(self, standing: Sequence[tuple[Rule, str]]) -> Weighed:
        first = standing[0][0]
        told_of = Weighed(first.program_id, first.program)
        why: dict[int, str] = {}
        able: list[Rule] = []
        for rule, reason in standing:
            why[rule.rule_id] = reason or self._why_no_line(rule)
            if not why[rule.rule_id]:
                able.append(rule)
        told_of.able = able
        excluded = {n for rule in able if rule.effect == EXCLUSION for n in self._lines_of(rule, frozenset())}
        net = self._net_of_tax([rule for rule in able if rule.effect == TAX])
        bases = self._bases(able, frozenset(excluded), net, why)
        adding = self._multipliers(able, bases, why)
        for rule, _reason in standing:
            told_of.given.append((rule, *self._answer(rule, bases, adding, why)))
        self._gather(told_of, bases, adding)
        return told_of

    def _why_no_line(self, rule: Rule) -> str:
        """Empty where one line at least is its matter."""
        if any(rule.rule_id in ours for ours in self.ours):
            return ""
        return line_reason([rule], self.lines[0])[rule.rule_id]

    def _lines_of(self, rule: Rule, excluded: frozenset[int]) -> list[int]:
        return [n for n, ours in enumerate(self.ours) if rule.rule_id in ours and n not in excluded]

    def _net_of_tax(self, taxes: Sequence[Rule]) -> list[Fraction]:
        """The money of each line without the tax in it: of several rules the first that looks at the line."""
        net = list(self.money)
        for n, ours in enumerate(self.ours):
            for rule in taxes:
                if rule.rule_id in ours:
                    net[n] /= 1 + Fraction(rule.percent) / 100
                    break
        return net

    def _bases(
        self, able: Sequence[Rule], excluded: frozenset[int], net: Sequence[Fraction], why: dict[int, str]
    ) -> list[_Given]:
        taken: list[_Given] = []
        alone: int | None = None
        for rule in able:
            if rule.effect != BASE:
                continue
            mine = self._lines_of(rule, excluded)
            reason = self._why_not(rule, mine)
            if not reason and alone is not None and rule.priority < alone:
                reason = "outranked"
            if reason:
                why[rule.rule_id] = reason
                continue
            given = _Given(rule, self._by_rate(rule, mine, net), rule.fixed)
            if not given.by_line and not given.fixed:
                why[rule.rule_id] = "below_one_step"
                continue
            self._cut_by_own_caps(given)
            given.reason = given.reason or ("base_rate" if given.by_line else "fixed_points")
            alone = rule.priority if rule.terms.alone else alone
            taken.append(given)
        return taken

    def _why_not(self, rule: Rule, mine: Sequence[int]) -> str:
        money = sum((self.money[n] for n in mine), Fraction(0))
        asked = rule.terms.conditions
        if not mine:
            return "excluded_by_rule"
        # Who attended an event may have paid nothing; what was paid wholly with points earns nothing.
        if not money and self.deed.cents:
            return "paid_with_points"
        if asked.minimum_spend is not None and money < asked.minimum_spend * 100:
            return "below_minimum"
        first = self.is_first is None or any(self.is_first.get(sector) for sector in asked.sectors)
        return "not_first_visit" if asked.first_visit and not first else ""

    def _by_rate(self, rule: Rule, mine: Sequence[int], net: Sequence[Fraction]) -> dict[int, Fraction]:
        money = sum((net[n] for n in mine), Fraction(0))
        if not rule.rate or not money:
            return {}
        counted = Fraction(1, 100)
        if rule.terms.full_steps_of is not None:
            step = Fraction(rule.terms.full_steps_of) * 100
            counted *= (money // step) * step / money
        given = {n: net[n] * counted * Fraction(rule.rate) for n in mine}
        return given if any(given.values()) else {}

    def _cut_by_own_caps(self, given: _Given) -> None:
        caps = given.rule.terms.caps
        if caps.per_activity is None and not caps.are_shared:
            return
        whole = before = int(given.linear + given.fixed)
        if caps.per_activity is not None:
            whole = min(whole, caps.per_activity)
        wanted = int(whole * self.share)
        granted, why = self.counters.grant(given.rule, wanted, self.day)
        given.whole = granted
        if not granted and wanted:
            given.reason = why
        elif granted < wanted or whole < before:
            given.reason = "capped"

    def _multipliers(
        self, able: Sequence[Rule], bases: Sequence[_Given], why: dict[int, str]
    ) -> dict[int, _Given]:
        """The points that each winning multiplier adds, line by line to what rates gave. By rule id."""
        rivals: list[tuple[Rule, list[int]]] = []
        for rule in able:
            if rule.effect == MULTIPLIER:
                mine = self._lines_of(rule, frozenset())
                why[rule.rule_id] = self._why_not(rule, mine)
                if not why[rule.rule_id]:
                    rivals.append((rule, mine))
        multiplied = sorted({n for base in bases for n in base.by_line})
        adding: dict[int, _Given] = {}
        for n in multiplied:
            # Of equal factors the first: priority, then code.
            best = max((rule for rule, mine in rivals if n in mine), key=lambda r: r.factor, default=None)
            if best is not None:
                given = adding.setdefault(best.rule_id, _Given(best, reason="multiplier"))
                rates = sum((self._rate_part(base, n) for base in bases), Fraction(0))
                given.by_line[n] = (Fraction(best.factor) - 1) * rates
        for given in adding.values():
            self._cut_multiplier(given, bases)
        for rule, _mine in rivals:
            if rule.rule_id not in adding:
                why[rule.rule_id] = "outranked" if multiplied else "nothing_to_multiply"
        return adding

    def _rate_part(self, base: _Given, n: int) -> Fraction:
        """What a base rule's rate gave for one line, after its own caps."""
        part = base.by_line.get(n, Fraction(0))
        if base.whole is None:
            return part
        before = base.linear + base.fixed
        return part * base.whole / before if before else Fraction(0)

    def _cut_multiplier(self, given: _Given, bases: Sequence[_Given]) -> None:
        caps = given.rule.terms.caps
        if caps.per_activity is None and not caps.are_shared:
            return
        # What capped bases gave is cut by refunds already.
        late = Fraction(0)
        for base in bases:
            if base.whole is not None:
                parts = sum((self._rate_part(base, n) for n in given.by_line), Fraction(0))
                late += (Fraction(given.rule.factor) - 1) * parts
        whole = int((given.linear - late) * self.share + late)
        if caps.per_activity is not None:
            whole = min(whole, int(caps.per_activity * self.share))
        granted, why = self.counters.grant(given.rule, whole, self.day)
        given.whole = granted
        if not granted and whole:
            given.reason = why
        elif granted < int(given.linear):
            given.reason = "capped"

    @staticmethod
    def _answer(
        rule: Rule, bases: Sequence[_Given], adding: Mapping[int, _Given], why: Mapping[int, str]
    ) -> tuple[str, Fraction, int]:
        """Its reason, and what it gave: in proportion to the money, and constant."""
        given = adding.get(rule.rule_id) or next(
            (base for base in bases if base.rule.rule_id == rule.rule_id), None
        )
        if given is not None:
            if given.whole is not None:
                return given.reason, Fraction(0), given.whole
            return given.reason, given.linear, given.fixed
        if why[rule.rule_id]:
            return why[rule.rule_id], Fraction(0), 0
        words = {EXCLUSION: "excluded", TAX: "tax_taken_off", CAP: "within_cap"}
        return words[rule.effect], Fraction(0), 0

    def _gather(self, told_of: Weighed, bases: Sequence[_Given], adding: Mapping[int, _Given]) -> None:
        """Sort what is given by the lots that it makes."""
        for base in bases:
            parcel = base.rule.parcel
            if base.whole is not None:
                told_of.firm[parcel] += base.whole
                continue
            linear, fixed = told_of.loose.get(parcel, (Fraction(0), 0))
            told_of.loose[parcel] = (linear + base.linear, fixed + base.fixed)
        for given in adding.values():
            own = given.rule.parcel
            if given.whole is not None:
                told_of.firm[own] += given.whole
                continue
            late: defaultdict[tuple[int, int | None], Fraction] = defaultdict(Fraction)
            more = Fraction(given.rule.factor) - 1
            for base in bases:
                part = more * sum((self._rate_part(base, n) for n in given.by_line), Fraction(0))
                parcel = own if own != _DEFAULT else base.rule.parcel
                if base.whole is not None:
                    late[parcel] += part
                elif part:
                    linear, fixed = told_of.loose.get(parcel, (Fraction(0), 0))
                    told_of.loose[parcel] = (linear + part, fixed)
            for parcel, part in late.items():
                told_of.firm[parcel] += int(part)


def _finish(weighed: Weighed, case: Case) -> tuple[list[Parcel], list[str]]:
    """The parcels of one program, rounded down, and its lines of the trace."""
    kept: dict[tuple[int, int | None], int] = {}
    for parcel in sorted({*weighed.loose, *weighed.firm}, key=lambda one: (one[0], one[1] or 0)):
        linear, fixed = weighed.loose.get(parcel, (Fraction(0), 0))
        kept[parcel] = int(int(linear + fixed) * case.share) + weighed.firm.get(parcel, 0)
    cut = {rule.rule_id: _cut_last(rule, kept, case) for rule in weighed.able if rule.effect == CAP}
    before = sum(kept.values()) + sum(cut.values())
    lines = []
    for rule, reason, linear, fixed in weighed.given:
        exact = linear + fixed
        if cut.get(rule.rule_id):
            lines.append(f'[{rule.rule_id},"cut",{ten_thousandths(Fraction(-cut[rule.rule_id]))}]')
        elif exact and not before and reason in {"base_rate", "multiplier"}:
            lines.append(f'[{rule.rule_id},"below_one_point"]')
        else:
            number = f",{ten_thousandths(exact)}" if exact else ""
            lines.append(f'[{rule.rule_id},"{reason}"{number}]')
    named = names_of(weighed)
    parcels = [
        Parcel(weighed.program_id, label_of(weighed.program, parcel), points, *parcel, named[parcel])
        for parcel, points in kept.items()
        if points
    ]
    return parcels, lines


def _cut_last(rule: Rule, kept: dict[tuple[int, int | None], int], case: Case) -> int:
    """Cut the program's points to what a cap leaves, the last parcel first. Returns how many were cut."""
    total = sum(kept.values())
    caps = rule.terms.caps
    wanted = total if caps.per_activity is None else min(total, int(caps.per_activity * case.share))
    granted, _why = case.counters.grant(rule, wanted, case.day)
    excess = total - granted
    for parcel in reversed(list(kept)):
        less = min(excess, kept[parcel])
        kept[parcel] -= less
        excess -= less
    return total - granted


def names_of(weighed: Weighed) -> dict[tuple[int, int | None], str]:
    """How the posting of each parcel names its rules: `earn:MALL v1 + FRIDAY v3`; the trace has them all."""
    giving = [rule for rule, _reason, linear, fixed in weighed.given if linear + fixed]
    named: dict[tuple[int, int | None], str] = {}
    for parcel in {*weighed.loose, *weighed.firm}:
        mine = [
            rule
            for rule in giving
            if rule.parcel == parcel or (rule.effect == MULTIPLIER and rule.parcel == _DEFAULT)
        ]
        text = " + ".join(f"{rule.code} v{rule.version}" for rule in mine)
        longest = _RULE_CHARACTERS_MAX - len("earn:")
        named[parcel] = f"earn:{text if len(text) <= longest else text[: longest - 2] + ' …'}"
    return named
