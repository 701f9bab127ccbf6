"""How many of a company's seats are taken, at the fullest moment."""

from collections.abc import Iterable
from datetime import date


def most_at_once(stays: Iterable[tuple[date, date | None]]) -> int:
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
