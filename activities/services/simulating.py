"""What an activity would earn: any basket, member and date. Nothing is stored."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from json import loads
from uuid import UUID

from django.utils.translation import gettext as _

from activities.rules.earn_facts import Deed, Outcome, Person, TraceLine
from activities.rules.earn_plan import assess
from activities.rules.earn_trace import read_trace
from activities.rules.reading import ActivityReport, ReportRefused, check_report
from activities.selectors.credit_rules import CreditLine, credits_for
from activities.selectors.earn_rules import book_of, rules_by_id
from activities.selectors.people import People
from activities.selectors.places import limits_of
from activities.services.assessing import deed_reported
from activities.services.history import history_with
from activities.services.settling import judged
from common.input import POINTS_MAX
from members.models import Member
from units.models import BusinessUnit


@dataclass(frozen=True, slots=True)
class Simulated:
    """The lots that would be posted, every rule that was looked at, thousandths of tier credits by rule."""

    outcome: Outcome
    trace: tuple[TraceLine, ...]
    credits: tuple[tuple[CreditLine, int], ...] = ()


def simulate_activity(
    *,
    unit: BusinessUnit,
    report: ActivityReport,
    member: Member | None,
    at: datetime,
    segments: Collection[str] = (),
    as_if: Person | None = None,
) -> Simulated:
    """What `report` would earn if it were reported now: what is posted then, if nothing else happens.

    Without a member it is `as_if` somebody did it who has done nothing yet; without that, nobody.
    Its reference decides between activities of one instant that share a cap; it may be empty here.

    :raises ReportRefused: such a report would not be taken in; its code says why
    """
    named = report if report.source_ref else replace(report, source_ref="-")
    check_report(named, place=limits_of(unit, at=at))
    if not report.may_earn:
        words = _("A refund earns nothing: simulate the sale.")
        raise ReportRefused("unknown_kind", words, field="kind")
    book = book_of(unit)
    person = as_if
    if member is not None:
        people = People.asked_by(book, [member.pk], {member.pk: segments})
        person = people.person(member.pk, member.status, report.occurred_at)
    deed = deed_reported(report, person)
    outcome = assess(book, deed)
    if any(parcel.points > POINTS_MAX for parcel in outcome.parcels):
        words = _("It would earn more than %(max)s points.") % {"max": POINTS_MAX}
        raise ReportRefused("points_out_of_range", words, field="amount")
    if outcome.needs_history and member is not None:
        outcome = _among_others(unit, member.pk, report, deed)
    trace = loads(outcome.trace)
    counts = person is not None and person.status == "active"
    return Simulated(
        outcome,
        read_trace(trace, rules_by_id(rule_id for rule_id, *_rest in trace)),
        tuple(credits_for(unit, named)) if counts else (),
    )


def _among_others(unit: BusinessUnit, member_id: UUID, report: ActivityReport, deed: Deed) -> Outcome:
    history, imagined = history_with(unit=unit, member_id=member_id, deed=deed, source_ref=report.source_ref)
    return judged(history, is_imagined=True)[imagined]
