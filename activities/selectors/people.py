"""Members as earn rules ask about them: as they were when it happened."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from activities.rules.earn_book import Book
from activities.rules.earn_facts import Person
from members.models import Member, Residency, TierChange
from members.selectors.residencies import effective_end
from members.selectors.tiers import tiers_of

Segments = Mapping[UUID, Collection[str]]
_NOBODY_ASKS: Mapping[UUID, Collection[str]] = {}


class People:
    """What rules ask of these members, read at once; only what is asked is read."""

    def __init__(
        self,
        member_ids: Iterable[UUID],
        *,
        asks_tier: bool,
        asks_segments: bool,
        asks_birthday: bool,
        segments: Segments | None = None,
    ) -> None:
        ids = set(member_ids)
        self._asks_tier, self._asks_segments = asks_tier, asks_segments
        self._given = segments or _NOBODY_ASKS
        self._tiers = _tier_histories(ids) if asks_tier else {}
        self._roles = _roles(ids) if asks_segments else {}
        self._birthdays = _birthdays(ids) if asks_birthday else {}
        self._alike: dict[object, Person] = {}

    @classmethod
    def asked_by(cls, book: Book, member_ids: Iterable[UUID], segments: Segments | None = None) -> "People":
        """What the rules of `book` ask of these members."""
        return cls(
            member_ids,
            asks_tier=book.asks_tier,
            asks_segments=book.asks_segments,
            asks_birthday=book.asks_birthday,
            segments=segments,
        )

    def person(self, member_id: UUID, status: str, at: datetime) -> Person:
        """The member as they were at `at`, by what is on record now.

        The tier is that of the history of changes, the segments are the roles held at venues that day and
        what the caller gave.
        """
        key = (
            status,
            self._tier(member_id, at) if self._asks_tier else "",
            self._segments(member_id, at) if self._asks_segments else frozenset(),
            self._birthdays.get(member_id),
        )
        found = self._alike.get(key)
        if found is None:
            found = self._alike[key] = Person(*key)
        return found

    def birthday(self, member_id: UUID) -> tuple[int, int] | None:
        """Month and day, where rules ask."""
        return self._birthdays.get(member_id)

    def _tier(self, member_id: UUID, at: datetime) -> str:
        instants, codes = self._tiers.get(member_id, ([], [""]))
        return codes[bisect_right(instants, at)]

    def _segments(self, member_id: UUID, at: datetime) -> frozenset[str]:
        held = {
            role
            for role, zone, starts_on, ends_on in self._roles.get(member_id, ())
            if starts_on <= (day := at.astimezone(zone).date()) and (ends_on is None or day < ends_on)
        }
        return frozenset(held.union(self._given.get(member_id, ())))


def _tier_histories(ids: set[UUID]) -> dict[UUID, tuple[list[datetime], list[str]]]:
    """Of each member the instants of change, and the codes before, between and after them."""
    changes = TierChange.objects.filter(member_id__in=ids).order_by("at", "pk")
    rows = changes.values_list("member_id", "at", "from_tier__code", "to_tier__code")
    told: dict[UUID, tuple[list[datetime], list[str]]] = {}
    for member_id, at, before, after in rows:
        instants, codes = told.setdefault(member_id, ([], [before or ""]))
        instants.append(at)
        codes.append(after)
    held = tiers_of(ids - told.keys())
    return told | {member_id: ([], [tier.code]) for member_id, tier in held.items()}


def _roles(ids: set[UUID]) -> dict[UUID, list[tuple[str, ZoneInfo, date, date | None]]]:
    rows = Residency.objects.filter(member_id__in=ids, withdrawn_at__isnull=True)
    told: defaultdict[UUID, list[tuple[str, ZoneInfo, date, date | None]]] = defaultdict(list)
    for row in rows.select_related("venue", "principal", "account"):
        zone = ZoneInfo(row.venue.time_zone)
        told[row.member_id].append((row.role, zone, row.starts_on, effective_end(row)))
    return told


def _birthdays(ids: set[UUID]) -> dict[UUID, tuple[int, int]]:
    born = Member.objects.filter(pk__in=ids, birth_date__isnull=False).values_list("pk", "birth_date")
    return {pk: (day.month, day.day) for pk, day in born if day is not None}
