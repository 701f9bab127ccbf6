"""How activities stand in messages: what a request says becomes a report, what was recorded is told."""

from decimal import Decimal
from typing import Any

from activities.api.lines import lines_shown, lines_told
from activities.models import Activity, ActivityLine
from activities.rules.reading import CHANNEL, ActivityReport, check_currency
from activities.services.reporting import Reported
from common import Money


def report_of(told: dict[str, Any], outlet_id: int | None) -> ActivityReport:
    """The report in a message.

    :raises ReportRefused: its amounts are in several currencies
    """
    amount: Money = told["amount"]
    paid: Money = told.get("paid_with_points") or Money(Decimal(0), amount.currency)
    check_currency(paid.currency, own=amount.currency)
    return ActivityReport(
        source_ref=told["source_ref"],
        kind=told["kind"],
        member_ref=None,
        outlet_id=outlet_id,
        occurred_at=told["occurred_at"],
        amount=amount.amount,
        currency=amount.currency,
        category=told.get("category", ""),
        quantity=told.get("quantity"),
        paid_with_points=paid.amount,
        period_starts_on=told.get("period_starts_on"),
        period_ends_on=told.get("period_ends_on"),
        attributes={CHANNEL: told["channel"]} if told.get("channel") else {},
        lines=lines_told(told.get("lines", ()), amount.currency),
    )


def activity_told(reported: Reported) -> dict[str, Any]:
    """What was recorded, as ActivityShape takes it."""
    return {**facts_of(reported.activity), "earned": reported.earned, "trace": reported.trace}


def facts_of(activity: Activity) -> dict[str, Any]:
    """The activity itself, without its points."""
    lines = ActivityLine.objects.filter(activity=activity).order_by("number") if activity.lines_sha256 else ()
    return {
        **{name: getattr(activity, name) for name in ("id", "source_ref", "kind", "member", "occurred_at")},
        **{name: getattr(activity, name) for name in ("period_starts_on", "period_ends_on")},
        "unit": activity.unit.code,
        "outlet": activity.outlet.code if activity.outlet else None,
        "amount": Money(activity.amount, activity.currency),
        "paid_with_points": Money(activity.paid_with_points, activity.currency),
        "refunded": Money(activity.refunded, activity.currency),
        "category": activity.category,
        "channel": activity.attributes.get(CHANNEL, ""),
        "quantity": activity.quantity,
        "lines": lines_shown(lines, activity.currency),
    }
