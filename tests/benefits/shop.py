"""A shop to test with: rewards on a shelf, members with points, orders."""

from datetime import timedelta
from itertools import count

from benefits.models import Reward, RewardOrder, Stock
from benefits.services.reward_orders import place_order
from benefits.services.stock import open_stock, receive_stock
from members.models import Member
from points.models import Hold, Lot, Program
from tests.factories import NOW, give, make_member, make_outlet, make_program, make_unit
from units.models import BusinessUnit

_serial = count(1)


def make_reward(program: Program, *, provider: BusinessUnit | None = None, **fields) -> Reward:
    usual = {
        "code": f"REWARD{next(_serial)}",
        "name_zh": "保温杯",
        "name_en": "Flask",
        "price_points": 100,
        "starts_at": NOW - timedelta(days=1),
    }
    return Reward.objects.create(
        program=program, provider=provider or program.owner or make_unit(), **usual | fields
    )


def shelve(reward: Reward, pieces: int, outlet=None) -> Stock:
    stock = open_stock(reward=reward, outlet=outlet)
    if pieces:
        receive_stock(stock=stock, quantity=pieces, by="test", at=NOW)
    stock.refresh_from_db()
    return stock


class Shop:
    """A mall with a program, a desk, a reward of 100 points with some pieces, and a member with 1,000."""

    def __init__(self, pieces: int = 10, points: int = 1000, **fields):
        self.mall = make_unit()
        self.program = make_program(owner=self.mall)
        self.desk = make_outlet(self.mall)
        self.reward = make_reward(self.program, **fields)
        self.stock = shelve(self.reward, pieces, self.desk)
        self.member = self.customer(points)

    def customer(self, points: int = 1000) -> Member:
        member = make_member()
        if points:
            give(member, self.program, points)
        return member

    def order(self, member: Member | None = None, *, quantity: int = 1, at=NOW, ref: str = "", **told):
        return place_order(
            member=member or self.member,
            reward=Reward.objects.get(pk=self.reward.pk),
            quantity=quantity,
            order_ref=ref or f"order-{next(_serial)}",
            by="test",
            at=at,
            **{"outlet": None} | told,
        ).order

    def shelf(self) -> tuple[int, int]:
        """Pieces there, and of them reserved."""
        return Stock.objects.values_list("on_hand", "reserved").get(pk=self.stock.pk)


def held() -> int:
    return sum(Lot.objects.values_list("held", flat=True))


def hold_of(order: RewardOrder) -> Hold:
    return Hold.objects.get(pk=order.hold_id)


def acts_of(order: RewardOrder) -> list[str]:
    return list(order.events.order_by("number").values_list("kind", flat=True))
