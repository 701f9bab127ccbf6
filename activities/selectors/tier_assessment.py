"""What credits, roles, units' tiers and hands make of members on a day. Read, never written."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from activities.models import TierScheme
from activities.rules.standing import Credit, Standing, standing_on
from activities.selectors.tier_floors import Floor, floors_of, highest_on
from activities.selectors.tier_schemes import TierBook, scheme_in_force
from common.sql import plain_array
from members.models import Member

# A row a member: an id read on each of some ten rows a member took a third of a review.
_CREDITS = """
SELECT member_id, array_agg(counts_on), array_agg(known_from), array_agg(milli)
FROM (SELECT member_id, counts_on, known_from, sum(milli)::bigint AS milli FROM activities_tiercredit
      WHERE member_id = ANY(%s::uuid[]) GROUP BY 1, 2, 3) AS of_days
GROUP BY member_id
"""


@dataclass(frozen=True, slots=True)
class Assessed:
    """One member as assessed: the earned standing, every floor, and the one that counts today."""

    standing: Standing
    floors: Sequence[Floor]
    floor: Floor | None
    book: TierBook
    today: date

    @property
    def level(self) -> int:
        """The level that they hold: the higher of what is earned and the floor."""
        return max(self.standing.level, self.floor.tier.level if self.floor else 0)

    @property
    def is_lifetime(self) -> bool:
        """Whether the level that they hold is theirs for life."""
        return self.standing.lifetime_level is not None and self.standing.lifetime_level >= self.level

    @property
    def review_on(self) -> date | None:
        """The first day on which they may hold less; None: no such day is known."""
        if self.is_lifetime or self.level == self.book.levels[0]:
            return None
        ends = []
        if self.standing.level == self.level:
            ends.append(self.standing.review_on)
        if self.floor is not None and self.floor.tier.level == self.level:
            ends.append(self.floor.until)
        return None if None in ends else max(end for end in ends if end is not None)

    @property
    def look_on(self) -> date | None:
        """The next day on which anything may change by itself."""
        days = [self.standing.review_on]
        for floor in self.floors:
            days += [floor.starts_on, floor.until]
        return min((day for day in days if day is not None and day > self.today), default=None)


def assess(
    persons: Sequence[UUID], *, book: TierBook, today: date, floors_by: TierScheme | None = None
) -> dict[UUID, Assessed]:
    """What each would hold on `today`, by all their ids.

    Roles and units' tiers hold up by the scheme `floors_by`, if left out by the one in force.
    """
    ids = dict.fromkeys(persons)
    aliases = Member.objects.filter(merged_into_id__any_of=persons).values_list("pk", "merged_into_id")
    of = {person: person for person in ids} | {alias: into for alias, into in aliases if into is not None}
    earned: dict[UUID, list[Credit]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_CREDITS, [plain_array(of)])
        for member_id, *columns in cursor.fetchall():
            earned[of[member_id]] += map(Credit, *columns)
    floors = floors_of(of, scheme=floors_by or scheme_in_force(today), today=today)
    told = {}
    for person in persons:
        mine = floors.get(person, [])
        standing = standing_on(today, earned=earned.get(person, ()), schemes=book.schemes, ladder=book.levels)
        told[person] = Assessed(standing, mine, highest_on(mine, today), book, today)
    return told
