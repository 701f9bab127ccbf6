"""What a unit told beside an activity is forgotten; that it happened and for how much stays on the books."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from activities.models import Activity, TierGrant, WaitingRefund

# What stands where words were that have to be there.
SAID: Final = "—"
# Of what waits: the words beside its content.
_BARE: Final = {"attributes": {}, "reason": ""}


def forget_told(*, member_ids: Collection[UUID]) -> int:
    """Empty the columns that only told of the person, on all their activities. How many had any."""
    mine = Activity.objects.filter(member_id__in=member_ids)
    # A refund that came before its sale was kept as it was told.
    for unit_id in mine.order_by("unit_id").values_list("unit_id", flat=True).distinct():
        sales = mine.filter(unit_id=unit_id).values("source_ref")
        _forget_waiting(WaitingRefund.objects.filter(unit_id=unit_id, refund_of__in=sales))
    _forget_waiting(WaitingRefund.objects.filter(member_id__in=member_ids))
    # Why somebody was raised by hand: that there was a reason stays.
    given = TierGrant.objects.filter(member_id__in=member_ids)
    given.update(reason=SAID)
    given.exclude(end_reason="").update(end_reason=SAID)
    return mine.filter(~Q(attributes={}) | ~Q(reason="")).update(attributes={}, reason="")


def _forget_waiting(refunds: QuerySet[WaitingRefund]) -> None:
    """What it needs to settle one day stays: amounts, items, dates."""
    for refund in refunds:
        refund.told = {**refund.told, **{name: bare for name, bare in _BARE.items() if name in refund.told}}
        refund.refusal = ""
        refund.save(update_fields=["told", "refusal"])
