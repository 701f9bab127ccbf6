"""What a program's rules gave, made whole: rounded down, cut by the rules that only cap, told as a trace."""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm

from activities.rules.earn_counters import Counters
from activities.rules.earn_facts import Line, Parcel, label_of, ten_thousandths
from activities.rules.earn_given import DEFAULT_LOT, LotKey, Weighed
from activities.rules.earn_terms import CAP, MULTIPLIER, Rule

_RULE_CHARACTERS_MAX = 80


def finish(weighed: Weighed, *, counters: Counters, day: str) -> tuple[list[Parcel], list[str]]:
    """The parcels of one program, rounded down, and its lines of the trace."""
    kept: dict[LotKey, int] = {}
    for lot in sorted({*weighed.loose, *weighed.firm}, key=lambda one: (one[0], one[1] or 0)):
        loose = weighed.loose.get(lot)
        kept[lot] = (loose.points if loose is not None else 0) + weighed.firm.get(lot, 0)
    cut = {
        rule.rule_id: _cut_last(rule, kept, weighed.share_left, counters, day)
        for rule in weighed.able
        if rule.effect == CAP
    }
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
        Parcel(weighed.program_id, label_of(weighed.program, lot), points, *lot, named[lot])
        for lot, points in kept.items()
        if points
    ]
    return parcels, lines


def weights_told(program_id: int, given: Sequence[Fraction], lines: Sequence[Line]) -> str:
    """What each line gave, as whole numbers in proportion: [program id, [weight, …]].

    Empty where the lines weigh their amounts, or nothing was given: then nobody needs to know.
    """
    if not any(given):
        return ""
    total, money = sum(given, Fraction(0)), sum(line.cents for line in lines)
    if all(weight * money == total * line.cents for weight, line in zip(given, lines, strict=True)):
        return ""
    scale = lcm(*(weight.denominator for weight in given))
    whole = [int(weight * scale) for weight in given]
    common = gcd(*whole)
    return f"[{program_id},[{','.join(str(weight // common) for weight in whole)}]]"


def _cut_last(rule: Rule, kept: dict[LotKey, int], share: Fraction, counters: Counters, day: str) -> int:
    """Cut the program's points to what a cap leaves, the last lot first. Returns how many were cut."""
    total = sum(kept.values())
    caps = rule.terms.caps
    wanted = total if caps.per_activity is None else min(total, int(caps.per_activity * share))
    granted, _why = counters.grant(rule, wanted, day)
    excess = total - granted
    for lot in reversed(list(kept)):
        less = min(excess, kept[lot])
        kept[lot] -= less
        excess -= less
    return total - granted


def names_of(weighed: Weighed) -> dict[LotKey, str]:
    """How the posting of each parcel names its rules: `earn:MALL v1 + FRIDAY v3`; the trace has them all."""
    giving = [rule for rule, _reason, linear, fixed in weighed.given if linear + fixed]
    named: dict[LotKey, str] = {}
    for lot in {*weighed.loose, *weighed.firm}:
        mine = [
            rule
            for rule in giving
            if rule.parcel == lot or (rule.effect == MULTIPLIER and rule.parcel == DEFAULT_LOT)
        ]
        text = " + ".join(f"{rule.code} v{rule.version}" for rule in mine)
        longest = _RULE_CHARACTERS_MAX - len("earn:")
        named[lot] = f"earn:{text if len(text) <= longest else text[: longest - 2] + ' …'}"
    return named
