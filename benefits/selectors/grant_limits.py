"""What a person may give by hand, by its worth, and what of the day's limit is used."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Max, Sum

from benefits.models import GrantLimit, GrantRequest, GrantRequestState
from benefits.selectors.places import group_zone
from points.rules.expiry import start_of_day


@dataclass(frozen=True, slots=True)
class WorthLimits:
    """In the group's currency: what one person may give alone, a request and a day; and may approve."""

    alone: Decimal
    alone_day: Decimal
    approve: Decimal


def grant_limits_of(operator: User) -> WorthLimits:
    """The largest limits of the operator's groups; 0 where no group has any. A superuser is no exception."""
    largest = GrantLimit.objects.filter(group__user=operator).aggregate(
        alone=Max("alone_max"), alone_day=Max("alone_day_max"), approve=Max("approve_max")
    )
    return WorthLimits(**{name: worth or Decimal(0) for name, worth in largest.items()})


def granted_alone_today(operator: User, *, at: datetime) -> Decimal:
    """The worth of what `operator` gave without a second person in the group's day of `at`."""
    zone = group_zone()
    since = start_of_day(at.astimezone(zone).date(), zone)
    alone = GrantRequest.objects.filter(
        state=GrantRequestState.GRANTED, decided_by=None, asked_by=operator, decided_at__gte=since
    )
    return alone.aggregate(worth=Sum("value"))["worth"] or Decimal(0)
