"""What a member's activities earn where one has a say in the other: a function of the set of them.

They are gone through in one canonical order (when it happened, then the reference, then the unit), whatever
the order in which they were heard of. So late, shuffled and repeated deliveries and refunds end alike.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from activities.rules.earn_book import Book
from activities.rules.earn_counters import Counters
from activities.rules.earn_facts import Deed, Outcome
from activities.rules.earning import judge

Order = tuple[datetime, str, str]


class Entry(NamedTuple):
    """One activity on its way through: `left` is what refunds leave of it, or of each of its lines."""

    activity_id: UUID
    order: Order
    book: Book
    deed: Deed
    left: Fraction | tuple[Fraction, ...]


def fold(entries: Iterable[Entry], *, firsts: Mapping[str, Order], counters: Counters) -> dict[UUID, Outcome]:
    """What each of one member's activities earns. `firsts` is the member's first activity of each sector.

    Counts up `counters`; those of budgets are shared with other members.
    """
    return {
        entry.activity_id: judge(
            entry.book,
            entry.deed,
            counters=counters,
            is_first={entry.book.site.sector: firsts.get(entry.book.site.sector) == entry.order},
            left=entry.left,
        )
        for entry in sorted(entries, key=lambda entry: entry.order)
    }


def period_of(entry: Entry, scope: str) -> str:
    """The widest period of a cap that the activity falls in: its local day, its month, or all time."""
    if scope == "all":
        return ""
    day = entry.book.local(entry.deed).date().isoformat()
    return day if scope == "day" else day[:7]
