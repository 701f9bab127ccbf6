"""Stays as members and gates see them: whose they are, and those that a plate bound now may claim."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from common.errors import NotFound
from members.models import Identity, IdentityKind
from members.selectors.aliases import ids_of
from parking.models import ParkingOrder, ParkingSession, SessionState


def sessions_of(*, member_id: UUID) -> QuerySet[ParkingSession]:
    """The member's stays, and open ones of nobody's under a plate of theirs; unordered: the door orders its
    pages.
    """
    plates = Identity.objects.filter(member_id=member_id, kind=IdentityKind.PLATE, is_active=True)
    indexes = [bytes(index) for index in plates.values_list("blind_index", flat=True)]
    mine = Q(member_id__in=ids_of(member_id))
    claimable = Q(member__isnull=True, state=SessionState.INSIDE, plate_index__in=indexes)
    rows = ParkingSession.objects.exclude(state=SessionState.VOID).filter(mine | claimable)
    return rows.select_related("car_park__venue", "car_park__unit")


def session_of(*, member_id: UUID, session_id: UUID) -> ParkingSession:
    """One of the member's stays.

    :raises NotFound: there is none, or it is not theirs
    """
    found = sessions_of(member_id=member_id).filter(pk=session_id).first()
    if found is None:
        raise NotFound
    return found


def session_at(*, unit_ids: Collection[int], session_id: UUID) -> ParkingSession:
    """A stay in a car park of one of these units.

    :raises NotFound: there is none
    """
    rows = ParkingSession.objects.filter(car_park__unit_id__in=unit_ids, pk=session_id)
    found = rows.select_related("car_park__venue", "car_park__unit", "member").first()
    if found is None:
        raise NotFound
    return found


def orders_of(session: ParkingSession) -> list[ParkingOrder]:
    """The stay's orders with their parts and payments, oldest first."""
    rows = ParkingOrder.objects.filter(session=session).prefetch_related("parts", "payments")
    return list(rows.order_by("placed_at", "pk"))


def order_of(*, member_id: UUID, order_id: UUID) -> ParkingOrder:
    """One of the member's orders.

    :raises NotFound: there is none, or it is not theirs
    """
    rows = ParkingOrder.objects.filter(member_id__in=ids_of(member_id), pk=order_id)
    found = rows.prefetch_related("parts", "payments").select_related("session__car_park__unit").first()
    if found is None:
        raise NotFound
    return found
