"""Rows of the shop as the messages of both surfaces tell them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from benefits.api.shop_shapes import (
    OrderShape,
    RewardShape,
    VerifiedVoucher,
    VoucherShape,
    VoucherUseShape,
    VoucherWithCode,
)
from benefits.models import Reward, RewardOrder, Voucher, VoucherBatch
from benefits.rules.voucher_codes import in_groups
from benefits.rules.voucher_worth import Worth
from benefits.selectors.rewards import Standing, left_in, why_not_for
from benefits.selectors.vouchers import state_at
from benefits.services.vouchers import VoucherUse
from common import Money

PICTURES = "/pictures/"


def picture_path(sha256: str | None) -> str | None:
    """Where a picture is served."""
    return None if sha256 is None else f"{PICTURES}{sha256}.webp"


def reward_told(reward: Reward, standing: Standing, at: datetime) -> Any:
    """A reward, and whether it is for this member."""
    why = why_not_for(reward, standing, at=at)
    shelves = [
        {
            "outlet": stock.outlet.code if stock.outlet else None,
            "name": stock.outlet.name if stock.outlet else None,
            "venue": stock.outlet.venue.code if stock.outlet else None,
            "unit": stock.outlet.unit.code if stock.outlet else reward.provider.code,
            "left": left_in(stock),
        }
        for stock in reward.stocks.all()
    ]
    told = {
        "code": reward.code,
        "kind": reward.kind,
        "name": reward.name,
        "terms": reward.terms,
        "picture": picture_path(reward.picture_id),
        "provider": reward.provider.code,
        "program": reward.program.code,
        "points": reward.price_points,
        "money": Money(reward.price_money, reward.currency),
        "pieces_an_order": reward.quantity_max,
        "ends_at": reward.ends_at,
        "stock": shelves,
        "is_for_me": why is None,
        "why_not": why,
    }
    return RewardShape(told).data


def order_told(order: RewardOrder) -> Any:
    """An order as it stands."""
    return OrderShape(_OrderWithMoney(order)).data


class _OrderWithMoney:
    """An order whose money is one value."""

    def __init__(self, order: RewardOrder) -> None:
        self._order = order
        self.price_money = Money(order.money, order.currency)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._order, name)


def voucher_told(voucher: Voucher, at: datetime) -> Any:
    """One of a member's, without its code."""
    return VoucherShape(_voucher_facts(voucher, at)).data


def voucher_with_code_told(voucher: Voucher, at: datetime) -> Any:
    """One of a member's, with its code."""
    units = voucher.batch.units.order_by("code").values_list("code", flat=True)
    facts = {"code": in_groups(voucher.code), "honoured_by": list(units)}
    return VoucherWithCode(_voucher_facts(voucher, at) | facts).data


def verified_told(voucher: Voucher, worth: Worth | None, at: datetime) -> Any:
    """A voucher as a till sees it, and what it takes off the sale that was told."""
    batch = voucher.batch
    facts = {
        "batch": batch.code,
        "issuer": batch.issuer.code,
        "locked_until": voucher.locked_until,
        "value": None if worth is None or worth.nothing else Money(worth.value, batch.currency),
        "why_nothing": None if worth is None else worth.nothing,
    }
    return VerifiedVoucher(_voucher_facts(voucher, at) | facts).data


def use_told(use: VoucherUse) -> Any:
    """A use, or what gave it back."""
    event = use.event
    assert event.unit is not None, "a use is somewhere"
    assert event.value is not None, "a use has its value"
    told = {
        "id": event.voucher_id,
        "status": "used" if event.kind == "used" else "issued",
        "unit": event.unit.code,
        "source_ref": event.source_ref,
        "value": Money(event.value, event.currency),
        "at": event.at,
    }
    return VoucherUseShape(told).data


def gives_told(batch: VoucherBatch) -> dict[str, Any]:
    """What a voucher of the batch gives."""
    return {
        "amount": _money(batch.amount, batch),
        "min_spend": Money(batch.min_spend, batch.currency),
        "percent_off": batch.percent,
        "at_most": _money(batch.ceiling, batch),
        "parking_minutes": batch.minutes,
    }


def _voucher_facts(voucher: Voucher, at: datetime) -> dict[str, Any]:
    batch = voucher.batch
    return {
        "id": voucher.pk,
        "kind": batch.kind,
        "status": state_at(voucher, at),
        "name": batch.name,
        "terms": batch.terms,
        "code_ends_in": voucher.tail,
        "gives": gives_told(batch),
        "valid_from": voucher.valid_from,
        "expires_at": voucher.expires_at,
    }


def _money(amount: Decimal | None, batch: VoucherBatch) -> Money | None:
    return None if amount is None else Money(amount, batch.currency)
