"""Residencies as a fee system or a desk tells them: by its own reference, as often as it likes.

A reference stands for one role of one member at one venue. Told again, its dates may have moved; nothing
else may.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from common import outbox
from common.errors import DomainError, InvalidRequest, NotFound
from common.sql import retrying, sqlstate
from members.models import CorporateAccount, Member, Residency, ResidencyRole
from members.selectors.aliases import survivor_of
from members.services.corporate import locked_account, refuse_without_seat
from units.models import Venue

RESIDENCY_CHANGED = "members.residency_changed"
_EXCLUDED = "23P01"


class PeriodMalformed(InvalidRequest):
    """The first day without the role lies after its first day."""

    code = "period_malformed"
    title = _("The end must lie after the start.")


class RoleNeedsMore(InvalidRequest):
    """Family names the owner's or tenant's residency, an occupant the company; nobody else names either."""

    code = "role_needs_more"
    title = _("Family names whose family it is, an occupant the company; other roles name neither.")


class ResidencyReferenceReused(DomainError):
    """The reference stands for another member, role, family or company."""

    code = "reference_reused"
    title = _("This reference stands for another residency.")


class RoleOverlaps(DomainError):
    """The member has this role at this venue on some of these days already, under another reference."""

    code = "residency_overlaps"
    title = _("The member has this role here already, on some of these days.")


@dataclass(frozen=True, slots=True)
class Told:
    """A residency as its source describes it. `family_of`: the reference of the owner's or tenant's."""

    source_ref: str
    role: ResidencyRole
    starts_on: date
    ends_on: date | None = None
    family_of: str | None = None
    company: str | None = None


def record_residency(
    *, venue: Venue, member: Member, told: Told, by: str, at: datetime
) -> tuple[Residency, bool]:
    """Record what `member` is at `venue`, or move the dates of what was recorded. Whether it is new.

    Safe to retry. Exact under races: a company's seats are counted under its account's lock, and the database
    refuses two overlapping periods of one role.

    :raises PeriodMalformed: it would end before it starts
    :raises RoleNeedsMore: family of nobody, an occupant of no company, or the like
    :raises NotFound: the venue knows no such residency to be family of, or no such company
    :raises ResidencyReferenceReused: the reference stands for somebody or something else
    :raises RoleOverlaps: another reference says the same for some of the days
    :raises SeatsTaken: the company has no seat left on some day
    """
    _refuse_malformed(told)
    mine = Residency.objects.filter(venue=venue, source_ref=told.source_ref, withdrawn_at__isnull=True)

    @transaction.atomic
    def record() -> tuple[Residency, bool]:
        account = None if told.company is None else locked_account(venue=venue, code=told.company)
        principal = None if told.family_of is None else _principal(venue, told.family_of)
        known = mine.select_for_update(no_key=True).first()
        if known is not None:
            _refuse_another(known, member, told, principal, account)
            if (known.starts_on, known.ends_on) == (told.starts_on, told.ends_on):
                return known, False
        if account is not None:
            refuse_without_seat(
                account=account,
                starts_on=told.starts_on,
                ends_on=told.ends_on,
                besides=None if known is None else known.pk,
            )
        if known is not None:
            known.starts_on, known.ends_on, known.changed_at = told.starts_on, told.ends_on, at
            known.save(update_fields=["starts_on", "ends_on", "changed_at"])
            outbox.publish(kind=RESIDENCY_CHANGED, subject=known.member_id, at=at)
            return known, False
        residency = Residency.objects.create(
            member=member,
            venue=venue,
            role=told.role,
            starts_on=told.starts_on,
            ends_on=told.ends_on,
            principal=principal,
            account=account,
            source_ref=told.source_ref,
            recorded_by=by,
            recorded_at=at,
            changed_at=at,
        )
        outbox.publish(kind=RESIDENCY_CHANGED, subject=member.pk, at=at)
        return residency, True

    try:
        return retrying(record)
    except IntegrityError as error:
        if sqlstate(error) != _EXCLUDED:
            raise
        refused = error
    # Of two who tell the same at once, the second breaks two constraints and hears of the one whose index was
    # made first; a restored database makes them in an order of its own.
    if mine.filter(starts_on=told.starts_on, ends_on=told.ends_on).exists():
        return retrying(record)
    raise RoleOverlaps from refused


@transaction.atomic
def withdraw_residency(*, residency_id: UUID, by: str, at: datetime) -> Residency:
    """Take back what was recorded by mistake: it never was. Family hanging on it is in force no more.

    Twice withdraws once. What merely ended is told with its end instead.
    """
    residency = Residency.objects.select_for_update(no_key=True).get(pk=residency_id)
    if residency.withdrawn_at is None:
        residency.withdrawn_at, residency.withdrawn_by = at, by
        residency.save(update_fields=["withdrawn_at", "withdrawn_by"])
        outbox.publish(kind=RESIDENCY_CHANGED, subject=residency.member_id, at=at)
    return residency


def _refuse_malformed(told: Told) -> None:
    if told.ends_on is not None and told.ends_on <= told.starts_on:
        raise PeriodMalformed(field="ends_on")
    if (told.role == ResidencyRole.FAMILY) is not (told.family_of is not None):
        raise RoleNeedsMore(field="family_of")
    if (told.role == ResidencyRole.OFFICE_OCCUPANT) is not (told.company is not None):
        raise RoleNeedsMore(field="company")


def _principal(venue: Venue, source_ref: str) -> Residency:
    found = Residency.objects.filter(
        venue=venue,
        source_ref=source_ref,
        withdrawn_at__isnull=True,
        role__in=[ResidencyRole.OWNER, ResidencyRole.TENANT],
    ).first()
    if found is None:
        raise NotFound(field="family_of")
    return found


def _refuse_another(
    known: Residency,
    member: Member,
    told: Told,
    principal: Residency | None,
    account: CorporateAccount | None,
) -> None:
    same = (
        survivor_of(known.member_id) == survivor_of(member.pk)
        and known.role == told.role
        and known.principal_id == (principal and principal.pk)
        and known.account_id == (account and account.pk)
    )
    if not same:
        raise ResidencyReferenceReused(source_ref=told.source_ref)
