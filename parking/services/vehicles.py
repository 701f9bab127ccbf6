"""A member's cars: plates are identities; what may be used at the barrier is chosen for each."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from common.errors import NotFound
from members.models import Identity, IdentityKind, Member
from members.services.identities import award_plate, claim_plate, unbind_identity
from parking.models import AutoPay, Vehicle


@transaction.atomic
def bind_vehicle(*, member: Member, plate: str, auto_pay: AutoPay | None, by: str, at: datetime) -> Identity:
    """Bind a plate, and choose what may be used without asking (None: as it was). Again changes the choice.

    :raises BadPlate, PlateOfAnother, TooManyIdentities, MemberSuspended: see `claim_plate`
    """
    identity = claim_plate(member=member, plate=plate, by=by, at=at)
    chosen = {} if auto_pay is None else {"auto_pay": auto_pay}
    Vehicle.objects.update_or_create(identity=identity, defaults=chosen)
    return Identity.objects.select_related("vehicle").get(pk=identity.pk)


@transaction.atomic
def unbind_vehicle(*, member: Member, key: UUID, by: str, at: datetime) -> None:
    """Let go of a plate: what stands in a car park under it stays whose it was.

    :raises NotFound: the member has no such plate
    """
    mine = Identity.objects.filter(member=member, key=key, kind=IdentityKind.PLATE, is_active=True)
    if not mine.exists():
        raise NotFound
    unbind_identity(member=member, key=key, by=by, at=at)


@transaction.atomic
def award_vehicle(*, member: Member, plate: str, reason: str, by: str, at: datetime) -> Identity:
    """Give a plate to whoever showed its vehicle licence; who had it loses it, with a trace.

    :raises BadPlate, TooManyIdentities, MemberSuspended: see `award_plate`
    """
    identity = award_plate(member=member, plate=plate, reason=reason, by=by, at=at)
    Vehicle.objects.get_or_create(identity=identity)
    return identity
