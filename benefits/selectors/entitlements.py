"""Entitlements: what a member may use of their rights in the present period, and what of it here and now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from benefits.models import BenefitVersion
from benefits.rules.quota import Days
from benefits.selectors.offers import closed_at, is_honoured_at
from benefits.selectors.places import Spot, group_zone
from benefits.selectors.rights import Right, rights_of
from benefits.selectors.taken import taken_of
from benefits.selectors.words import why_of
from members.selectors.aliases import survivors_of
from units.models import BusinessUnit, Outlet, Venue

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class UsableRight:
    """A right in one period: `given`, of which `left` may still be used.

    `taken` is what went under this id, `elsewhere` under the person's other ids.
    """

    right: Right
    period: Days
    given: Decimal
    taken: Decimal
    elsewhere: Decimal

    @property
    def id(self) -> UUID:
        """As the API names it; the same from one period to the next."""
        return self.right.id

    @property
    def benefit(self) -> BenefitVersion:
        """The version in force."""
        return self.right.version

    @property
    def measure(self) -> str:
        """`count`, `minutes` or `money`."""
        return self.right.measure

    @property
    def left(self) -> Decimal:
        """Never below zero, though the quota may have shrunk beneath what was used."""
        return max(Decimal(0), self.given - self.taken - self.elsewhere)

    @property
    def why(self) -> str:
        """Why the member has it, in the reader's language."""
        return why_of(self.right)


def entitlements_of(
    *,
    member_id: UUID,
    at: datetime,
    kind: str | None = None,
    spot: Spot | None = None,
    offers: dict[int, BenefitVersion] | None = None,
) -> list[UsableRight]:
    """Every right that the person may use, with what is left of it in the period of `at`.

    The period is read at `spot`; where none is named, at the group's midnight. Used-up ones are told too.
    """
    return in_period(rights_of(member_id=member_id, at=at, kind=kind, offers=offers), spot, at)


def usable_rights(
    *,
    member_ids: Sequence[UUID],
    kind: str | None,
    unit: BusinessUnit,
    venue: Venue | None = None,
    outlet: Outlet | None = None,
    at: datetime,
) -> list[UsableRight]:
    """What of `kind` these members may use here at `at`, with something left: what ends soonest first.

    `member_ids` may be any ids of one person, or of several (each person's rights come once).
    """
    spot = Spot(unit, venue, outlet)
    people = dict.fromkeys(survivors_of(member_ids)[one] for one in member_ids)
    found: dict[UUID, Right] = {}
    for person in people:
        for right in rights_of(member_id=person, at=at, kind=kind):
            if is_honoured_at(right.version, spot) and closed_at(right.version, spot, at) is None:
                found.setdefault(right.id, right)
    usable = [one for one in in_period(list(found.values()), spot, at) if one.left > 0]
    return sorted(usable, key=by_end)


def by_end(usable: UsableRight) -> tuple[datetime, UUID]:
    """What ends soonest first."""
    return usable.right.ends_at or _NEVER, usable.id


def in_period(rights: Sequence[Right], spot: Spot | None, at: datetime) -> list[UsableRight]:
    """The rights with what is left of each in its period of `at`."""
    zone = group_zone() if spot is None else spot.zone
    periods = {right.id: right.period_at(at, zone) for right in rights}
    asked = {(one, periods[right.id].starts_on) for right in rights for one in (right.id, *right.others)}
    taken = taken_of(asked, at=at) if asked else {}
    return [
        UsableRight(
            right=right,
            period=period,
            given=right.given_in(period),
            taken=taken[right.id, period.starts_on],
            elsewhere=sum((taken[other, period.starts_on] for other in right.others), Decimal(0)),
        )
        for right in rights
        for period in [periods[right.id]]
    ]
