"""The admin's first page: what the group's membership comes to. Every figure leads to its rows."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from activities.models import Activity
from activities.selectors.active_members import active_members
from common import clock
from common.admin import Panel, list_address, page_link
from common.models import JobRun
from members.models import Member
from points.admin.journal import told_posting
from points.admin.moments import moment
from points.models import Lot, Posting, Program
from points.selectors.group_totals import ProgramTotals, program_totals

ACTIVE_WITHIN = timedelta(days=30)
POSTINGS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, how it is computed, and where its rows are."""

    name: str
    value: str
    formula: str
    address: str
    tone: str = ""


def add_figures(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard to the context of the admin's index. unfold calls it (loyalty/theme.py)."""
    at = clock.now()
    totals = program_totals()
    context["title"] = _("Overview")
    context["as_of"] = moment(at)
    # Operators see the figures of what they may look at.
    context["figures"] = [
        figure
        for permission, figure in (
            ("members.view_member", _members()),
            ("activities.view_activity", _active(at)),
            ("points.view_lot", _liability(totals)),
            ("common.view_jobrun", _audit()),
        )
        if request.user.has_perm(permission)
    ]
    panels = [
        panel
        for permission, panel in (
            ("points.view_program", _programs(totals)),
            ("points.view_posting", _latest()),
        )
        if request.user.has_perm(permission)
    ]
    context["panels"] = panels
    return context


def _members() -> Figure:
    return Figure(
        name=_("Members"),
        value=number_format(Member.objects.count(), force_grouping=True),
        formula=_("all members, whatever their status"),
        address=list_address(Member),
    )


def _active(at: Any) -> Figure:
    since = at - ACTIVE_WITHIN
    return Figure(
        name=_("Active in the last 30 days"),
        value=number_format(active_members(starts_at=since, ends_at=at), force_grouping=True),
        formula=_("members with at least one activity, refunds aside, since %(since)s")
        % {"since": moment(since)},
        address=list_address(Activity),
    )


def _liability(totals: list[ProgramTotals]) -> Figure:
    by_currency: dict[str, Any] = {}
    for total in totals:
        currency = total.program.currency
        by_currency[currency] = by_currency.get(currency, 0) + total.liability
    return Figure(
        name=_("Points liability"),
        value=" + ".join(
            f"{number_format(amount, 2, force_grouping=True)} {currency}"
            for currency, amount in sorted(by_currency.items())
        )
        or "0",
        formula=_("sum over open lots: remaining points × the cost each was given with"),
        address=list_address(Lot, is_open__exact=1),
    )


def _audit() -> Figure:
    run = JobRun.objects.filter(job="audit_ledger").order_by("-started_at", "-pk").first()
    name, address = _("Last audit of the ledger"), list_address(JobRun, job__exact="audit_ledger")
    if run is None:
        return Figure(name, _("none yet"), _("runs every night; manage.py audit_ledger runs it now"), address)
    if run.finished_at is None:
        return Figure(name, _("running"), _("started %(time)s") % {"time": moment(run.started_at)}, address)
    outcome = run.outcome or {}
    facts = _("%(postings)s postings re-proved, %(time)s") % {
        "postings": number_format(outcome.get("postings", 0), force_grouping=True),
        "time": moment(run.finished_at),
    }
    if outcome.get("clean"):
        return Figure(name, _("The books balance"), facts, address, tone="good")
    return Figure(name, _("Disagreements found"), facts, address, tone="bad")


def _programs(totals: list[ProgramTotals]) -> Panel:
    return Panel(
        title=_("Points by program"),
        headers=[
            _("program"),
            _("points issued"),
            _("redeemed"),
            _("expired"),
            _("exchanged"),
            _("adjusted"),
            _("outstanding"),
            _("liability"),
        ],
        rows=[
            (
                page_link(Program, total.program.pk, total.program),
                *(
                    number_format(points, force_grouping=True)
                    for points in (
                        total.issued,
                        total.redeemed,
                        total.expired,
                        total.exchanged,
                        total.adjusted,
                        total.outstanding,
                    )
                ),
                f"{number_format(total.liability, 2, force_grouping=True)} {total.program.currency}",
            )
            for total in totals
        ],
        note=_("outstanding = issued − redeemed − expired + exchanged + adjusted"),
        more=list_address(Program),
        right=frozenset({1, 2, 3, 4, 5, 6, 7}),
    )


def _latest() -> Panel:
    postings = Posting.objects.select_related("member", "unit", "program").order_by("-id")[:POSTINGS_SHOWN]
    return Panel(
        title=_("Latest postings"),
        headers=[_("posted"), _("posting"), _("member"), _("business unit"), _("points"), _("by")],
        rows=[
            (
                moment(posting.posted_at),
                page_link(Posting, posting.pk, told_posting(posting)),
                page_link(Member, posting.member_id, posting.member.number),
                posting.unit,
                f"{number_format(posting.points, force_grouping=True)} {posting.program.code}",
                posting.actor,
            )
            for posting in postings
        ],
        note=_("As posted; newest first."),
        more=list_address(Posting),
        right=frozenset({4}),
    )
