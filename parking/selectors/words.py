"""What a fee and a plan say, line by line, in the reader's language. The lines add up, to the cent."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common import Money
from parking.models import OrderPart, ParkingOrder, PartKind
from parking.rules.fees import FeeLine, money
from parking.rules.offers import Source
from parking.rules.rate_lines import clock_time
from parking.selectors.fees import Due
from parking.selectors.plans import Decided


@dataclass(frozen=True, slots=True)
class Said:
    """A line in words and its amount; of a part that pays, what it is and what of it is used."""

    words: str
    money: Money
    kind: str = ""
    minutes: int = 0
    points: int = 0


def fee_lines(due: Due) -> list[Said]:
    """What the fee of the whole stay is made of."""
    currency = due.session.car_park.unit.currency
    if due.session.entered_at is None:
        words = _("No entry is on record: the fixed fee")
        return [Said(words, Money(money(due.fee_cents), currency))] if due.fee_cents else []
    if due.curve is None:
        return []
    return [
        Said(told_fee_line(line), Money(money(line.cents), currency)) for line in due.curve.lines(due.minutes)
    ]


def told_fee_line(line: FeeLine) -> str:
    """Blocks of a rate on a day, or what the cap of the day takes off."""
    day = date_format(line.day, "Y-m-d")
    if line.rate is None:
        return _("%(day)s: no more than the daily cap") % {"day": day}
    return _("%(day)s, %(from)s–%(to)s: %(count)s × %(block)s min at %(price)s") % {
        "day": day,
        "from": clock_time(line.rate.starts),
        "to": clock_time(line.rate.ends),
        "count": line.count,
        "block": line.rate.block,
        "price": money(line.rate.cents),
    }


def plan_lines(now: Decided) -> list[Said]:
    """How what is due would be paid."""
    currency = now.due.session.car_park.unit.currency
    sources = now.offered.sources
    names = {right.key: (right.name_zh, right.name_en) for right in sources.rights}
    names |= {voucher.key: (voucher.name_zh, voucher.name_en) for voucher in sources.vouchers}
    return [
        Said(
            _words(line.source, *names.get(line.key, ("", "")), minutes=line.minutes, points=line.points),
            Money(money(line.cents), currency),
            line.source.value,
            line.minutes,
            line.points,
        )
        for line in now.plan.lines
    ]


def order_lines(order: ParkingOrder) -> list[Said]:
    """How an order was paid."""
    parts: list[OrderPart] = sorted(order.parts.all(), key=lambda part: part.place)
    return [
        Said(
            _words(part.kind, part.name_zh, part.name_en, minutes=part.minutes, points=part.points),
            Money(part.amount, order.currency),
            part.kind,
            part.minutes,
            part.points,
        )
        for part in parts
    ]


def why_open(now: Decided, *, has_order: bool) -> str:
    """Why a gate may open, in a sentence."""
    if has_order:
        return _("Paid.")
    if now.due.leave_before is not None:
        return _("Paid; to leave before %(time)s.") % {"time": _moment(now.due.leave_before)}
    return _("Nothing is due.")


def told_minutes(minutes: int) -> str:
    """150 minutes are 2 h 30 min."""
    hours, rest = divmod(minutes, 60)
    if hours and rest:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}
    return _("%(hours)s h") % {"hours": hours} if hours else _("%(minutes)s min") % {"minutes": rest}


def _words(  # noqa: PLR0911 -- a line for each kind
    kind: str, name_zh: str, name_en: str, *, minutes: int, points: int
) -> str:
    name = name_zh if (translation.get_language() or "zh").startswith("zh") else name_en
    free = told_minutes(minutes)
    match kind:
        case Source.PASS | PartKind.PASS:
            return _("Monthly pass")
        case Source.RIGHT | PartKind.RIGHT:
            return _("%(time)s free: %(name)s") % {"time": free, "name": name}
        case Source.RECEIPT | PartKind.RECEIPT:
            return _("%(time)s free by a receipt of the day") % {"time": free}
        case Source.VOUCHER_HOURS | PartKind.VOUCHER_HOURS:
            return _("%(time)s by voucher: %(name)s") % {"time": free, "name": name}
        case Source.VOUCHER_CASH | PartKind.VOUCHER_CASH:
            return _("Voucher: %(name)s") % {"name": name}
        case Source.POINTS | PartKind.POINTS:
            return ngettext("%(points)s point", "%(points)s points", points) % {"points": f"{points:,}"}
        case _:
            return _("Money")


def _moment(instant: datetime) -> str:
    return date_format(timezone.localtime(instant), "H:i")
