"""What a voucher takes off a sale, and why it takes nothing."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum


class NoWorth(StrEnum):
    """Why a voucher gives nothing for a sale."""

    SALE_UNTOLD = "sale_untold"
    OTHER_CURRENCY = "other_currency"
    BELOW_MINIMUM = "below_minimum"
    NOTHING_TO_PAY = "nothing_to_pay"
    VALUE_UNTOLD = "value_untold"


@dataclass(frozen=True, slots=True)
class VoucherTerms:
    """What a voucher gives, in money of `currency` with `decimals` decimals. `kind`: as its batch says it."""

    kind: str
    currency: str
    decimals: int
    amount: Decimal | None = None
    min_spend: Decimal = Decimal(0)
    percent: int | None = None
    ceiling: Decimal | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Worth:
    """How much money a voucher is worth for one sale, or why nothing (`value` is zero then)."""

    value: Decimal
    nothing: NoWorth | None = None


def worth(  # noqa: PLR0911 -- a line for each reason and each kind
    terms: VoucherTerms, *, sale: Decimal | None, currency: str | None, told: Decimal | None = None
) -> Worth:
    """What `terms` are worth for a sale of `sale` (before this voucher, `currency`).

    Cash off takes its amount, no more than the sale. A percentage is rounded half up to the smallest coin,
    then cut at its ceiling. An item is worth what its batch says. Parking time is worth the fee that it
    spared: the car park tells it (`told`), and a ceiling cuts it. Below the minimum spend nothing gives
    anything.
    """
    if currency is not None and currency != terms.currency:
        return Worth(Decimal(0), NoWorth.OTHER_CURRENCY)
    if terms.min_spend > 0 and sale is None:
        return Worth(Decimal(0), NoWorth.SALE_UNTOLD)
    if sale is not None and sale < terms.min_spend:
        return Worth(Decimal(0), NoWorth.BELOW_MINIMUM)
    if terms.kind == "item":
        assert terms.amount is not None, "an item has its value"
        return Worth(terms.amount)
    if terms.kind == "parking_hours":
        if told is None:
            return Worth(Decimal(0), NoWorth.VALUE_UNTOLD)
        return Worth(_cut(told, terms.ceiling))
    if sale is None:
        return Worth(Decimal(0), NoWorth.SALE_UNTOLD)
    if sale <= 0:
        return Worth(Decimal(0), NoWorth.NOTHING_TO_PAY)
    if terms.kind == "cash_off":
        assert terms.amount is not None, "cash off has its amount"
        return Worth(min(terms.amount, sale))
    assert terms.percent is not None, "a percentage has its number"
    coin = Decimal(1).scaleb(-terms.decimals)
    off = (sale * terms.percent / 100).quantize(coin, rounding=ROUND_HALF_UP)
    return Worth(min(_cut(off, terms.ceiling), sale))


def _cut(value: Decimal, ceiling: Decimal | None) -> Decimal:
    return value if ceiling is None else min(value, ceiling)
