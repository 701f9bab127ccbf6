"""What was used of entitlements: one usage by its id, and a member's own, newest first."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from benefits.models import EntitlementEntry, EntryKind
from members.selectors.aliases import ids_of
from points.refusals import NotReversible


def usage_at_units(*, usage_id: UUID, right_id: UUID, unit_ids: Collection[int]) -> EntitlementEntry:
    """The usage of that right at one of the units.

    :raises NotReversible: there is none: elsewhere, or of another right, looks alike
    """
    found = EntitlementEntry.objects.filter(
        pk=usage_id, entitlement=right_id, unit__in=unit_ids, kind=EntryKind.USE
    ).first()
    if found is None:
        raise NotReversible
    return found


def entries_of(*, member_id: UUID) -> QuerySet[EntitlementEntry]:
    """All entries that the member caused or whose right was theirs, under any of their ids; newest first."""
    ids = ids_of(member_id)
    mine = EntitlementEntry.objects.filter(Q(member__in=ids) | Q(holder__in=ids))
    rows = mine.select_related("version__benefit__kind", "unit", "provider", "rule", "grant", "outlet")
    return rows.order_by("-at", "-id")
