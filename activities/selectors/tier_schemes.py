"""The ladder and the schemes in force, as the rules read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from django.conf import settings

from activities.models import LevelTerms, SchemeState, TierScheme, TierWindow
from activities.rules.standing import Level, Scheme
from members.models import Tier
from members.selectors.tiers import ladder


@dataclass(frozen=True)
class TierBook:
    """All levels, lowest first, and every approved scheme in the order in which they start."""

    tiers: Sequence[Tier]
    schemes: Sequence[Scheme]

    @property
    def is_empty(self) -> bool:
        """Nobody can hold a level, or nothing says how."""
        return not self.tiers or not self.schemes

    @cached_property
    def levels(self) -> list[int]:
        """The ladder in numbers."""
        return [tier.level for tier in self.tiers]

    @cached_property
    def by_level(self) -> dict[int, Tier]:
        """The level's tier."""
        return {tier.level: tier for tier in self.tiers}

    def scheme_on(self, day: date) -> Scheme | None:
        """The one in force on `day`; None before the first starts."""
        return next((scheme for scheme in reversed(self.schemes) if scheme.starts_on <= day), None)


def group_day(at: datetime) -> date:
    """The day of the ladder: it is the group's, so its days are those of the group's time zone."""
    return at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def tier_book(*, proposed: TierScheme | None = None, on: date | None = None) -> TierBook:
    """What is approved. With `proposed` and `on`: as if that scheme had been in force in place of all.

    A preview asks so: what would be, if this had always been the scheme.
    """
    rows = list(TierScheme.objects.filter(state=SchemeState.APPROVED).order_by("starts_on"))
    if proposed is not None:
        rows = [proposed]
    terms: dict[int, list[LevelTerms]] = {row.pk: [] for row in rows}
    for line in LevelTerms.objects.filter(scheme__in=terms).select_related("tier").order_by("tier__level"):
        terms[line.scheme_id].append(line)
    tiers = ladder()
    lowest = tiers[0].level if tiers else 0
    schemes = [_scheme(row, terms[row.pk], lowest, starts_on=on or row.starts_on) for row in rows]
    return TierBook(tiers, schemes)


def scheme_in_force(on: date) -> TierScheme | None:
    """The approved scheme of `on`; None before the first starts."""
    rows = TierScheme.objects.filter(state=SchemeState.APPROVED, starts_on__lte=on)
    return rows.order_by("-starts_on").first()


def milli_of(amount: Decimal | None) -> int | None:
    """Thousandths of so many credits: three decimals are all there are."""
    return None if amount is None else int(amount * 1000)


def _scheme(row: TierScheme, terms: Sequence[LevelTerms], lowest: int, *, starts_on: date) -> Scheme:
    return Scheme(
        version=row.version,
        starts_on=starts_on,
        is_calendar=row.window == TierWindow.CALENDAR,
        window_months=row.window_months,
        validity_months=row.validity_months,
        grace_days=row.grace_days,
        levels=tuple(
            Level(
                line.tier.level,
                milli_of(line.credits),
                milli_of(line.lifetime_credits),
                line.lifetime_years,
            )
            for line in terms
            if line.tier.level > lowest
        ),
    )
