"""The catalogue, who may order from it, and orders as doors read them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Prefetch, Q, QuerySet, Sum

from benefits.models import LimitPeriod, OrderState, Reward, RewardOrder, RewardOrderEvent, Stock
from benefits.reward_refusals import OrderNotFound, OutletNeeded, RewardNotFound
from benefits.rules.offering import Offer, WhyNot, period_start, why_not
from members.models import Member
from members.selectors.aliases import ids_of
from members.selectors.residencies import roles_of
from members.selectors.tiers import tier_of
from units.models import BusinessUnit, Outlet

# What was ordered and not given up.
STANDING = (OrderState.PLACED, OrderState.FULFILLED)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member is when rewards ask: their tier's code and the roles they have somewhere."""

    tier_code: str | None
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class HonouredReward:
    """A line for settlement: what was handed over, or came back (negative), whose, where, at what."""

    event_id: UUID
    order_id: UUID
    provider_id: int
    honoured_by_id: int
    points: int
    money: Decimal
    cost: Decimal
    currency: str
    hold_id: UUID
    at: datetime


def catalogue(*, at: datetime) -> QuerySet[Reward]:
    """What is offered at `at`, with its stocks and tiers at hand; unordered: the door orders its pages."""
    offered = Reward.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at), is_active=True, starts_at__lte=at)
    stocks = Stock.objects.select_related("outlet__unit", "outlet__venue").order_by("id")
    return offered.select_related("provider", "program").prefetch_related(Prefetch("stocks", stocks), "tiers")


def offered_reward(*, code: str) -> Reward:
    """The active reward of this code.

    :raises RewardNotFound: there is none
    """
    found = Reward.objects.select_related("program", "provider", "batch") if "\x00" not in code else None
    reward = None if found is None else found.filter(code=code, is_active=True).first()
    if reward is None:
        raise RewardNotFound
    return reward


def standing_of(*, member_ids: Sequence[UUID], at: datetime) -> Standing:
    """The person's tier and roles; the first id is the one they go on as."""
    tier = tier_of(member_ids[0])
    roles = {str(held.role) for pk in member_ids for held in roles_of(member_id=pk, at=at)}
    return Standing(None if tier is None else tier.code, frozenset(roles))


def offer_of(reward: Reward) -> Offer:
    """A reward's offer as the rules read it."""
    return Offer(
        is_active=reward.is_active,
        starts_at=reward.starts_at,
        ends_at=reward.ends_at,
        tier_codes=frozenset(tier.code for tier in reward.tiers.all()),
        roles=frozenset(reward.roles),
    )


def why_not_for(reward: Reward, standing: Standing, *, at: datetime) -> WhyNot | None:
    """Why a member of this standing may not order it; None: they may."""
    return why_not(offer_of(reward), tier_code=standing.tier_code, roles=standing.roles, at=at)


def pieces_ordered(*, reward: Reward) -> int:
    """How many pieces were ordered in all and not given up."""
    return _pieces(RewardOrder.objects.filter(reward=reward))


def pieces_of_member(*, reward: Reward, member_ids: Collection[UUID], at: datetime) -> int:
    """How many the person has ordered in the time in which the reward's limit counts at `at`."""
    mine = RewardOrder.objects.filter(reward=reward, member_id__in=member_ids)
    since = period_start(LimitPeriod(reward.limit_period), at=at, time_zone=reward.program.time_zone)
    return _pieces(mine if since is None else mine.filter(placed_at__gte=since))


def orders_of(*, member: Member) -> QuerySet[RewardOrder]:
    """All of a person's orders; unordered: the door orders its pages."""
    return _orders().filter(member_id__in=ids_of(member.pk))


def order_of(*, member: Member, order_id: UUID) -> RewardOrder:
    """One of a person's.

    :raises OrderNotFound: there is none, or it is somebody else's
    """
    found = orders_of(member=member).filter(pk=order_id).first()
    if found is None:
        raise OrderNotFound
    return found


def order_at(*, units: Iterable[BusinessUnit], order_id: UUID) -> RewardOrder:
    """An order that one of `units` hands over.

    :raises OrderNotFound: there is none
    """
    found = _orders().filter(unit__in=[unit.pk for unit in units], pk=order_id).first()
    if found is None:
        raise OrderNotFound
    return found


def honoured_rewards(*, recorded_from: datetime, recorded_before: datetime) -> Iterable[HonouredReward]:
    """What was handed over and refunded in a time: rows that never change.

    The points are settled by the ledger's draws of the hold's redemption; the goods are the provider's.
    """
    rows = RewardOrderEvent.objects.filter(
        kind__in=["fulfilled", "refunded"], at__gte=recorded_from, at__lt=recorded_before
    )
    for row in rows.select_related("order__reward").order_by("id").iterator():
        order, sign = row.order, 1 if row.kind == "fulfilled" else -1
        yield HonouredReward(
            event_id=row.pk,
            order_id=order.pk,
            provider_id=order.reward.provider_id,
            honoured_by_id=order.unit_id,
            points=sign * order.points,
            money=sign * order.money,
            cost=sign * order.cost,
            currency=order.currency,
            hold_id=order.hold_id,
            at=row.at,
        )


def left_in(stock: Stock) -> int:
    """Pieces that nobody has reserved."""
    return stock.on_hand - stock.reserved


def stocks_with_some(reward: Reward) -> QuerySet[Stock]:
    """Where there is a piece left."""
    return Stock.objects.filter(reward=reward, on_hand__gt=F("reserved")).select_related("outlet__unit")


def _orders() -> QuerySet[RewardOrder]:
    return RewardOrder.objects.select_related("member", "reward", "program", "unit", "outlet")


def _pieces(orders: QuerySet[RewardOrder]) -> int:
    return int(orders.filter(state__in=STANDING).aggregate(pieces=Sum("quantity"))["pieces"] or 0)


def shelf_named(reward: Reward, *, unit: str | None, outlet: str | None) -> Outlet | None:
    """The outlet of this code that has the reward; None where none is named.

    :raises OutletNeeded: no outlet of this code has it, or those of several units do and no unit is named
    """
    if outlet is None:
        return None
    shelves = Stock.objects.filter(reward=reward, outlet__code=outlet).select_related("outlet__unit")
    if unit is not None:
        shelves = shelves.filter(outlet__unit__code=unit)
    found = [stock.outlet for stock in shelves if stock.outlet is not None]
    if len(found) != 1:
        codes = Stock.objects.filter(reward=reward, outlet__isnull=False).order_by("id")
        raise OutletNeeded(field="outlet", outlets=list(codes.values_list("outlet__code", flat=True)))
    return found[0]
