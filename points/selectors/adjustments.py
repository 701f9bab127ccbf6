"""What a person may adjust alone, what of the day's limit is left, and what a request would do."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Max, Sum
from django.db.models.functions import Abs

from points.models import AdjustmentLimit, AdjustmentRequest, Lot, Program, Wallet
from points.rules.expiry import start_of_day


@dataclass(frozen=True, slots=True)
class Limits:
    """Points without their sign: what one person may adjust alone, a request and a day; and may approve."""

    alone: int
    alone_day: int
    approve: int


@dataclass(frozen=True, slots=True)
class Effect:
    """The wallet before and after; the cost (what is given, or released) in the program's currency.

    `short` points could not be taken: less is spendable.
    """

    before: int
    after: int
    cost: Decimal
    currency: str
    short: int


def limits_of(operator: User) -> Limits:
    """The largest limits of the operator's groups; 0 where no group has any. A superuser is no exception."""
    largest = AdjustmentLimit.objects.filter(group__user=operator).aggregate(
        alone=Max("alone_max"), alone_day=Max("alone_day_max"), approve=Max("approve_max")
    )
    return Limits(**{name: points or 0 for name, points in largest.items()})


def posted_alone_today(operator: User, *, at: datetime) -> int:
    """Points, given or taken, that `operator` posted without a second person in the local day of `at`.

    The day is the group's own (TIME_ZONE), whatever program or venue the points belong to.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    since = start_of_day(at.astimezone(zone).date(), zone)
    alone = AdjustmentRequest.objects.posted_alone().filter(asked_by=operator, decided_at__gte=since)
    return int(alone.aggregate(total=Sum(Abs("points")))["total"] or 0)


def effect_of(*, member_id: UUID, program: Program, points: int, at: datetime) -> Effect:
    """What adjusting by `points` at `at` would do. What is taken costs what its lots cost, in their order.

    A look, not a promise: what is spendable may change before the adjustment is posted.
    """
    wallet = Wallet.objects.filter(member_id=member_id, program=program).first()
    before = wallet.balance if wallet else 0
    if points > 0:
        return Effect(before, before + points, points * program.unit_cost, program.currency, 0)
    left, cost = -points, Decimal(0)
    for lot in _spendable(wallet, at):
        taken = min(left, lot.remaining - lot.held)
        left, cost = left - taken, cost - taken * lot.unit_cost
        if not left:
            break
    return Effect(before, before + points, cost, program.currency, left)


def _spendable(wallet: Wallet | None, at: datetime) -> list[Lot]:
    """The lots that could be drawn on, in spending order."""
    if wallet is None:
        return []
    alive = Lot.objects.filter(wallet=wallet, is_open=True, available_at__lte=at, expires_at__gt=at)
    return list(alive.order_by("expires_at", "earned_at", "id"))
