"""Give so much of a benefit to one member, take it back, and book what nobody used of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from benefits.models import (
    Benefit,
    EntitlementGrant,
    GrantCause,
    GrantEnd,
    GrantEnding,
    PeriodZone,
    QuotaPeriod,
    Sharing,
)
from benefits.refusals import AmountOutOfRange, GrantEnded
from benefits.rules.quota import BEGINNING
from benefits.selectors.taken import taken_of
from benefits.services.entries import amount_fits, lock_people
from common.sql import retrying
from members.models import MemberStatus
from members.selectors.aliases import survivor_of
from points.refusals import InstantOutOfRange, MemberNotActive, ReferenceReused, UnitNotActive
from points.rules.bounds import refuse_odd_end, refuse_odd_instants, refuse_odd_reference
from units.models import BusinessUnit

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """How much, how often anew, by whose midnight, for whom, from when to when."""

    amount: Decimal
    starts_at: datetime
    ends_at: datetime | None
    period: QuotaPeriod = QuotaPeriod.TOTAL
    zone: PeriodZone = PeriodZone.GROUP
    sharing: Sharing = Sharing.OWN


@dataclass(frozen=True, slots=True)
class Granted:
    """The grant, and whether an earlier call with the same reference had written it."""

    grant: EntitlementGrant
    is_replay: bool


def grant_right(
    *,
    member_id: UUID,
    benefit: Benefit,
    terms: GrantTerms,
    cause: GrantCause,
    unit: BusinessUnit,
    source_ref: str,
    by: str,
    at: datetime,
) -> Granted:
    """Give a member a right of their own. Safe to retry: `source_ref` of the unit gives once.

    :raises MemberNotActive, UnitNotActive: one takes no part at present
    :raises AmountOutOfRange: no amount of this benefit
    :raises InstantOutOfRange: it would end before it starts, or now
    :raises ReferenceReused: the reference stands for another grant
    """
    refuse_odd_instants(at=at, starts_at=terms.starts_at)
    refuse_odd_end(terms.ends_at)
    refuse_odd_reference(source_ref)
    if not amount_fits(terms.amount, benefit.kind.measure):
        raise AmountOutOfRange(field="amount")
    if terms.ends_at is not None and terms.ends_at <= max(terms.starts_at, at):
        raise InstantOutOfRange(instant="ends_at")

    def give() -> Granted:
        with transaction.atomic():
            member = lock_people({member_id})[member_id]
            given = {
                "member_id": member_id,
                "benefit": benefit,
                "amount": terms.amount,
                "period": terms.period,
                "zone": terms.zone,
                "sharing": terms.sharing,
                "starts_at": terms.starts_at,
                "ends_at": terms.ends_at,
                "cause": cause,
            }
            earlier = EntitlementGrant.objects.filter(unit=unit, source_ref=source_ref).first()
            if earlier is not None:
                if any(getattr(earlier, name) != value for name, value in given.items()):
                    raise ReferenceReused(source_ref=source_ref)
                return Granted(earlier, is_replay=True)
            if member.status != MemberStatus.ACTIVE:
                raise MemberNotActive(member=member.number, member_status=member.status)
            if not unit.is_active:
                raise UnitNotActive(unit=unit.code)
            grant = EntitlementGrant.objects.create(
                **given, unit=unit, source_ref=source_ref, granted_by=by, granted_at=at
            )
            return Granted(grant, is_replay=False)

    return retrying(give)


def withdraw_grant(*, grant: EntitlementGrant, reason: str, by: str, at: datetime) -> GrantEnd:
    """End a grant: a purchase was refunded, or it was given by mistake. What was used of it stays used.

    :raises GrantEnded: it has expired or was withdrawn
    """
    with transaction.atomic():
        lock_people({survivor_of(grant.member_id)})
        if GrantEnd.objects.filter(grant=grant).exists() or (
            grant.ends_at is not None and grant.ends_at <= at
        ):
            raise GrantEnded
        return _end(grant, GrantEnding.WITHDRAWN, reason=reason, by=by, at=at)


def expire_grants(*, by: str, at: datetime) -> int:
    """Book the end of every grant whose time is over, and what is left of it. Returns how many.

    A grant is over at its instant whether or not this has run. Safe to run twice, at once, or to be killed.
    """
    booked = 0
    while True:
        with transaction.atomic():
            due = EntitlementGrant.objects.filter(ends_at__lte=at, end__isnull=True).order_by("ends_at", "pk")
            # Grants are never updated, so locking them keeps nobody waiting but another run of this.
            chunk = list(due.values_list("pk", flat=True)[:_CHUNK])
            for grant in EntitlementGrant.objects.filter(pk__in=chunk).order_by("pk"):
                people = lock_people({survivor_of(grant.member_id)})
                assert people, "a grant is somebody's"
                if not GrantEnd.objects.filter(grant=grant).exists():
                    _end(grant, GrantEnding.EXPIRED, reason="", by=by, at=at)
                    booked += 1
        if len(chunk) < _CHUNK:
            return booked


def _end(grant: EntitlementGrant, ending: GrantEnding, *, reason: str, by: str, at: datetime) -> GrantEnd:
    left = None
    if grant.period == QuotaPeriod.TOTAL:
        taken = taken_of([(grant.pk, BEGINNING)], at=at)[grant.pk, BEGINNING]
        left = max(Decimal(0), grant.amount - taken)
    return GrantEnd.objects.create(
        grant=grant, ending=ending, left=left, reason=reason, ended_by=by, ended_at=at
    )
