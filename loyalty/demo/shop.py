"""The demo's shop: rewards on shelves, voucher batches, rights given and used; made up, and said to be so.

Whoever opens the screens of benefits finds each state of an order, of a voucher and of a right at least once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.contrib.auth.models import User

from benefits.models import (
    Benefit,
    GrantCause,
    Reward,
    RewardKind,
    RewardOrder,
    Stock,
    Voucher,
    VoucherBatch,
    VoucherKind,
)
from benefits.selectors.places import Spot
from benefits.services.granting_by_hand import Wish, request_grant
from benefits.services.grants import GrantTerms, grant_right, withdraw_grant
from benefits.services.reward_orders import cancel_order, fulfil_order, place_order
from benefits.services.reward_refunds import refund_order
from benefits.services.stock import count_stock, open_stock, receive_stock
from benefits.services.usages import restore_usage, use_right
from benefits.services.voucher_batches import (
    BatchTerms,
    issue_voucher_to,
    issue_vouchers,
    make_batch,
    void_voucher,
)
from benefits.services.vouchers import lock_voucher, restore_voucher, use_voucher
from common import Money
from loyalty.demo.offices import PROPOSER
from members.models import Member, ResidencyRole, Tier
from points.models import Lot, Program
from units.models import BusinessUnit, Outlet

BY: Final = "demo"
MADE_UP_ZH: Final = "演示内容，由演示程序编写。"
MADE_UP_EN: Final = "Made up for the demonstration."
# So much is left to whoever orders that every order of the story can be paid.
POINTS_ENOUGH: Final = 2_000
CUSTOMERS: Final = 12
_LOOKBACK: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch, who pays for it and who takes it."""

    code: str
    issuer: str
    honoured_by: tuple[str, ...]
    name_zh: str
    name_en: str
    terms: Mapping[str, Any]


_BATCHES: Final = (
    _Batch(
        "MALL-50", "MALL", ("MALL", "HOTEL"), "满 300 减 50", "¥50 off ¥300",
        {
            "kind": VoucherKind.CASH_OFF, "amount": Decimal(50), "min_spend": Decimal(300), "issued_max": 500,
            "member_max": 2, "is_offline": True,
        },
    ),
    _Batch(
        "HOTEL-15", "HOTEL", ("HOTEL",), "酒店餐饮八五折", "15% off hotel dining",
        {"kind": VoucherKind.PERCENT_OFF, "percent": 15, "ceiling": Decimal(200), "issued_max": 300},
    ),
    _Batch(
        "COFFEE", "MALL", ("MALL", "OFFICE"), "美式咖啡一杯", "A cup of coffee",
        {"kind": VoucherKind.ITEM, "amount": Decimal(18), "issued_max": 1_000, "valid_days": 30},
    ),
    _Batch(
        "PARK-2H", "MALL", ("MALL", "OFFICE", "HOTEL"), "停车两小时", "Two hours of parking",
        {"kind": VoucherKind.PARKING_HOURS, "minutes": 120, "issued_max": 2_000, "receipt_max": 2},
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Reward:
    """A reward in the points of its provider, and how many pieces lie at which desks."""

    code: str
    provider: str
    name_zh: str
    name_en: str
    points: int
    cost: str
    shelves: tuple[tuple[str, int], ...]
    more: Mapping[str, Any]


_REWARDS: Final = (
    _Reward("UMBRELLA", "MALL", "晴雨伞", "Umbrella", 600, "28", (("PLAZA-DESK", 40), ("LAKE-DESK", 8)), {}),
    _Reward(
        "FLASK", "MALL", "保温杯", "Flask", 500, "35", (("PLAZA-DESK", 12), ("NORTH-DESK", 0)),
        {"limit_member": 2, "limit_period": "month", "quantity_max": 2},
    ),
    _Reward("COFFEE", "MALL", "咖啡券", "Coffee voucher", 300, "18", (("", 200),), {"batch": "COFFEE"}),
    _Reward(
        "WEEKEND", "HOTEL", "湖畔周末一晚", "A weekend night at the lake", 3_000, "420", (("LAKE-DESK", 6),),
        {"price_money": Decimal(299), "tiers": ("GOLD", "PLATINUM", "BLACK"), "limit_total": 20},
    ),
    _Reward(
        "CLEANING", "HOMES", "深度保洁两小时", "Two hours of cleaning", 800, "120",
        (("NORTH-DESK", 15), ("SOUTH-DESK", 15)), {"roles": [ResidencyRole.OWNER, ResidencyRole.TENANT]},
    ),
    _Reward(
        "ROOM-DAY", "OFFICE", "会议室一天", "A meeting room for a day", 2_000, "300", (("TOWER-DESK", 5),),
        {"roles": [ResidencyRole.OFFICE_OCCUPANT]},
    ),
)  # fmt: skip


def open_shop(units: Mapping[str, BusinessUnit], *, since: datetime) -> int:
    """Batches and catalogue, in force since `since`; what is there stays. How many rewards are new."""
    batches = {one.code: _planned(one, units, since) for one in _BATCHES}
    tiers = {tier.code: tier for tier in Tier.objects.all()}
    known = set(Reward.objects.values_list("code", flat=True))
    fresh = [one for one in _REWARDS if one.code not in known]
    for one in fresh:
        _shelved(one, units, batches, tiers, since)
    return len(fresh)


def shop_days(units: Mapping[str, BusinessUnit], *, at: datetime) -> dict[str, int]:
    """What members ordered, were given and used within two days before `at`, in the order of time."""
    mall = units["MALL"]
    customers = _customers(mall, at)
    orders = [order for customer in customers for order in _orders_of(customer, at)]
    _end_some(orders, at=at)
    used = _vouchers(mall, customers, at=at)
    usages = _rights(units, customers, at=at)
    return {
        "orders": len(orders),
        "vouchers": Voucher.objects.count(),
        "used": used,
        "usages": usages,
    }


def _planned(one: _Batch, units: Mapping[str, BusinessUnit], since: datetime) -> VoucherBatch:
    there = VoucherBatch.objects.filter(code=one.code).first()
    if there is not None:
        return there
    terms = BatchTerms(
        code=one.code,
        name_zh=one.name_zh,
        name_en=one.name_en,
        terms_zh=MADE_UP_ZH,
        terms_en=MADE_UP_EN,
        starts_at=since,
        ends_at=since + timedelta(days=180),
        **one.terms,
    )
    takers = [units[code] for code in one.honoured_by]
    return make_batch(issuer=units[one.issuer], units=takers, terms=terms, by=BY, at=since)


def _shelved(
    one: _Reward,
    units: Mapping[str, BusinessUnit],
    batches: Mapping[str, VoucherBatch],
    tiers: Mapping[str, Tier],
    since: datetime,
) -> None:
    more = dict(one.more)
    batch, levels = more.pop("batch", None), more.pop("tiers", ())
    reward = Reward.objects.create(
        code=one.code,
        provider=units[one.provider],
        kind=RewardKind.ITEM if batch is None else RewardKind.VOUCHER,
        batch=None if batch is None else batches[batch],
        name_zh=one.name_zh,
        name_en=one.name_en,
        terms_zh=MADE_UP_ZH,
        terms_en=MADE_UP_EN,
        program=Program.objects.get(code=one.provider),
        price_points=one.points,
        cost=Decimal(one.cost),
        starts_at=since,
        **more,
    )
    reward.tiers.set(tiers[code] for code in levels)
    for code, pieces in one.shelves:
        outlet = Outlet.objects.get(code=code) if code else None
        stock = open_stock(reward=reward, outlet=outlet)
        if pieces:
            receive_stock(stock=stock, quantity=pieces, by=BY, at=since, reason="demo")


def _customers(mall: BusinessUnit, at: datetime) -> list[Member]:
    """Some who have points of the mall to spend for a while yet; in every telling the same, by their card."""
    lots = Lot.objects.filter(
        program__code=mall.code, is_open=True, available_at__lte=at - _LOOKBACK, expires_at__gt=at
    )
    left: dict[Any, int] = {}
    for member_id, remaining, held in lots.values_list("member_id", "remaining", "held"):
        left[member_id] = left.get(member_id, 0) + remaining - held
    rich = [member_id for member_id, points in left.items() if points >= POINTS_ENOUGH]
    found = Member.objects.filter(pk__in=rich, enrolments__unit=mall, merged_into=None)
    return list(found.order_by("enrolments__legacy_card", "pk").distinct()[:CUSTOMERS])


def _orders_of(member: Member, at: datetime) -> Iterator[RewardOrder]:
    desk = Outlet.objects.get(code="PLAZA-DESK")
    for number, (code, outlet) in enumerate((("UMBRELLA", desk), ("COFFEE", None))):
        yield place_order(
            member=member,
            reward=Reward.objects.select_related("program", "provider", "batch").get(code=code),
            outlet=outlet,
            quantity=1,
            order_ref=f"demo-{code}",
            by=f"member:{member.number}",
            at=at - _LOOKBACK + timedelta(hours=number),
        ).order


def _end_some(orders: list[RewardOrder], *, at: datetime) -> None:
    """Of the goods: some handed over (one of them brought back), some given up, the rest wait."""
    goods = [order for order in orders if order.reward.kind == RewardKind.ITEM]
    when = at - timedelta(hours=20)
    for number, order in enumerate(goods):
        if number % 3 == 0:
            fulfil_order(order_id=order.pk, units=[order.unit], by=BY, at=when)
        elif number % 3 == 1:
            cancel_order(order_id=order.pk, by=f"member:{order.member.number}", at=when)
        if number == 0:
            refund_order(
                order_id=order.pk, units=None, is_returned=True, reason="换货 · exchanged", by=BY, at=at
            )
    for stock in Stock.objects.filter(reward__code="FLASK", on_hand__gt=0):
        count_stock(stock=stock, counted=stock.on_hand - 1, by=BY, at=at, reason="一只破损 · one is broken")


def _vouchers(mall: BusinessUnit, customers: list[Member], *, at: datetime) -> int:
    """Given to customers and used by some; and a roll of codes for whoever prints them. How many are used."""
    codes = [one.code for one in _BATCHES]
    batches = {batch.code: batch for batch in VoucherBatch.objects.filter(code__in=codes)}
    if not Voucher.objects.filter(batch=batches["MALL-50"], member=None).exists():
        issue_vouchers(batch=batches["MALL-50"], quantity=40, by=BY, at=at)
    given_at, used = at - timedelta(hours=30), 0
    desk = Outlet.objects.get(code="PLAZA-DESK")
    for number, member in enumerate(customers):
        told: dict[str, Any] = {"by": BY, "at": given_at, "cause": f"demo:{number}"}
        cash = issue_voucher_to(member=member, batch=batches["MALL-50"], **told)
        issue_voucher_to(member=member, batch=batches["PARK-2H"], **told)
        dining = issue_voucher_to(member=member, batch=batches["HOTEL-15"], **told)
        sale: dict[str, Any] = {"unit": mall, "source_ref": f"DEMO-SALE-{number}", "by": BY}
        if number % 3 == 0:
            bill = Money(Decimal("388.00"), "CNY")
            use_voucher(voucher_id=cash.pk, sale=bill, outlet=desk, at=at - timedelta(hours=10), **sale)
            used += 1
        elif number % 3 == 1:
            lock_voucher(voucher_id=cash.pk, at=at, **sale)
        if number == 3:
            restore_voucher(voucher_id=cash.pk, at=at, reason="退货 · returned", **sale)
            used -= 1
        if number == 2:
            void_voucher(voucher_id=dining.pk, by=BY, at=at, reason="发错 · given by mistake")
    return used


def _rights(units: Mapping[str, BusinessUnit], customers: list[Member], *, at: datetime) -> int:
    """Meeting hours that customers bought and used in part; a wish that waits for a second person."""
    tower = units["OFFICE"]
    benefit = Benefit.objects.select_related("kind").get(code="TOWER-MEETING")
    spot = Spot(tower, None, Outlet.objects.get(code="TOWER-DESK"))
    bought, ends = at - timedelta(hours=40), at + timedelta(days=90)
    usages = 0
    for number, member in enumerate(customers):
        grant = grant_right(
            member_id=member.pk,
            benefit=benefit,
            terms=GrantTerms(amount=Decimal(240), starts_at=bought, ends_at=ends),
            cause=GrantCause.PURCHASE,
            unit=tower,
            source_ref=f"DEMO-MEETING-{number}",
            by=BY,
            at=bought,
        ).grant
        if number % 4 == 3:
            withdraw_grant(grant=grant, reason="退款 · refunded", by=BY, at=at)
            continue
        used = use_right(
            right_id=grant.pk,
            member_id=member.pk,
            amount=Decimal(60),
            spot=spot,
            source_ref=f"DEMO-ROOM-{number}",
            by=BY,
            at=at - timedelta(hours=24),
        ).entry
        usages += 1
        if number == 2:
            restore_usage(usage_id=used.pk, source_ref="DEMO-ROOM-BACK", by=BY, at=at, reason="refund")
    if customers:
        _wish(customers[0], benefit, tower, ends=ends, at=at)
    return usages


def _wish(member: Member, benefit: Benefit, unit: BusinessUnit, *, ends: datetime, at: datetime) -> None:
    asker = User.objects.get(username=PROPOSER)
    if not asker.has_perm("benefits.can_ask_grant"):
        return
    wish = Wish(
        member=member,
        benefit=benefit,
        unit=unit,
        amount=Decimal(960),
        ends_at=ends,
        reason="补偿：会议室空调故障 · The air conditioning failed",
    )
    request_grant(wish=wish, by=asker, at=at)
