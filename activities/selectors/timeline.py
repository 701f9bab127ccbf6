"""What a person did, as they see it: under all the ids that they ever had."""

from uuid import UUID

from django.db.models import QuerySet

from activities.models import Activity
from members.selectors.aliases import ids_of

NEWEST_FIRST = ("-occurred_at", "-id")


def timeline_of(member_id: UUID) -> QuerySet[Activity]:
    """The person's activities and refunds, unordered: the list's door orders its pages."""
    return Activity.objects.filter(member_id__in=ids_of(member_id)).select_related("unit", "outlet")
