"""Loops of exchange rates: no way from a program through others and back may give more than it took.

Rates are exact fractions. A loop that gains is a negative cycle of the logarithms of the inverse rates; it
is found as Bellman and Ford find one, with products of fractions instead of sums, so nothing is rounded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Rate:
    """One point of `source` buys `worth` points of `target`."""

    source: str
    target: str
    worth: Fraction


def gaining_loop(rates: Sequence[Rate]) -> tuple[str, ...] | None:
    """The programs of a loop that gives more than it took, the first again at the end; None: no loop does."""
    if not rates:
        return None
    came_from: dict[str, str] = {}
    programs = {rate.source for rate in rates} | {rate.target for rate in rates}
    best = dict.fromkeys(programs, Fraction(1))
    improved = rates[0].source
    for _round in programs:
        improved = ""
        for rate in rates:
            if best[rate.source] * rate.worth > best[rate.target]:
                best[rate.target] = best[rate.source] * rate.worth
                came_from[rate.target] = rate.source
                improved = rate.target
        if not improved:
            return None
    # Still improving after as many rounds as there are programs: going back that far is surely inside a loop.
    inside = improved
    for _step in programs:
        inside = came_from[inside]
    loop = [inside]
    while len(loop) == 1 or loop[-1] != inside:
        loop.append(came_from[loop[-1]])
    return tuple(reversed(loop))
