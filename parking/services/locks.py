"""What is locked, and in which order: a plate in a car park, the stay, the member (docs/locking.md)."""

from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from members.models import Member
from parking.models import CarPark, ParkingSession, SessionState

# What no decision asks of a member, and costs a key and a cipher each.
SEALED: Final = ("name", "address")


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
    return Member.objects.select_for_update(no_key=True).defer(*SEALED).get(pk=member_id)


def lock_person(member: Member) -> Member:
    """As `lock_member`, of the member under whom the person goes on: a stay may be older than their merge."""
    person = lock_member(member.merged_into_id or member.pk)
    while person.merged_into_id is not None:
        person = lock_member(person.merged_into_id)
    return person


def locked_session(session_id: UUID) -> ParkingSession:
    """The stay, its row locked: orders of one stay are placed, paid and let go one after another."""
    return _locked().select_related("car_park__venue", "car_park__unit", "member").get(pk=session_id)


def locked_inside(*, car_park: CarPark, plate_index: bytes) -> ParkingSession | None:
    """The stay of a plate that is inside, its row locked; None: none is on record. Under the plate's lock."""
    rows = _locked().select_related("member")
    found = rows.filter(car_park=car_park, plate_index=plate_index, state=SessionState.INSIDE).first()
    if found is not None:
        found.car_park = car_park
    return found


def _locked() -> QuerySet[ParkingSession]:
    rows = ParkingSession.objects.select_for_update(no_key=True, of=("self",))
    return rows.defer(*(f"member__{name}" for name in SEALED))
