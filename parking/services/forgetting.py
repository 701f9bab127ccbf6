"""Plates are forgotten, of the erased and in time of strangers: their stays stay, and no plate leads to them.

The plate of a stay is replaced by a random stand-in, the same in its passages and orders, so that they still
belong together. A car that is inside has to get out: its stay goes on as a stranger's, whose plate it is.
"""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from common.sql import plain_array, retrying, rows
from parking.models import ParkingOrder, ParkingPass, ParkingSession, SessionState, Vehicle
from parking.services.locks import lock_plate

_INDEX_BYTES: Final = 32
_STAYS_A_CHUNK: Final = 200
# Nobody's, over, and with nothing about money left open: such an order may still need its plate.
_OVER: Final = """
    SELECT s.id, s.car_park_id, s.plate_index FROM parking_parkingsession s
    WHERE s.member_id IS NULL AND s.state <> 'inside' AND s.plate <> '' AND s.began_at < %(before)s
      AND coalesce(s.exited_at, s.began_at) < %(before)s
      AND NOT EXISTS (
        SELECT FROM parking_parkingorder o LEFT JOIN parking_payment p ON p.order_id = o.id
        WHERE o.session_id = s.id AND (o.state = 'placed' OR p.state IN ('asked', 'refund_due')))
"""


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
    _forget_plates(gone)
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


def forget_strangers(*, before: datetime) -> int:
    """Forget the plates of stays that are nobody's and were over `before` then. How many stays.

    An order that waits for money, or for a refund to arrive, is waited for. In chunks, each in a transaction
    of its own: safe to run twice, beside gates, or to be killed.
    """
    over, forgotten = f"{_OVER} ORDER BY s.began_at LIMIT {_STAYS_A_CHUNK}", 0
    while found := rows(over, {"before": before}):
        forgotten += retrying(partial(_forget_some, found, before))
    return forgotten


@transaction.atomic
def _forget_some(found: Sequence[tuple[UUID, int, memoryview]], before: datetime) -> int:
    """Under the locks of a gate: a passage told late must not write the plate back (docs/locking.md)."""
    for car_park_id, index in sorted({(car_park_id, bytes(index)) for _id, car_park_id, index in found}):
        lock_plate(car_park_id=car_park_id, plate_index=index)
    ids = plain_array(session_id for session_id, _car_park_id, _index in found)
    still = rows(
        _OVER + " AND s.id = ANY(%(ids)s::uuid[]) ORDER BY s.id FOR NO KEY UPDATE OF s",
        {"before": before, "ids": ids},
    )
    _forget_plates([session_id for session_id, _car_park_id, _index in still])
    return len(still)


def _forget_plates(session_ids: Sequence[UUID]) -> None:
    """The stay first: of a stranger's the database lets a passage take its stand-in, and no other."""
    stand_ins = [secrets.token_bytes(_INDEX_BYTES) for _ in session_ids]
    ids = plain_array(session_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE parking_parkingsession s SET plate = '', plate_index = n.stand_in"
            " FROM unnest(%s::uuid[], %s::bytea[]) AS n (id, stand_in) WHERE s.id = n.id",
            [ids, stand_ins],
        )
        cursor.execute(
            "UPDATE parking_passage p SET plate_index = s.plate_index FROM parking_parkingsession s"
            " WHERE p.session_id = s.id AND s.id = ANY(%s::uuid[])",
            [ids],
        )
        cursor.execute(
            "UPDATE parking_parkingorder o SET plate_index = s.plate_index, refund_reason = ''"
            " FROM parking_parkingsession s WHERE o.session_id = s.id AND s.id = ANY(%s::uuid[])",
            [ids],
        )


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
