"""How a reported daily total is read: all sales of a unit on one day."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from activities.rules.reading import (
    AHEAD_MAX,
    YEARS_BACK_MAX,
    ReportRefused,
    check_currency,
    read_money,
    years_before,
)

TOTAL_COLUMNS: Final = frozenset({"unit", "date", "amount", "currency", "orders"})
TOTAL_REQUIRED: Final = frozenset({"unit", "date", "amount"})
TOTAL_MAX: Final = Decimal(10**12)
ORDERS_MAX: Final = 10**9

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_COUNT = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class UnitHere:
    """A unit as totals are read by."""

    pk: int
    currency: str


@dataclass(frozen=True, slots=True)
class DailyReport:
    """A day's sales of one unit: the amount and the number of orders (None: the unit does not know)."""

    unit_id: int
    sold_on: date
    amount: Decimal
    currency: str
    orders: int | None

    @property
    def day(self) -> tuple[int, date, str]:
        """What there is one total of."""
        return self.unit_id, self.sold_on, self.currency


def read_daily_total(
    values: Mapping[str, str | None], *, units: Mapping[str, UnitHere], at: datetime
) -> DailyReport:
    """The total in a row of a file; empty cells are None, an empty currency is the unit's.

    :raises ReportRefused: names the first reason found
    """
    unit = units.get(values.get("unit") or "")
    if unit is None:
        raise ReportRefused("unknown_unit", _("There is no active business unit of this code."), field="unit")
    currency = values.get("currency") or unit.currency
    report = DailyReport(
        unit_id=unit.pk,
        sold_on=_day(values.get("date") or ""),
        amount=read_money(values.get("amount") or "", "amount", currency, amount_max=TOTAL_MAX),
        currency=currency,
        orders=_orders(values.get("orders")),
    )
    check_daily_total(report, currency=unit.currency, at=at)
    return report


def check_daily_total(report: DailyReport, *, currency: str, at: datetime) -> None:
    """What holds for a total by whichever door it came; `currency` is the unit's.

    :raises ReportRefused: names the first reason found
    """
    check_currency(report.currency, own=currency)
    if report.amount > TOTAL_MAX:
        raise ReportRefused(
            "too_large", _("The amount is above %(max)s.") % {"max": TOTAL_MAX}, field="amount"
        )
    if report.sold_on < years_before(at, YEARS_BACK_MAX).date():
        words = _("It happened more than %(years)s years ago.") % {"years": YEARS_BACK_MAX}
        raise ReportRefused("date_too_old", words, field="date")
    if report.sold_on > (at + AHEAD_MAX).date():
        raise ReportRefused("date_in_future", _("It lies more than a day ahead."), field="date")


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise ReportRefused("bad_date", _("This is not a date such as 2026-03-31."), field="date")
    return day


def _orders(text: str | None) -> int | None:
    if text is None:
        return None
    if not _COUNT.fullmatch(text) or int(text) > ORDERS_MAX:
        raise ReportRefused("bad_orders", _("The orders are a whole number, 0 or more."), field="orders")
    return int(text)
