"""Give points: what is given, by which unit, from when, until when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from common.errors import DomainError
from members.models import Member, MemberStatus
from members.selectors.merges import ever_one_with
from points import ledger
from points.models import Posting, PostingKind, Program
from points.refusals import MemberNotActive, ProgramNotActive, UnitNotActive
from points.rules.bounds import (
    refuse_dead_from_birth,
    refuse_odd_end,
    refuse_odd_instants,
    refuse_odd_points,
    refuse_odd_reference,
)
from points.rules.expiry import ExpiryPolicy, expiry_instant
from points.selectors.persons import posted_as
from units.models import BusinessUnit

_REUSED = "reference_reused"


@dataclass(frozen=True, slots=True)
class Grant:
    """Points for one member, earned at `occurred_at`, spendable from `available_at` (None: at once).

    They die at `expires_at`; None: when the program's policy says. Nothing renews a given instant.
    """

    member_id: UUID
    points: int
    source_ref: str
    occurred_at: datetime
    rule: str = ""
    available_at: datetime | None = None
    expires_at: datetime | None = None


def accrue_points(
    *,
    member: Member,
    program: Program,
    unit: BusinessUnit,
    points: int,
    source_ref: str,
    occurred_at: datetime,
    by: str,
    rule: str = "",
    available_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> Posting:
    """Give `points` of `program` to `member` for something at `unit`. Returns the posting.

    Safe to retry: the same `source_ref` of the unit with the same content returns the first posting.
    The lot expires by the program's policy, counted from `occurred_at`; where that rolls, the member's other
    points of the program live on with it. With `expires_at` it dies then: a present with an end of its own,
    which nothing renews and which renews nothing.

    :raises MemberNotActive: the member is frozen or closed
    :raises UnitNotActive: the unit takes no part at present
    :raises ProgramNotActive: the program issues no points at present
    :raises ReferenceReused: the reference stands for another member, program or number of points
    :raises PointsOutOfRange: not 1 to 10⁹ points
    :raises InstantOutOfRange: an instant that no books have, or points that nobody could ever spend
    :raises ReferenceMalformed: not 1 to 200 printable characters
    """
    refuse_odd_points(points)
    refuse_odd_reference(source_ref)
    try:
        if member.status != MemberStatus.ACTIVE:
            raise MemberNotActive(member=member.number, member_status=member.status)
        refuse_inactive(program=program, unit=unit)
    except DomainError:
        # As for a redemption: what was given before the member was frozen stays given, and a retry hears it.
        given = Posting.objects.filter(unit=unit, kind=PostingKind.ACCRUAL, source_ref=source_ref)
        mine = given.filter(member__in=ever_one_with(member.pk), program=program, points=points)
        earlier = mine.first()
        if earlier is None:
            raise
        return earlier
    grant = Grant(member.pk, points, source_ref, occurred_at, rule, available_at, expires_at)
    accrual = _accrual(grant, program, unit, policy_of(program))
    refuse_dead_from_birth(
        occurred_at=occurred_at, available_at=accrual.available_at, expires_at=accrual.expires_at
    )
    outcome = ledger.accrue(accrual, actor=by)
    if outcome.name == _REUSED:
        (outcome,) = _as_before([accrual], [outcome], unit=unit, by=by)
    outcome.or_refuse(source_ref=source_ref)
    return Posting.objects.get(pk=outcome.posted_id)


def accrue_many(
    *, program: Program, unit: BusinessUnit, grants: Sequence[Grant], by: str
) -> list[ledger.Outcome]:
    """Give many members points of one program in one round trip. One outcome a grant, in order.

    The caller has sorted out members that may not earn, and read the grants: one with an instant that no
    books have refuses them all. A grant that the ledger refuses leaves the others alone.

    :raises UnitNotActive: the unit takes no part at present
    :raises ProgramNotActive: the program issues no points at present
    :raises InstantOutOfRange: an instant that no books have
    :raises PointsOutOfRange: points that are no whole number
    """
    refuse_inactive(program=program, unit=unit)
    policy = policy_of(program)
    accruals = [_accrual(grant, program, unit, policy) for grant in grants]
    return _as_before(accruals, ledger.accrue_many(accruals, actor=by), unit=unit, by=by)


def refuse_inactive(*, program: Program, unit: BusinessUnit) -> None:
    """Let only active units and programs move points.

    :raises UnitNotActive: the unit takes no part at present
    :raises ProgramNotActive: the program issues no points at present
    """
    if not unit.is_active:
        raise UnitNotActive(_("%(unit)s is not active.") % {"unit": unit.code}, unit=unit.code)
    if not program.is_active:
        raise ProgramNotActive(
            _("%(program)s is not active.") % {"program": program.code}, program=program.code
        )


def policy_of(program: Program) -> ExpiryPolicy:
    """The program's expiry policy as the rules read it."""
    return ExpiryPolicy(program.expiry_kind, program.expiry_count, program.time_zone)


def _as_before(
    accruals: Sequence[ledger.Accrual], outcomes: Sequence[ledger.Outcome], *, unit: BusinessUnit, by: str
) -> list[ledger.Outcome]:
    """Ask again for what was given to the same person under another id, before a merge or while it stood."""
    reused = {
        accrual.source_ref: accrual.member_id
        for accrual, outcome in zip(accruals, outcomes, strict=True)
        if outcome.name == _REUSED
    }
    others = posted_as(kind=PostingKind.ACCRUAL, unit_id=unit.pk, members=reused) if reused else {}
    told = list(outcomes)
    for place, accrual in enumerate(accruals):
        if told[place].name == _REUSED and accrual.source_ref in others:
            was = others[accrual.source_ref]
            told[place] = ledger.accrue(replace(accrual, member_id=was), actor=by)
    return told


def _accrual(grant: Grant, program: Program, unit: BusinessUnit, policy: ExpiryPolicy) -> ledger.Accrual:
    refuse_odd_instants(occurred_at=grant.occurred_at, available_at=grant.available_at)
    refuse_odd_end(grant.expires_at)
    return ledger.Accrual(
        member_id=grant.member_id,
        program_id=program.pk,
        unit_id=unit.pk,
        points=grant.points,
        source_ref=grant.source_ref,
        occurred_at=grant.occurred_at,
        available_at=grant.available_at or grant.occurred_at,
        expires_at=grant.expires_at or expiry_instant(policy, grant.occurred_at),
        unit_cost=program.unit_cost,
        rule=grant.rule,
        rolls=policy.rolls and grant.expires_at is None,
    )
