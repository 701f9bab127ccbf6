"""Whose a plate is, and what they chose for it."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from members.models import Identity, IdentityKind
from members.vault import blind_index
from parking.models import AutoPay


@dataclass(frozen=True, slots=True)
class Holder:
    """The member who has bound a plate, and what may be used at the barrier without asking."""

    member_id: UUID
    auto_pay: AutoPay


def plate_index_of(plate: str) -> bytes:
    """The key by which a normal plate is found."""
    return blind_index(IdentityKind.PLATE, plate)


def holder_of(plate_index: bytes) -> Holder | None:
    """Who has bound the plate; None: nobody."""
    found = Identity.objects.filter(kind=IdentityKind.PLATE, blind_index=plate_index, is_active=True)
    row = found.values_list("member_id", "member__merged_into_id", "vehicle__auto_pay").first()
    if row is None:
        return None
    member_id, merged_into, auto_pay = row
    return Holder(merged_into or member_id, AutoPay(auto_pay or AutoPay.FREE))


def vehicles_of(*, member_id: UUID) -> QuerySet[Identity]:
    """The member's plates, unordered: the list's door orders its pages."""
    mine = Identity.objects.filter(member_id=member_id, kind=IdentityKind.PLATE, is_active=True)
    return mine.select_related("vehicle")
