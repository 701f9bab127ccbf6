"""A person's plates are forgotten: their stays stay, for the books, and no plate leads to them.

The plate of a stay is replaced by a random stand-in, the same in its passages and orders, so that they still
belong together. A car that is inside has to get out: its stay goes on as a stranger's, whose plate it is.
"""

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from parking.models import ParkingOrder, ParkingPass, ParkingSession, Passage, SessionState, Vehicle

_INDEX_BYTES: Final = 32


def lock_stays(*, member_ids: Collection[UUID]) -> None:
    """The members' stays, their rows locked by id: a stay comes before its member (docs/locking.md)."""
    rows = ParkingSession.objects.select_for_update(no_key=True).filter(member_id__in=member_ids)
    list(rows.order_by("pk").values_list("pk"))


def forget_parking(*, member_ids: Collection[UUID], by: str, at: datetime) -> dict[str, int]:
    """Forget the plates of these members' stays, end their passes, drop what they chose. Rows, by kind.

    Inside the caller's transaction, under `lock_stays`, after the members' keys were destroyed: only then
    the database lets a passage's plate go (parking/sql/passages_v2.sql).
    """
    assert connection.in_atomic_block, "an erasure is whole or not at all"
    mine = ParkingSession.objects.filter(member_id__in=member_ids)
    strangers = mine.filter(state=SessionState.INSIDE).update(member=None)
    gone = list(mine.order_by("pk").values_list("pk", flat=True))
    for session_id in gone:
        _forget_plate(session_id)
    ParkingOrder.objects.filter(member_id__in=member_ids).exclude(refund_reason="").update(refund_reason="")
    # An order of a stay that is a stranger's now, or was another's.
    for order in ParkingOrder.objects.filter(member_id__in=member_ids).exclude(session_id__in=gone):
        order.plate_index = secrets.token_bytes(_INDEX_BYTES)
        order.save(update_fields=["plate_index"])
    return {
        "stays": len(gone),
        "stays_inside": strangers,
        "passes": _end_passes(member_ids, by, at),
        "vehicles": Vehicle.objects.filter(identity__member_id__in=member_ids).delete()[0],
    }


def _forget_plate(session_id: UUID) -> None:
    stand_in = secrets.token_bytes(_INDEX_BYTES)
    told: dict[str, Any] = {"plate_index": stand_in}
    Passage.objects.filter(session_id=session_id).update(**told)
    ParkingOrder.objects.filter(session_id=session_id).update(refund_reason="", **told)
    ParkingSession.objects.filter(pk=session_id).update(plate="", **told)


def _end_passes(member_ids: Collection[UUID], by: str, at: datetime) -> int:
    """A pass that has not ended ends today; one that has not begun never does."""
    ended = 0
    for one in ParkingPass.objects.filter(member_id__in=member_ids).select_related("car_park__venue"):
        today = at.astimezone(ZoneInfo(one.car_park.venue.time_zone)).date()
        if one.ends_on <= today:
            continue
        one.ends_on, one.ended_by = max(one.starts_on, today), by
        one.save(update_fields=["ends_on", "ended_by"])
        ended += 1
    return ended
