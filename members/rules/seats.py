"""How many of a company's seats are taken, at the fullest moment."""

from collections.abc import Iterable
from datetime import date

Stay = tuple[date, date | None]


def most_at_once(stays: Iterable[Stay]) -> int:
    """The most stays `[starts_on, ends_on)` that share a day; None ends never.

    Who leaves on the day another comes makes room: the end is not part of the stay.
    """
    changes: list[tuple[date, int]] = []
    for starts_on, ends_on in stays:
        changes.append((starts_on, 1))
        if ends_on is not None:
            changes.append((ends_on, -1))
    taken = most = 0
    for _day, change in sorted(changes):
        taken += change
        most = max(most, taken)
    return most


def within(stays: Iterable[Stay], starts_on: date, ends_on: date | None) -> list[Stay]:
    """What of `stays` lies in `[starts_on, ends_on)`: days outside it count for nobody."""
    cut = []
    for begins, ends in stays:
        first = max(begins, starts_on)
        last = ends if ends_on is None else ends_on if ends is None else min(ends, ends_on)
        if last is None or first < last:
            cut.append((first, last))
    return cut
