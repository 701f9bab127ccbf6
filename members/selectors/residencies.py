"""Who is what at which venue: the roles in force at an instant, and all of a member's.

What hangs on a role (benefits, prices, parking) asks here and nowhere else: it begins and ends with the role.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import DateField, DateTimeField, ExpressionWrapper, F, Func, Q, QuerySet, Value

from members.models import Residency, ResidencyRole
from members.selectors.aliases import ids_of
from units.models import Venue


@dataclass(frozen=True, slots=True)
class RoleHeld:
    """A role in force: where, since when, and the first day without it (None: open)."""

    role: ResidencyRole
    venue: Venue
    starts_on: date
    ends_on: date | None
    residency_id: UUID


class _LocalDay(Func):
    """The calendar day of an instant in a time zone: `(at AT TIME ZONE zone)::date`."""

    template = "(%(expressions)s)::date"
    arg_joiner = " AT TIME ZONE "
    output_field = DateField()


def residencies_in_force(*, at: datetime) -> QuerySet[Residency]:
    """Every residency in force at `at`, by the day it is at its venue.

    Family is in force only while the owner's or tenant's is, an occupant while the company's account is.
    """
    today = _LocalDay(Value(at, DateTimeField()), F("venue__time_zone"))
    living = Residency.objects.annotate(today=ExpressionWrapper(today, DateField()))
    return living.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=F("today")),
        Q(principal__isnull=True)
        | Q(principal__withdrawn_at__isnull=True, principal__starts_on__lte=F("today"))
        & (Q(principal__ends_on__isnull=True) | Q(principal__ends_on__gt=F("today"))),
        Q(account__isnull=True)
        | Q(account__starts_on__lte=F("today"))
        & (Q(account__ends_on__isnull=True) | Q(account__ends_on__gt=F("today"))),
        withdrawn_at__isnull=True,
        starts_on__lte=F("today"),
    )


def roles_of(*, member_id: UUID, at: datetime) -> list[RoleHeld]:
    """What the member is at `at`, and where: by venue and role. Two queries.

    A merge leaves with the alias what says the same as the survivor's own: it counts as well.
    """
    found = residencies_in_force(at=at).filter(member_id__in=ids_of(member_id))
    rows = found.select_related("venue__unit", "principal", "account").order_by("venue__code", "role")
    return [
        RoleHeld(
            role=ResidencyRole(row.role),
            venue=row.venue,
            starts_on=row.starts_on,
            ends_on=effective_end(row),
            residency_id=row.pk,
        )
        for row in rows
    ]


def residencies_of(*, member_id: UUID) -> QuerySet[Residency]:
    """All of a member's that were not withdrawn, past ones too; unordered: the door orders its pages."""
    mine = Residency.objects.filter(member_id__in=ids_of(member_id), withdrawn_at__isnull=True)
    return mine.select_related("venue__unit", "principal", "account")


def effective_end(residency: Residency) -> date | None:
    """The first day without it: its own end, or the end of what it hangs on, if that is sooner."""
    ends = [residency.ends_on]
    if residency.principal is not None:
        withdrawn = residency.principal.withdrawn_at is not None
        ends.append(residency.starts_on if withdrawn else residency.principal.ends_on)
    if residency.account is not None:
        ends.append(residency.account.ends_on)
    return min((end for end in ends if end is not None), default=None)
