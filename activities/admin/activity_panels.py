"""What an activity's page shows below it: its lines, its refunds, and what it meant for points."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from activities.models import Activity, ActivityLine, EarnRule
from activities.rules.earn_facts import TraceLine
from activities.rules.reading import TAKING
from activities.rules.trace_words import points_told
from activities.selectors.activity_points import points_moved_by
from activities.selectors.traces import stood_before, trace_of
from common.admin import Panel, page_link
from points.admin.moments import moment
from points.models import Posting
from points.selectors.explaining.words import rule_told

REFUNDS_SHOWN = 50


def lines_panel(activity: Activity) -> Panel | None:
    """The articles or positions, where there are any."""
    if not activity.lines_sha256:
        return None
    lines = ActivityLine.objects.filter(activity=activity).order_by("number")
    return Panel(
        title=_("Lines"),
        headers=[_("line"), _("article"), _("category"), _("quantity"), _("amount"), _("refunded")],
        rows=[
            (
                line.number,
                line.item or "—",
                line.category or "—",
                "—" if line.quantity is None else number_format(line.quantity.normalize()),
                _money(line.amount),
                _money(line.refunded),
            )
            for line in lines
        ],
        right=frozenset({3, 4, 5}),
    )


def refunds_panel(activity: Activity) -> Panel | None:
    """What was given back of it, in order."""
    refunds = Activity.objects.filter(unit=activity.unit_id, kind="refund", refund_of=activity.source_ref)
    rows = list(refunds.order_by("occurred_at", "id")[:REFUNDS_SHOWN])
    if not rows:
        return None
    moved = points_moved_by(rows)
    return Panel(
        title=_("Refunds"),
        headers=[
            _("happened"),
            _("source reference"),
            _("amount"),
            _("points"),
            _("reason"),
            _("reported by"),
        ],
        rows=[
            (
                moment(row.occurred_at),
                page_link(Activity, row.pk, row.source_ref),
                _money(row.amount),
                f"{sum(one.points for one in moved.get(row.pk, ())):,}",
                row.reason or "—",
                row.reported_by or "—",
            )
            for row in rows
        ],
        note=_("A line takes back what it earned, an amount its share of all; together to the point."),
        right=frozenset({2, 3}),
    )


def trace_panels(activity: Activity) -> list[Panel]:
    """Each rule that was looked at, as the activity stands now and as it stood before others changed it."""
    if activity.kind in TAKING:
        return []
    panels = [
        trace_panel(
            _("Each rule that was looked at"),
            trace_of(activity),
            note=_("Before rounding. The sum rounds down once; caps cut last.")
            if activity.member_id
            else _("What the rules say of a sale that is nobody's."),
        )
    ]
    for until, parcels, trace in reversed(stood_before(activity)):
        given = ", ".join(f"{program} {points:,}" for program, points in parcels.items()) or "0"
        panels.append(
            trace_panel(
                _("What stood until %(until)s: %(points)s") % {"until": moment(until), "points": given},
                trace,
                note=_("Then a refund, or another activity that shares its caps, came to be known."),
            )
        )
    return panels


def trace_panel(title: str, trace: Sequence[TraceLine], *, note: str) -> Panel:
    """A line a rule: its version, whether it was taken, why, and what it gave."""
    return Panel(
        title=title,
        headers=[_("program"), _("rule and version"), _("taken"), _("why"), _("points")],
        rows=[
            (
                line.program,
                page_link(EarnRule, line.rule_id, line.rule.removeprefix("earn:")),
                _("yes") if line.is_taken else _("no"),
                line.words,
                points_told(line.exact) or "—",
            )
            for line in trace
        ],
        note=note,
        right=frozenset({4}),
    )


def points_panel(activity: Activity) -> Panel:
    """Each posting that it caused."""
    return Panel(
        title=_("Points"),
        headers=[_("program"), _("points"), _("rule and version"), _("posting")],
        rows=[
            (
                one.program,
                f"{one.points:+,}",
                rule_told(one.rule) or "—",
                page_link(Posting, one.posting_id, str(one.posting_id)[-8:]),
            )
            for one in points_moved_by([activity]).get(activity.pk, ())
        ],
        note="" if activity.member_id else _("Anonymous: it earns nothing until a member claims it."),
        right=frozenset({1}),
    )


def _money(amount: Decimal) -> str:
    return number_format(amount, 2, force_grouping=True)
