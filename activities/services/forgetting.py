"""What a unit told beside an activity is forgotten; that it happened and for how much stays on the books."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from activities.models import Activity, WaitingRefund


def forget_told(*, member_ids: Collection[UUID]) -> int:
    """Empty the columns that only told of the person, on all their activities. How many had any."""
    mine = Activity.objects.filter(member_id__in=member_ids)
    # A refund that came before its sale was kept as it was told.
    for unit_id in mine.order_by("unit_id").values_list("unit_id", flat=True).distinct():
        sales = mine.filter(unit_id=unit_id).values("source_ref")
        WaitingRefund.objects.filter(unit_id=unit_id, refund_of__in=sales).update(told={})
    return mine.filter(~Q(attributes={}) | ~Q(reason="")).update(attributes={}, reason="")
