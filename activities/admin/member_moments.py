"""What members did, at the head of their page and on its line of time."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from activities.models import Activity, ActivityKind
from members.admin.tiles import Tile, member_tile
from members.admin.timeline import Moment, moment_source
from members.models import Member
from members.selectors.aliases import ids_of
from units.models import Sector

_YEAR: Final = timedelta(days=365)
_ICONS: Final = {
    ActivityKind.PURCHASE: "shopping_bag",
    ActivityKind.STAY: "hotel",
    ActivityKind.FEE: "receipt_long",
    ActivityKind.RENT: "home_work",
    ActivityKind.EVENT: "celebration",
    ActivityKind.REFUND: "assignment_return",
}


@member_tile(place=30)
def activity_tiles(member: Member, at: datetime) -> Iterable[Tile]:
    """How often in a year, and in which sectors: who comes to several is what the group is for."""
    year = Activity.objects.filter(member__in=ids_of(member.pk), occurred_at__gte=at - _YEAR)
    by_sector = year.exclude(kind=ActivityKind.REFUND).values_list("unit__sector").annotate(Count("pk"))
    counts = dict(by_sector.order_by("unit__sector"))
    names = ", ".join(f"{Sector(sector).label} {count}" for sector, count in counts.items())
    yield Tile(_("Activities in a year"), sum(counts.values()), names or "—")


@moment_source
def activities(ids: Sequence[UUID], count: int) -> Iterable[Moment]:
    """Purchases, stays, fees, refunds."""
    found = Activity.objects.filter(member__in=ids).select_related("unit", "outlet")
    for one in found.order_by("-occurred_at", "-id")[:count]:
        yield Moment(
            at=one.occurred_at,
            icon=_ICONS.get(ActivityKind(one.kind), "shopping_bag"),
            words=f"{one.get_kind_display()} · {one.unit.name}",
            detail=str(one.outlet or one.category or one.source_ref),
            sector=one.unit.sector,
            figure=f"{number_format(one.amount, 2, force_grouping=True)} {one.currency}",
        )
