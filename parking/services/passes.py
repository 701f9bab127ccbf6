"""Monthly passes: for those who live or work at the venue, and no longer than they do."""

from datetime import date, datetime
from typing import Final

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, InvalidRequest
from members.models import Identity, IdentityKind, Member, Residency, ResidencyRole
from members.rules.plate import normal_plate
from members.selectors.aliases import ids_of
from members.selectors.residencies import residencies_in_force
from parking.models import CarPark, ParkingPass
from parking.selectors.plates import plate_index_of
from points.services.periods import overlaps_refused

# Guests come and go: their parking is a benefit of their stay.
ROLES: Final = (
    ResidencyRole.OWNER, ResidencyRole.TENANT, ResidencyRole.FAMILY, ResidencyRole.OFFICE_OCCUPANT,
)  # fmt: skip


class NoResidencyHere(DomainError):
    """A pass is for who lives or works at the car park's venue."""

    code = "no_residency_here"
    title = _("This member neither lives nor works at this venue.")


class NotTheirPlate(DomainError):
    """A pass is for a plate that the member has bound."""

    code = "not_their_plate"
    title = _("This plate is not bound to this member.")


class PassUpsideDown(InvalidRequest):
    """A pass has a day at least."""

    code = "pass_upside_down"
    title = _("A pass ends after its first day.")


def issue_pass(
    *,
    car_park: CarPark,
    member: Member,
    plate: str,
    starts_on: date,
    ends_on: date,
    source_ref: str,
    by: str,
    at: datetime,
) -> ParkingPass:
    """Let the member's `plate` park without a fee on the days `[starts_on, ends_on)`, while they live or
    work there.

    :raises BadPlate: nobody gives out such a plate
    :raises NotTheirPlate: the member has not bound it
    :raises NoResidencyHere: no role of theirs at the venue is in force
    :raises PassUpsideDown: it would have no day
    :raises PeriodOverlaps: the plate has a pass for some of these days
    """
    if ends_on <= starts_on:
        raise PassUpsideDown(field="ends_on")
    index = plate_index_of(normal_plate(plate))
    own = Identity.objects.filter(kind=IdentityKind.PLATE, blind_index=index, is_active=True)
    vehicle = own.filter(member_id=member.pk).first()
    if vehicle is None:
        raise NotTheirPlate
    with overlaps_refused("one_pass_a_plate_at_a_time"):
        return ParkingPass.objects.create(
            car_park=car_park,
            member=member,
            residency=_residency(member, car_park, at),
            vehicle=vehicle,
            starts_on=starts_on,
            ends_on=ends_on,
            source_ref=source_ref,
            issued_at=at,
            issued_by=by,
        )


def end_pass(*, parking_pass: ParkingPass, ends_on: date, by: str) -> ParkingPass:
    """Let a pass end sooner: `ends_on` is the first day without it.

    :raises PassUpsideDown: before its start, or later than it ends anyway
    """
    if not parking_pass.starts_on <= ends_on <= parking_pass.ends_on:
        raise PassUpsideDown(field="ends_on")
    parking_pass.ends_on, parking_pass.ended_by = ends_on, by
    parking_pass.save(update_fields=["ends_on", "ended_by"])
    return parking_pass


def _residency(member: Member, car_park: CarPark, at: datetime) -> Residency:
    """The role at the venue that lasts longest."""
    roles = residencies_in_force(at=at).filter(
        member_id__in=ids_of(member.pk), venue_id=car_park.venue_id, role__in=ROLES
    )
    found = list(roles.order_by("pk"))
    if not found:
        raise NoResidencyHere
    return max(found, key=lambda one: one.ends_on or date.max)
