"""The compact trace of an activity, read back: each rule that was looked at, taken or not, and why."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from activities.rules.earn_facts import TRACE_SCALE, TraceLine
from activities.rules.earn_terms import Rule


def read_trace(trace: Sequence[Sequence[Any]], rules: Mapping[int, Rule]) -> tuple[TraceLine, ...]:
    """The lines of a trace, in the order in which the rules were looked at. `rules` by id."""
    return tuple(
        TraceLine(
            rule_id=rule_id,
            rule=rules[rule_id].name,
            program_id=rules[rule_id].program_id,
            program=rules[rule_id].program,
            reason=reason,
            exact=Decimal(exact[0]) / TRACE_SCALE if exact else Decimal(0),
        )
        for rule_id, reason, *exact in trace
    )
