"""What is left of shared caps while a member's activities are gone through in their canonical order."""

from collections import defaultdict
from dataclasses import dataclass, field

from activities.rules.earn_terms import Rule

# (rule code, what is counted, period): the versions of one rule share their caps.
Key = tuple[str, str, str]


@dataclass(slots=True)
class Counters:
    """Points used of each cap, and of each budget by everybody."""

    used: defaultdict[Key, int] = field(default_factory=lambda: defaultdict(int))
    budgets: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def grant(self, rule: Rule, wanted: int, day: str) -> tuple[int, str]:
        """Take up to `wanted` points of what is left for `rule` on the local `day` (ISO).

        Answers how many, and why not all of them (empty: all).
        """
        caps, code = rule.terms.caps, rule.code
        granted, why = wanted, ""
        for cap, key in (
            (caps.per_day, (code, "day", day)),
            (caps.per_month, (code, "month", day[:7])),
            (caps.per_member, (code, "member", "")),
        ):
            if cap is not None and cap - self.used[key] < granted:
                granted, why = max(0, cap - self.used[key]), "cap_reached"
        if caps.budget is not None and caps.budget - self.budgets[code] < granted:
            granted, why = max(0, caps.budget - self.budgets[code]), "budget_spent"
        for name, period in (("day", day), ("month", day[:7]), ("member", "")):
            self.used[code, name, period] += granted
        if caps.budget is not None:
            self.budgets[code] += granted
        return granted, why
