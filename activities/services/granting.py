"""Post the points of activities: an accrual for each lot, in as few round trips as there are programs."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from activities.rules.earn_facts import Parcel
from activities.rules.postings import Earned
from points.models import Program
from points.rules.expiry import ExpiryPolicy, expiry_instant
from points.services.accrual import Grant, accrue_many
from units.models import BusinessUnit


class Asked(NamedTuple):
    """Points of a parcel to be given to a member, for an activity at `unit` that happened at an instant."""

    unit: BusinessUnit
    parcel: Parcel
    points: int
    member_id: UUID
    occurred_at: datetime
    source_ref: str


def post(asked: Sequence[Asked], *, by: str, programs: Callable[[], Mapping[int, Program]]) -> list[Earned]:
    """Give all that is asked. One answer each, in order. `programs` tells every program by its row.

    :raises UnitNotActive, ProgramNotActive: one of them takes no part at present
    :raises DomainError: the ledger refuses one of them
    """
    groups: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for place, one in enumerate(asked):
        groups[one.parcel.program_id, one.unit.pk].append(place)
    known = programs() if groups else {}
    earned: dict[int, Earned] = {}
    for (program_id, _unit_id), places in sorted(groups.items()):
        program = known[program_id]
        grants = [_grant(asked[place], program) for place in places]
        outcomes = accrue_many(program=program, unit=asked[places[0]].unit, grants=grants, by=by)
        for place, grant, outcome in zip(places, grants, outcomes, strict=True):
            posted_id = outcome.or_refuse(source_ref=grant.source_ref).posted_id
            earned[place] = Earned(program.code, grant.points, posted_id)
    return [earned[place] for place in range(len(asked))]


def _grant(asked: Asked, program: Program) -> Grant:
    """Spendable after its pending days, living as its rule or the program says."""
    parcel, occurred_at = asked.parcel, asked.occurred_at
    available_at = expires_at = None
    if parcel.pending_days:
        available_at = occurred_at + timedelta(days=parcel.pending_days)
    if parcel.expires_after_days is not None:
        policy = ExpiryPolicy("days", parcel.expires_after_days, program.time_zone)
        expires_at = expiry_instant(policy, occurred_at)
    return Grant(
        asked.member_id, asked.points, asked.source_ref, occurred_at, parcel.rule, available_at, expires_at
    )
