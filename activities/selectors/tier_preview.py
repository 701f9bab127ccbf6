"""What a review or a new scheme would change, without changing it: how many would rise and come down."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from activities.models import TierScheme, TierStanding
from activities.selectors.tier_assessment import assess
from activities.selectors.tier_schemes import tier_book
from members.models import Tier, TierHeld

LOOKED_AT_MAX = 10_000
_A_CHUNK = 1_000
# Older than any activity that is taken in.
_ALWAYS = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Preview:
    """How many of `looked_at` members (of `total` that it concerns) would come from which level to which."""

    looked_at: int
    total: int
    moves: Sequence[tuple[Tier, Tier, int]]

    @property
    def raised(self) -> int:
        """How many would rise."""
        return sum(count for before, after, count in self.moves if after.level > before.level)

    @property
    def lowered(self) -> int:
        """How many would come down."""
        return sum(count for before, after, count in self.moves if after.level < before.level)


def preview_review(*, on: date, looked_at_max: int = LOOKED_AT_MAX) -> Preview:
    """The review of the day `on`, by the credits of today: of whom it is due, the first so many."""
    due = TierStanding.objects.filter(look_on__lte=on, member__merged_into__isnull=True)
    persons = list(due.order_by("look_on", "member_id").values_list("pk", flat=True)[:looked_at_max])
    return _preview(persons, due.count(), on=on, scheme=None)


def preview_scheme(*, scheme: TierScheme, today: date, looked_at_max: int = LOOKED_AT_MAX) -> Preview:
    """As if `scheme` had always been in force: its levels, roles and matches, on the credits as given.

    What activities would have counted by its credit rules is not reckoned anew.
    """
    everybody = TierStanding.objects.filter(member__merged_into__isnull=True)
    persons = list(everybody.order_by("pk").values_list("pk", flat=True)[:looked_at_max])
    return _preview(persons, everybody.count(), on=today, scheme=scheme)


def _preview(persons: Sequence[UUID], total: int, *, on: date, scheme: TierScheme | None) -> Preview:
    book = tier_book() if scheme is None else tier_book(proposed=scheme, on=_ALWAYS)
    if book.is_empty:
        return Preview(0, total, [])
    moves: Counter[tuple[int, int]] = Counter()
    for start in range(0, len(persons), _A_CHUNK):
        chunk = persons[start : start + _A_CHUNK]
        held = dict(TierHeld.objects.filter(pk__in=chunk).values_list("pk", "tier__level"))
        for person, one in assess(chunk, book=book, today=on, floors_by=scheme).items():
            before = held.get(person, book.levels[0])
            if one.level != before:
                moves[before, one.level] += 1
    told = [
        (book.by_level[before], book.by_level[after], count)
        for (before, after), count in sorted(moves.items())
    ]
    return Preview(len(persons), total, told)
