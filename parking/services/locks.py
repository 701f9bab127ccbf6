"""What is locked, and in which order: a plate in a car park, the stay, the member (docs/locking.md)."""

from uuid import UUID

from django.db import connection

from members.models import Member
from parking.models import ParkingSession


def lock_plate(*, car_park_id: int, plate_index: bytes) -> None:
    """Passages of one plate in one car park are taken one after another, until the transaction ends."""
    assert connection.in_atomic_block, "a lock is held until the transaction ends"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"parking.plate:{car_park_id}:{plate_index.hex()}"],
        )


def lock_member(member_id: UUID) -> Member:
    """The member, their row locked: orders of a member are decided one after another, after the stay's lock.

    Caps, receipts and rights are read under it: whoever uses a right locks the same row.
    """
    return Member.objects.select_for_update(no_key=True).get(pk=member_id)


def locked_session(session_id: UUID) -> ParkingSession:
    """The stay, its row locked: orders of one stay are placed, paid and let go one after another."""
    rows = ParkingSession.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("car_park__venue", "car_park__unit", "member").get(pk=session_id)
