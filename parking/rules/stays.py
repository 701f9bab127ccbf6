"""From what gates saw to stays: entries and exits of one plate in one car park, paired.

A gate may be offline, send late, in any order and twice; a camera may read a car twice or miss it. So the
stays are a plain function of the set of passages: whatever the order in which they were told, the same set
makes the same stays.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

# The same camera, or the next one, saw the car again: within it a second entry is the first one's repeat.
REPEAT_WITHIN: Final = timedelta(minutes=2)
# Clocks of two gates may differ so much: an exit that seems to come so long before its entry belongs to it.
SKEW_MAX: Final = timedelta(minutes=2)
# What lies so far apart cannot be a repeat or skewed: stays that ended so long before are settled.
SETTLED_AFTER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Passage:
    """A car passed a gate."""

    id: UUID
    is_entry: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Stay:
    """An entry and an exit, either of which may be missing; `repeats` are passages that say nothing new.

    Without an exit the car is inside, unless it `was_overtaken`: it came in again, so it must have left.
    """

    entry: Passage | None
    exit: Passage | None
    repeats: tuple[Passage, ...] = ()
    was_overtaken: bool = False

    @property
    def passages(self) -> tuple[Passage, ...]:
        """All that make it."""
        return (*(one for one in (self.entry, self.exit) if one is not None), *self.repeats)


@dataclass(slots=True)
class _Walk:
    closed_at: datetime | None
    stays: list[Stay] = field(default_factory=list)
    open: Passage | None = None
    repeats: list[Passage] = field(default_factory=list)

    def end(self, exit_: Passage | None, *, was_overtaken: bool = False) -> None:
        self.stays.append(Stay(self.open, exit_, tuple(self.repeats), was_overtaken))
        self.open, self.repeats = None, []

    def repeat_of_last(self, passage: Passage) -> None:
        last = self.stays[-1] if self.stays else None
        if last is not None:
            self.stays[-1] = Stay(last.entry, last.exit, (*last.repeats, passage), last.was_overtaken)
        else:
            # Of a stay before the first one told here.
            self.stays.append(Stay(None, None, (passage,)))


def stays_of(passages: Iterable[Passage], *, closed_at: datetime | None = None) -> list[Stay]:
    """The stays that `passages` make, in order of time.

    `closed_at`: the exit of the stay before the first passage, so that its repeat is known as one; a stay
    without entry and exit holds the repeats of that.
    """
    ordered = sorted(passages, key=lambda one: (one.at, not one.is_entry, one.id))
    walk = _Walk(closed_at)
    for place, passage in enumerate(ordered):
        after = ordered[place + 1] if place + 1 < len(ordered) else None
        if passage.is_entry:
            _enter(walk, passage, after)
        else:
            _leave(walk, passage)
    if walk.open is not None:
        walk.end(None)
    return walk.stays


def _enter(walk: _Walk, passage: Passage, after: Passage | None) -> None:
    if walk.open is not None:
        if passage.at - walk.open.at <= REPEAT_WITHIN:
            walk.repeats.append(passage)
            return
        walk.end(None, was_overtaken=True)
    last = walk.stays[-1] if walk.stays else None
    if last is not None and last.entry is None and last.exit is not None:
        is_skewed = passage.at - last.exit.at <= SKEW_MAX and (after is None or after.is_entry)
        if is_skewed:
            walk.stays[-1] = Stay(passage, last.exit, last.repeats)
            return
    walk.open = passage


def _leave(walk: _Walk, passage: Passage) -> None:
    if walk.open is not None:
        walk.end(passage)
        walk.closed_at = passage.at
    elif walk.closed_at is not None and passage.at - walk.closed_at <= REPEAT_WITHIN:
        walk.repeat_of_last(passage)
    else:
        walk.end(passage)
        walk.closed_at = passage.at
