"""How a reported row becomes an activity report, or is refused by name. Nothing is silently changed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.rules.lines import LINES_MAX, LineReport
from common import CURRENCY_EXPONENTS
from common.errors import InvalidRequest

COLUMNS: Final = frozenset(
    {
        *("source_ref", "kind", "member_ref", "outlet", "occurred_at", "amount", "currency", "category"),
        *("quantity", "paid_with_points", "refund_of", "period_starts_on", "period_ends_on", "reason"),
    }
)
# Through which channel it came (app, shop, web), for the rules that ask: kept among the other columns.
CHANNEL: Final = "channel"
CHANNEL_CHARACTERS_MAX: Final = 40
REQUIRED_COLUMNS: Final = frozenset({"source_ref", "kind", "member_ref", "occurred_at", "amount"})
# What may earn. A refund takes back; a return without a receipt is kept for the totals alone.
KINDS: Final = frozenset({"purchase", "stay", "fee", "rent", "event", "check_in"})
TAKING: Final = frozenset({"refund", "return"})
# Who attended or checked in need not have paid; every other kind is about money.
_FREE = frozenset({"event", "check_in"})
PERIOD_DAYS_MAX: Final = 3_660
YEARS_BACK_MAX: Final = 10
AHEAD_MAX: Final = timedelta(days=1)
AMOUNT_MAX: Final = Decimal(1_000_000_000)
ATTRIBUTES_MAX: Final = 50

_AMOUNT = re.compile(r"(-?)((?:0|[1-9][0-9]*)(?:\.[0-9]+)?)", re.ASCII)
_DIGITS_MAX = 40
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.ASCII,
)
_NOTHING = Decimal("0.00")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class ReportRefused(InvalidRequest):
    """A report is not taken in. `code` is the reason, stable; `field` is the column at fault."""

    def __init__(self, code: str, message: str, *, field: str) -> None:
        super().__init__(message, field=field)
        self.code = code


class DuplicateReference(ReportRefused):
    """The reference already stands for an activity with other content."""

    status = 409
    title = gettext_lazy("This reference was already used for something else.")


@dataclass(frozen=True, slots=True)
class Place:
    """What a unit's reports are read by: its currency, outlets, time zones, and the instants taken in.

    `zones` has the venue's zone of each outlet; `zone` the unit's own, None where its venues differ.
    """

    currency: str
    outlets: Mapping[str, int]
    zones: Mapping[str, ZoneInfo]
    zone: ZoneInfo | None
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class ActivityReport:
    """An activity as its unit reported it. Who it was: `member_id` where that is known, else `member_ref`."""

    source_ref: str
    kind: str
    member_ref: str | None
    outlet_id: int | None
    occurred_at: datetime
    amount: Decimal
    currency: str
    category: str = ""
    quantity: Decimal | None = None
    paid_with_points: Decimal = _NOTHING
    attributes: Mapping[str, str] = field(default_factory=dict)
    member_id: UUID | None = None
    refund_of: str = ""
    # Of a refund: all that still stands of the sale, or of the lines that name no amount.
    is_whole: bool = False
    period_starts_on: date | None = None
    period_ends_on: date | None = None
    lines: tuple[LineReport, ...] = ()
    reason: str = ""

    @property
    def channel(self) -> str:
        """Through which channel it came; empty: nobody said."""
        return self.attributes.get(CHANNEL, "")

    @property
    def is_refund(self) -> bool:
        """Whether it takes back, wholly or partly, what `refund_of` earned."""
        return self.kind == "refund"

    @property
    def may_earn(self) -> bool:
        """Whether it is something that a member did, not something given back."""
        return self.kind in KINDS


def read_report(values: Mapping[str, str | None], *, place: Place) -> ActivityReport:
    """The report in a row of a file; empty cells are None.

    :raises ReportRefused: names the first reason found
    """
    kind = values.get("kind") or ""
    _check_kind(kind)
    currency = values.get("currency") or place.currency
    outlet = values.get("outlet")
    paid = values.get("paid_with_points")
    quantity = values.get("quantity")
    is_whole = kind == "refund" and values.get("amount") is None
    report = ActivityReport(
        source_ref=values.get("source_ref") or "",
        kind=kind,
        member_ref=values.get("member_ref"),
        outlet_id=None if outlet is None else _outlet(outlet, place),
        occurred_at=_instant(values.get("occurred_at") or "", outlet, place),
        amount=_NOTHING if is_whole else _amount(values.get("amount"), kind, currency),
        currency=currency,
        category=values.get("category") or "",
        quantity=None if quantity is None else read_quantity(quantity),
        paid_with_points=_NOTHING if paid is None else read_money(paid, "paid_with_points", currency),
        refund_of=values.get("refund_of") or "",
        is_whole=is_whole,
        period_starts_on=_day(values.get("period_starts_on"), "period_starts_on"),
        period_ends_on=_day(values.get("period_ends_on"), "period_ends_on"),
        reason=values.get("reason") or "",
        attributes={n: cell for n, cell in values.items() if cell is not None and n not in COLUMNS},
    )
    check_report(report, place=place)
    return report


def _amount(text: str | None, kind: str, currency: str) -> Decimal:
    if text is None and kind in _FREE:
        return _NOTHING
    return read_money(text or "", "amount", currency)


def check_report(report: ActivityReport, *, place: Place) -> None:
    """What holds for a report by whichever door it came.

    :raises ReportRefused: names the first reason found
    """
    _check_kind(report.kind)
    _check_refund(report)
    if not _is_plain(report.source_ref, 120):
        words = _("The reference must be 1 to 120 printable characters without a space at either end.")
        raise ReportRefused("bad_reference", words, field="source_ref")
    if report.category and not _is_plain(report.category, 80):
        raise ReportRefused(
            "bad_category", _("The category is too long or not plain text."), field="category"
        )
    if report.channel and not _is_plain(report.channel, CHANNEL_CHARACTERS_MAX):
        words = _("The channel is too long or not plain text.")
        raise ReportRefused("bad_channel", words, field="channel")
    if report.reason and not _is_plain(report.reason, 200):
        raise ReportRefused("bad_reason", _("The reason is too long or not plain text."), field="reason")
    check_currency(report.currency, own=place.currency)
    if report.amount > AMOUNT_MAX:
        words = _("The amount is above %(max)s.") % {"max": AMOUNT_MAX}
        raise ReportRefused("too_large", words, field="amount")
    _check_period(report)
    _check_lines(report)
    if report.paid_with_points > report.amount:
        words = _("More was paid with points than the amount.")
        raise ReportRefused("bad_paid_with_points", words, field="paid_with_points")
    if report.occurred_at < place.earliest:
        words = _("It happened more than %(years)s years ago.") % {"years": YEARS_BACK_MAX}
        raise ReportRefused("date_too_old", words, field="occurred_at")
    if report.occurred_at > place.latest:
        raise ReportRefused("date_in_future", _("It lies more than a day ahead."), field="occurred_at")
    if len(report.attributes) > ATTRIBUTES_MAX:
        words = _("There are more than %(max)s other columns.") % {"max": ATTRIBUTES_MAX}
        raise ReportRefused("too_many_attributes", words, field="attributes")


def read_money(text: str, name: str, currency: str, *, amount_max: Decimal = AMOUNT_MAX) -> Decimal:
    """The amount that `text` writes in plain ASCII digits, with at most the currency's decimals.

    :raises ReportRefused: bad_amount, negative_amount or too_large, of the column `name`
    """
    found = _AMOUNT.fullmatch(text) if len(text) <= _DIGITS_MAX else None
    if found is None:
        words = _("This is not an amount such as 1234.50 (ASCII digits, no separators).")
        raise ReportRefused("bad_amount", words, field=name)
    if found[1]:
        raise ReportRefused("negative_amount", _("The amount is negative."), field=name)
    amount = Decimal(text)
    if amount > amount_max:
        raise ReportRefused("too_large", _("The amount is above %(max)s.") % {"max": amount_max}, field=name)
    decimals = CURRENCY_EXPONENTS.get(currency, 2)
    if "." in text and len(text.rstrip("0").partition(".")[2]) > decimals:
        words = _("%(currency)s has %(decimals)s decimals.") % {
            "currency": currency[:10],
            "decimals": decimals,
        }
        raise ReportRefused("bad_amount", words, field=name)
    return amount


def read_quantity(text: str) -> Decimal:
    """A number of things, nights or kilograms.

    :raises ReportRefused: bad_quantity
    """
    found = _AMOUNT.fullmatch(text) if len(text) <= _DIGITS_MAX else None
    quantity = Decimal(text) if found else None
    if quantity is None or found is None or found[1] or quantity >= 10**9 or quantity != round(quantity, 3):
        words = _("The quantity must be a number such as 2 or 1.250, not negative, of at most 3 decimals.")
        raise ReportRefused("bad_quantity", words, field="quantity")
    return quantity


def check_currency(found: str, *, own: str) -> None:
    """A unit reports in its own currency.

    :raises ReportRefused: bad_currency or other_currency
    """
    if found != own:
        code = "other_currency" if found in CURRENCY_EXPONENTS else "bad_currency"
        words = _("The currency is %(found)s, the unit's is %(own)s.") % {"found": found[:10], "own": own}
        raise ReportRefused(code, words, field="currency")


def years_before(at: datetime, years: int) -> datetime:
    """The same day of the calendar `years` earlier; 29 February becomes the 28th."""
    day = 28 if (at.month, at.day) == (2, 29) else at.day
    return at.replace(year=at.year - years, day=day)


def _check_kind(kind: str) -> None:
    if kind not in KINDS and kind not in TAKING:
        kinds = ", ".join([*sorted(KINDS), *sorted(TAKING)])
        words = _("The kind must be one of %(kinds)s.") % {"kinds": kinds}
        raise ReportRefused("unknown_kind", words, field="kind")


def _check_refund(report: ActivityReport) -> None:
    if not report.is_refund and report.refund_of:
        words = _("Only a refund names what it refunds.")
        raise ReportRefused("unexpected_refund_of", words, field="refund_of")
    if report.is_refund and not _is_plain(report.refund_of, 120):
        words = _("A refund names the reference of the sale that it refunds.")
        raise ReportRefused("missing_refund_of", words, field="refund_of")
    if not report.may_earn and report.paid_with_points:
        words = _("A refund is one amount: what was paid with points is known from the sale.")
        raise ReportRefused("bad_paid_with_points", words, field="paid_with_points")


def _check_period(report: ActivityReport) -> None:
    """A stay's nights, a fee's or rent's months: half-open, from the first day to the day after the last.

    :raises ReportRefused: bad_period
    """
    first, end = report.period_starts_on, report.period_ends_on
    if first is None and end is None:
        return
    if first is None or end is None:
        words = _("A period has a first day and the day after its last.")
    elif end < first or (end == first and report.kind != "stay"):
        words = _("The period ends before it starts.")
    elif (end - first).days > PERIOD_DAYS_MAX:
        words = _("The period is longer than %(days)s days.") % {"days": PERIOD_DAYS_MAX}
    elif report.kind == "stay" and report.quantity is not None and report.quantity != (end - first).days:
        words = _("The nights of the stay are not those between arrival and departure.")
    else:
        return
    raise ReportRefused("bad_period", words, field="period_ends_on")


def _check_lines(report: ActivityReport) -> None:
    """Lines are numbered, plain, and add up to the amount.

    :raises ReportRefused: bad_lines or lines_do_not_add_up
    """
    lines = report.lines
    if not lines:
        return
    words = ""
    if len(lines) > LINES_MAX:
        words = _("There are more than %(max)s lines.") % {"max": LINES_MAX}
    elif len({line.number for line in lines}) != len(lines):
        words = _("Two lines have one number.")
    elif not all(1 <= line.number <= 32_767 for line in lines):
        words = _("Lines are numbered from 1.")
    elif any(text and not _is_plain(text, 80) for line in lines for text in (line.item, line.category)):
        words = _("An article or category is too long or not plain text.")
    elif any(line.amount is None for line in lines) and not report.is_refund:
        words = _("Every line has an amount.")
    if words:
        raise ReportRefused("bad_lines", words, field="lines")
    if not report.is_whole and sum(line.amount or _NOTHING for line in lines) != report.amount:
        words = _("The lines do not add up to the amount.")
        raise ReportRefused("lines_do_not_add_up", words, field="lines")


def _day(text: str | None, name: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError as odd:
        raise ReportRefused("bad_date", _("This is not a date such as 2026-03-31."), field=name) from odd


def _outlet(code: str, place: Place) -> int:
    if code not in place.outlets:
        raise ReportRefused("unknown_outlet", _("The unit has no outlet of this code."), field="outlet")
    return place.outlets[code]


def _instant(text: str, outlet: str | None, place: Place) -> datetime:
    """The instant in UTC. A local time is read in the zone of the outlet's venue, else in the unit's.

    Of a local time that comes twice (clocks set back) the first is meant; one that is skipped is no time.
    """
    found = _INSTANT.fullmatch(text)
    try:
        instant = datetime.fromisoformat(text) if found else None
    except ValueError:
        instant = None
    if instant is None:
        words = _("This is not a date and time such as 2026-03-31T08:00:00+08:00.")
        raise ReportRefused("bad_date", words, field="occurred_at")
    zone = instant.tzinfo or (place.zones.get(outlet) if outlet is not None else None) or place.zone
    if zone is None:
        words = _("The unit has several time zones: write the offset, or name the outlet.")
        raise ReportRefused("missing_offset", words, field="occurred_at")
    try:
        utc = instant.replace(tzinfo=zone).astimezone(UTC)
        is_skipped = instant.tzinfo is None and utc.astimezone(zone).replace(tzinfo=None) != instant
    except OverflowError as overflow:
        raise ReportRefused("bad_date", _("The year is out of range."), field="occurred_at") from overflow
    if is_skipped:
        raise ReportRefused("bad_date", _("The clock skipped this local time."), field="occurred_at")
    return utc


def _is_plain(text: str, length_max: int) -> bool:
    return 0 < len(text) <= length_max and text.isprintable() and text == text.strip()
