"""Rows and members that are certainly one person, taken together: the likest first, and never against a veto.

What two rows say of each other helps a third: a row without a birth date may bridge two spellings. But nobody
joins a group in which somebody contradicts them, and a row as like to two different people joins neither.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from members.rules.linkage_veto import Veto

EVENLY_BITS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Edge:
    """Two places that are certainly one person, by so many bits of evidence."""

    left: int
    right: int
    bits: float


def groups(
    edges: Sequence[Edge],
    *,
    veto_between: Callable[[int, int], Veto | None],
    is_member: Callable[[int], bool],
) -> list[list[int]]:
    """The places of each group of two or more. Two members are never put into one: that is a merge."""
    strongest = sorted(edges, key=lambda edge: (-edge.bits, edge.left, edge.right))
    torn = _torn(strongest, veto_between)
    group_of: dict[int, list[int]] = {}
    for edge in strongest:
        if edge.left in torn or edge.right in torn:
            continue
        one = group_of.setdefault(edge.left, [edge.left])
        other = group_of.setdefault(edge.right, [edge.right])
        if one is other or sum(map(is_member, (*one, *other))) > 1:
            continue
        if any(_forbids(veto_between(left, right)) for left in one for right in other):
            continue
        one += other
        for place in other:
            group_of[place] = one
    return [group for place, group in group_of.items() if len(group) > 1 and group[0] == place]


def _torn(edges: Sequence[Edge], veto_between: Callable[[int, int], Veto | None]) -> Collection[int]:
    """Places that are about as like to two people of different names: twins, one of whom is meant."""
    near: dict[int, list[tuple[int, float]]] = {}
    for edge in edges:
        near.setdefault(edge.left, []).append((edge.right, edge.bits))
        near.setdefault(edge.right, []).append((edge.left, edge.bits))
    return {
        place
        for place, found in near.items()
        for one, one_bits in found
        for other, other_bits in found
        if one < other
        and abs(one_bits - other_bits) < EVENLY_BITS
        and veto_between(one, other) is Veto.NAMES_DIFFER
    }


def _forbids(veto: Veto | None) -> bool:
    # Too little said of one is no contradiction.
    return veto not in {None, Veto.NAME_INCOMPLETE, Veto.TOO_LITTLE_KNOWN}
