"""How an activity becomes points, rule by rule, and why.

In each program, in this order: tax is taken off; what is excluded earns nothing; **base rules add up** (a
rate for money, fixed points once an activity), each cut by its own caps; **the highest multiplier wins**,
line by line, and adds to what rates gave; the sum **rounds down once**; rules that only cap cut last. What is
counted against a cap is whole points. Only what was paid in money earns. See docs/earning.md.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import groupby

from activities.rules.earn_book import Book, line_reason
from activities.rules.earn_counters import Counters
from activities.rules.earn_facts import Deed, Outcome, Parcel
from activities.rules.earn_finish import finish, weights_told
from activities.rules.earn_given import Given, LotKey, Weighed, exactly, left_of, total_of
from activities.rules.earn_terms import BASE, CAP, EXCLUSION, MULTIPLIER, TAX, Rule

ALL = Fraction(1)
_NOTHING = Fraction(0)


def judge(
    book: Book,
    deed: Deed,
    *,
    counters: Counters | None = None,
    is_first: Mapping[str, bool] | None = None,
    left: Sequence[Fraction] | Fraction = ALL,
) -> Outcome:
    """What `deed` earns by the rules of `book`.

    `counters` is what is left of shared caps (None: all of it), `is_first` whether it is the member's first
    visit, by sector (None: it is), `left` what refunds leave of it: of each line, or of all alike.
    """
    assert 0 <= deed.paid_cents <= deed.cents, "the part paid with points lies within the amount"
    case = Case(book, deed, counters=counters or Counters(), is_first=is_first, left=left)
    parcels: list[Parcel] = []
    trace: list[str] = []
    weights: list[str] = []
    needs_history = False
    for weighed in case.weigh_all(book.standing(deed, book.dims(deed))):
        needs_history |= weighed.needs_history
        mine, lines = finish(weighed, counters=case.counters, day=case.day)
        parcels += mine
        trace += lines
        if len(deed.lines) > 1:
            given = [weighed.weights.get(n, _NOTHING) for n in range(len(deed.lines))]
            weights += filter(None, [weights_told(weighed.program_id, given, deed.lines)])
    return Outcome(
        tuple(parcels),
        f"[{','.join(trace)}]",
        needs_history=needs_history,
        weights=f"[{','.join(weights)}]",
    )


class Case:
    """One activity before its rules."""

    def __init__(
        self,
        book: Book,
        deed: Deed,
        *,
        counters: Counters,
        is_first: Mapping[str, bool] | None = None,
        left: Sequence[Fraction] | Fraction = ALL,
    ) -> None:
        self.deed, self.counters, self.is_first = deed, counters, is_first
        self.day = book.local(deed).date().isoformat()
        self.lines = deed.as_lines
        self.left = [left] * len(self.lines) if isinstance(left, Fraction) else list(left)
        assert len(self.left) == len(self.lines), "each line says what stands of it"
        whole = sum(line.cents for line in self.lines)
        # The part paid with points lies on all lines alike; what lines do not add up to does too.
        paid = deed.cents - deed.paid_cents
        # Whole numbers where they are: they cost a tenth of fractions.
        scale = 1 if paid == whole else Fraction(paid, whole) if whole else 0
        self.money: list[Fraction | int] = [line.cents * scale for line in self.lines]
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

    def _net_of_tax(self, taxes: Sequence[Rule]) -> list[Fraction | int]:
        """The money of each line without the tax in it: of several rules the first that looks at the line."""
        net = list(self.money)
        for n, ours in enumerate(self.ours):
            for rule in taxes:
                if rule.rule_id in ours:
                    net[n] /= 1 + exactly(rule.percent) / 100
                    break
        return net

    def _bases(
        self,
        able: Sequence[Rule],
        excluded: frozenset[int],
        net: Sequence[Fraction | int],
        why: dict[int, str],
    ) -> list[Given]:
        taken: list[Given] = []
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
            money = {n: self.money[n] for n in mine}
            given = Given(rule, self._by_rate(rule, mine, net), rule.fixed, money)
            if not given.by_line and not given.fixed:
                why[rule.rule_id] = "below_one_step"
                continue
            self._cut_by_own_caps(given)
            given.reason = given.reason or ("base_rate" if given.by_line else "fixed_points")
            alone = rule.priority if rule.terms.alone else alone
            taken.append(given)
        return taken

    def _why_not(self, rule: Rule, mine: Sequence[int]) -> str:
        money = sum([self.money[n] for n in mine])
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

    def _by_rate(self, rule: Rule, mine: Sequence[int], net: Sequence[Fraction | int]) -> dict[int, Fraction]:
        money = sum([net[n] for n in mine])
        if not rule.rate or not money:
            return {}
        counted = exactly(rule.rate) / 100
        if rule.terms.full_steps_of is not None:
            step = Fraction(rule.terms.full_steps_of) * 100
            counted *= (money // step) * step / Fraction(money)
        given = {n: net[n] * counted for n in mine}
        return given if any(given.values()) else {}

    def _cut_by_own_caps(self, given: Given) -> None:
        caps = given.rule.terms.caps
        if caps.per_activity is None and not caps.are_shared:
            return
        exact = given.linear + given.fixed
        whole = before = int(exact)
        if caps.per_activity is not None:
            whole = min(whole, caps.per_activity)
        wanted = int(whole * left_of(given.weights(), self.left) / exact) if exact else 0
        granted, why = self.counters.grant(given.rule, wanted, self.day)
        given.whole = granted
        if not granted and wanted:
            given.reason = why
        elif granted < wanted or whole < before:
            given.reason = "capped"

    def _multipliers(
        self, able: Sequence[Rule], bases: Sequence[Given], why: dict[int, str]
    ) -> dict[int, Given]:
        """The points that each winning multiplier adds, line by line to what rates gave. By rule id."""
        rivals: list[tuple[Rule, list[int]]] = []
        for rule in able:
            if rule.effect == MULTIPLIER:
                mine = self._lines_of(rule, frozenset())
                why[rule.rule_id] = self._why_not(rule, mine)
                if not why[rule.rule_id]:
                    rivals.append((rule, mine))
        multiplied = sorted({n for base in bases for n in base.by_line})
        adding: dict[int, Given] = {}
        for n in multiplied:
            # Of equal factors the first: priority, then code.
            best = max((rule for rule, mine in rivals if n in mine), key=lambda r: r.factor, default=None)
            if best is not None:
                given = adding.setdefault(best.rule_id, Given(best, reason="multiplier"))
                more = exactly(best.factor) - 1
                loose = [base.by_line.get(n, _NOTHING) for base in bases if base.whole is None]
                late = [self._rate_left(base, n) for base in bases if base.whole is not None]
                given.by_line[n] = more * sum(loose, _NOTHING)
                given.late[n] = more * sum(late, _NOTHING)
                given.of[n] = more * sum((base.by_line.get(n, _NOTHING) for base in bases), _NOTHING)
        for given in adding.values():
            self._cut_multiplier(given)
        for rule, _mine in rivals:
            if rule.rule_id not in adding:
                why[rule.rule_id] = "outranked" if multiplied else "nothing_to_multiply"
        return adding

    def _rate_left(self, base: Given, n: int) -> Fraction:
        """What a capped base rule's rate gave for one line, after its caps and refunds."""
        left = left_of(base.weights(), self.left)
        part = base.by_line.get(n, _NOTHING) * self.left[n]
        return part * (base.whole or 0) / left if left else _NOTHING

    def _cut_multiplier(self, given: Given) -> None:
        caps = given.rule.terms.caps
        if caps.per_activity is None and not caps.are_shared:
            return
        # What capped bases gave is cut by refunds already.
        whole = int(left_of(given.by_line, self.left) + total_of(given.late))
        if caps.per_activity is not None:
            uncut = total_of(given.of)
            share = left_of(given.of, self.left) / uncut if uncut else ALL
            whole = min(whole, int(caps.per_activity * share))
        granted, why = self.counters.grant(given.rule, whole, self.day)
        given.whole = granted
        if not granted and whole:
            given.reason = why
        elif granted < int(given.linear):
            given.reason = "capped"

    @staticmethod
    def _answer(
        rule: Rule, bases: Sequence[Given], adding: Mapping[int, Given], why: Mapping[int, str]
    ) -> tuple[str, Fraction, int]:
        """Its reason, and what it gave: in proportion to the money, and constant."""
        given = adding.get(rule.rule_id) or next(
            (base for base in bases if base.rule.rule_id == rule.rule_id), None
        )
        if given is not None:
            if given.whole is not None:
                return given.reason, _NOTHING, given.whole
            return given.reason, given.linear, given.fixed
        if why[rule.rule_id]:
            return why[rule.rule_id], _NOTHING, 0
        words = {EXCLUSION: "excluded", TAX: "tax_taken_off", CAP: "within_cap"}
        return words[rule.effect], _NOTHING, 0

    def _gather(self, told_of: Weighed, bases: Sequence[Given], adding: Mapping[int, Given]) -> None:
        """Sort what is given by the lots that it makes, and by the lines that it lies on."""
        told_of.bases, told_of.adding = list(bases), list(adding.values())
        for base in bases:
            weights = base.weights()
            told_of.weigh(weights, left_of(weights, self.left), given=weights, whole=base.whole)
            told_of.firm[base.rule.parcel] += base.whole or 0
        for given in adding.values():
            together = {n: part + given.late[n] for n, part in given.by_line.items()}
            told_of.weigh(given.of, left_of(given.of, self.left), given=together, whole=given.whole)
            if given.whole is not None:
                told_of.firm[given.rule.parcel] += given.whole
            else:
                self._gather_late(told_of, given)
        for part in told_of.loose_parts():
            told_of.add_loose(part, left_of(part.weights, self.left))

    def _gather_late(self, told_of: Weighed, given: Given) -> None:
        """What a multiplier adds to capped bases is whole points, lot by lot."""
        more = exactly(given.rule.factor) - 1
        late: defaultdict[LotKey, Fraction] = defaultdict(Fraction)
        for base in told_of.bases:
            if base.whole is not None:
                lot = told_of.lot_of(given, base)
                late[lot] += more * sum((self._rate_left(base, n) for n in given.by_line), _NOTHING)
        for lot, part in late.items():
            told_of.firm[lot] += int(part)
