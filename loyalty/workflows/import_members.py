"""Take in a unit's legacy members and the points it owes them: enrol, then post the opening balances."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from activities.services.tier_assessing import assess_members
from common.bulk import BulkError, BulkTask, Outcome, Reject, Row, Stopwatch
from common.errors import NotFound
from members.models import MemberStatus
from members.services import linking
from members.services.importing import Arrival, MemberRow, enrol_rows, read_member_row
from members.vault import blind_index
from points.models import Program
from points.refusals import BY_OUTCOME
from points.rules.expiry import start_of_day
from points.services.accrual import Grant, accrue_many
from units.models import BusinessUnit
from units.selectors.units import unit_by_code

OPENING_RULE = "opening balance"


def import_members_task(
    *,
    unit_code: str,
    program_code: str | None,
    by: str,
    at: datetime,
    time_zone: str,
    is_generated: bool = False,
) -> BulkTask[MemberRow]:
    """What to do with the rows of a member list of the unit; `is_generated` marks people made for a demo.

    Opening balances are points of `program_code`, by default of the only active program that the unit owns.
    Each posts once, as opening_ref says (`opening:<member id>` where there is no card), good through the
    row's `points_expire_on`, else by the program's policy from `at`.

    :raises BulkError: there is no such unit or program
    """
    unit = _unit(unit_code)
    program = _program(unit, program_code)
    zone = ZoneInfo(time_zone)
    matcher = linking.matcher()

    def record(rows: Sequence[tuple[Row, MemberRow]], watch: Stopwatch) -> Outcome:
        with watch("enrol"):
            arrivals, rejects = enrol_rows(
                unit=unit, rows=rows, by=by, at=at, is_generated=is_generated, matcher=matcher
            )
        with watch("tiers"):
            # What the unit's own ladder called them may hold them up on the group's, from today on.
            hinted = [arrival.member_id for arrival in arrivals if arrival.told.candidate.tier_hint]
            assess_members(member_ids=hinted, by=by, at=at)
        with watch("opening balances"):
            refused = _post_openings(unit, program, arrivals, by=by, at=at)
        counts = Counter(str(arrival.ending) for arrival in arrivals if arrival.row.number not in refused)
        return Outcome(counts, [*rejects, *refused.values()])

    return BulkTask(
        kind="members",
        unit_code=unit.code,
        required=frozenset(),
        read=lambda row: read_member_row(row, zone=zone, at=at),
        record=record,
    )


def opening_ref(card: str) -> str:
    """What the opening balance of `card` posts as: the journal forgets nothing, so it names no card."""
    return f"opening:{blind_index('opening', card)[:16].hex()}"


def _post_openings(
    unit: BusinessUnit, program: Program | None, arrivals: Sequence[Arrival], *, by: str, at: datetime
) -> dict[int, Reject]:
    """Post what the rows bring in points. The refused, by row number: their people are enrolled anyway."""
    refused: dict[int, Reject] = {}
    asked: list[Arrival] = []
    for arrival in arrivals:
        if not arrival.told.points_balance:
            continue
        if program is None:
            refused[arrival.row.number] = arrival.row.refused(
                "no_program", _("The unit owns no single active points program: name one with --program.")
            )
        elif arrival.status != MemberStatus.ACTIVE:
            refused[arrival.row.number] = arrival.row.refused(
                "member_not_active", _("points_balance: this member is frozen or closed.")
            )
        else:
            asked.append(arrival)
    if program is None or not asked:
        return refused
    outcomes = accrue_many(
        program=program, unit=unit, grants=[_opening(program, arrival, at) for arrival in asked], by=by
    )
    for arrival, outcome in zip(asked, outcomes, strict=True):
        if outcome.name in BY_OUTCOME:
            refused[arrival.row.number] = arrival.row.refused(
                outcome.name, f"points_balance: {BY_OUTCOME[outcome.name].title}"
            )
    return refused


def _opening(program: Program, arrival: Arrival, at: datetime) -> Grant:
    card, last_day = arrival.told.candidate.legacy_card, arrival.told.points_expire_on
    zone = ZoneInfo(program.time_zone)
    return Grant(
        member_id=arrival.member_id,
        points=arrival.told.points_balance,
        source_ref=f"opening:{arrival.member_id}" if card is None else opening_ref(card),
        occurred_at=at,
        rule=OPENING_RULE,
        expires_at=None if last_day is None else start_of_day(last_day + timedelta(days=1), zone),
    )


def _unit(code: str) -> BusinessUnit:
    try:
        unit = unit_by_code(code)
    except NotFound as refusal:
        raise BulkError(_("There is no business unit %(code)s.") % {"code": code}) from refusal
    if not unit.is_active:
        raise BulkError(_("The business unit %(code)s is not active.") % {"code": code})
    return unit


def _program(unit: BusinessUnit, code: str | None) -> Program | None:
    if code is None:
        mine = list(Program.objects.filter(owner=unit, is_active=True)[:2])
        return mine[0] if len(mine) == 1 else None
    program = Program.objects.filter(code=code, is_active=True).first()
    if program is None:
        raise BulkError(_("There is no active points program %(code)s.") % {"code": code})
    return program
