"""What seldom changes is read once and kept while nobody changed it: units, places, programs, rules, schemes.

A till waits for each statement of its sale. One of them asks for the marks of changes, which triggers leave
(sql/reference_v1.sql); what was read while the same marks were seen still stands, and is not read again.
"""

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

from common.sql import rows

Read = TypeVar("Read")

_MARKS = "SELECT count(*), sum(token) FROM units_referencechange"


class Marks(NamedTuple):
    """The changes that a transaction sees, as a number of them and a sum of what they drew."""

    number: int
    total: int


class Kept:
    """What this process has read under the latest marks it saw."""

    def __init__(self) -> None:
        self._held: tuple[Marks | None, dict[Hashable, Any]] = (None, {})

    def under(self, marks: Marks, key: Hashable, read: Callable[[], Read]) -> Read:
        """What `read` told under these marks, or tells now. It must read no table without the trigger.

        Marks are looked at before the tables: what is kept may be newer than its marks, never older.
        """
        if not marks.number:  # nothing was ever changed, or the marks were swept away: no way to tell
            return read()
        seen, found = self._held
        if seen != marks:
            # Replaced, not emptied: another thread may be using the old one.
            found = {}
            self._held = (marks, found)
        if key not in found:
            found[key] = read()
        told: Read = found[key]
        return told


def marks_now() -> Marks:
    """The marks that the current transaction sees. One statement."""
    ((count, total),) = rows(_MARKS, {})
    return Marks(count, int(total or 0))
