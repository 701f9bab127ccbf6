"""Sums that whole units of several things can make, as the bits of one number: bit n is set where n is
one.
"""

from collections.abc import Sequence


def sums_of(before: int, unit: int, count: int) -> int:
    """`before`, each plus 0 to `count` times `unit`. In as many steps as `count` has binary digits."""
    bits, left, size = before, count, 1
    while left > 0:
        take = min(size, left)
        bits |= bits << (take * unit)
        left -= take
        size *= 2
    return bits


def lowest_from(bits: int, least: int) -> int | None:
    """The smallest sum that is at least `least`; None where there is none."""
    least = max(0, least)
    above = bits >> least
    return None if above == 0 else least + (above & -above).bit_length() - 1


def highest_to(bits: int, most: int) -> int | None:
    """The largest sum that is at most `most`; None where there is none."""
    below = bits & ((1 << (most + 1)) - 1) if most >= 0 else 0
    return None if below == 0 else below.bit_length() - 1


def split(prefixes: Sequence[int], units: Sequence[int], total: int) -> list[int]:
    """What each thing gives of `total`; `prefixes[i]` has the sums of the first i. The first give the
    most.
    """
    given = [0] * len(units)
    for place in range(len(units) - 1, -1, -1):
        part = 0
        while not (prefixes[place] >> (total - part)) & 1:
            part += units[place]
        given[place] = part
        total -= part
    assert total == 0, "the sum was one of the prefixes' own"
    return given
